//! One descriptor that the process keeps in reserve, so that a holder can still accept the next when they have run out.

use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use rustix::event::{EventfdFlags, eventfd};

static RESERVE: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// Makes sure that there is a descriptor in reserve, if one is to be had.
pub(crate) fn keep() {
    let mut reserve = RESERVE.lock().unwrap_or_else(PoisonError::into_inner);
    if reserve.is_none() {
        *reserve = eventfd(0, EventfdFlags::CLOEXEC).ok();
    }
}

/// Frees the descriptor in reserve.
pub(crate) fn spend() {
    RESERVE.lock().unwrap_or_else(PoisonError::into_inner).take();
}
