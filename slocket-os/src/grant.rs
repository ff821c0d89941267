//! What a request ends with, when its turn has come.

/// What a [`Session`](crate::Session) or a [`Request`](crate::Request) is for: a [`Guard`](crate::Guard), a
/// [`SharedGuard`](crate::SharedGuard) or a [`Permit`](crate::Permit).
pub trait Grant: sealed::Sealed + std::fmt::Debug + Send + Sync + 'static {}

pub(crate) mod sealed {
    use crate::local::Lock;

    /// Sealed: only this crate implements it.
    pub trait Sealed: Sized {
        /// Makes it.
        fn granted(granted: Granted) -> Self;
    }

    /// What it is made of.
    pub struct Granted {
        /// The lock, or the share.
        pub(crate) lock: Lock,
        /// The number of a slot.
        pub(crate) slot: Option<u16>,
    }
}
