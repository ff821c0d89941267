//! What tells a live socket from a dead one: no socket is a lock.

use slocket_core::Probe;

use crate::process::Process;

pub(crate) fn known(_device: u64) -> Option<Probe> {
    None
}

pub(crate) fn known_anywhere(_: Process) -> Option<Probe> {
    None
}
