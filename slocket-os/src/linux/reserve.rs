//! One descriptor that the process keeps in reserve, so that a holder can still accept the next when they have run out.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{EventfdFlags, eventfd};

use crate::process::{Inherit, PerProcess, Process};

static RESERVE: PerProcess<Reserve> = PerProcess::new();

/// Whether there is one, for callers that need not lock the reserve to see that.
static IS_KEPT: AtomicBool = AtomicBool::new(false);

struct Reserve(Option<OwnedFd>);

impl Inherit for Reserve {
    const NEW: Self = Self(None);

    /// The copy does as well.
    fn inherit(&mut self) {}
}

/// Makes sure that there is a descriptor in reserve, if one is available.
#[inline]
pub(crate) fn keep(here: Process) {
    if !IS_KEPT.load(Ordering::Acquire) {
        renew(here);
    }
}

#[cold]
fn renew(here: Process) {
    let mut reserve = RESERVE.lock(here);
    if reserve.0.is_none() {
        reserve.0 = descriptor().ok();
    }
    IS_KEPT.store(reserve.0.is_some(), Ordering::Release);
}

/// Frees the descriptor in reserve.
pub(crate) fn spend() {
    let mut reserve = RESERVE.lock(Process::current());
    IS_KEPT.store(false, Ordering::Release);
    reserve.0.take();
}

/// A descriptor that is of no use but to be closed. (A copy of a socket would keep that alive in a forked child.)
pub(crate) fn descriptor() -> rustix::io::Result<OwnedFd> {
    eventfd(0, EventfdFlags::CLOEXEC)
}
