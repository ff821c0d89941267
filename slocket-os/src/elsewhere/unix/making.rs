//! The sockets that a thread is making: none.

pub(crate) fn inherit() -> Option<u32> {
    None
}
