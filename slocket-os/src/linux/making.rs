//! The sockets that a thread is making: from socket(2) to bind(2) nothing about one says that it is a lock's.
//!
//! So they are counted. A child that is forked meanwhile finds the count in its copy of the memory: where it is zero, no unbound
//! socket is one of ours. (A child's descriptors are copied before its memory. A socket that was finished in between is
//! bound, or closed.)

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// How many there are, in the lower half; and how often this process was forked and began again, in the upper.
static MAKING: AtomicU64 = AtomicU64::new(0);

/// The process that makes them, by its id.
static MAKER: AtomicU32 = AtomicU32::new(0);

const FORK: u64 = 1 << 32;

/// A socket that is about to be made, or made and not bound. Dropped when it is bound or closed.
#[derive(Debug)]
pub(crate) struct Making {
    forks: u64,
}

impl Making {
    /// Must be called before the socket is made.
    pub(crate) fn begin() -> Self {
        Self { forks: MAKING.fetch_add(1, Ordering::AcqRel) / FORK }
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        // What a parent began is not counted here.
        let less = |making: u64| (making / FORK == self.forks).then(|| making - 1);
        let _ = MAKING.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
    }
}

/// Begins again in this process. Returns the id of the process that it was forked from, if that was making any.
pub(crate) fn inherit() -> Option<u32> {
    let maker = MAKER.swap(std::process::id(), Ordering::AcqRel);
    let begin = |making: u64| Some((making / FORK + 1) * FORK);
    let making = MAKING.fetch_update(Ordering::AcqRel, Ordering::Acquire, begin).unwrap_or_default();
    let count = making % FORK;
    (count > 0).then_some(maker)
}
