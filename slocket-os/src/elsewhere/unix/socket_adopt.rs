//! Adopting a lock that is a socket: there is none.

use std::os::fd::OwnedFd;

use crate::error::{Error, What};
use crate::guard::Guard;
use crate::lock::Lock;
use crate::process::Process;

pub(crate) fn adopt_socket(lock: &Lock, _: OwnedFd, _: Process) -> Result<Guard, Error> {
    Err(lock.site().failed(What::NotTheLock))
}

/// What is being done when a descriptor is adopted.
pub(crate) const ADOPT: &str = "adopt the descriptor";
