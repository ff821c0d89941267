//! What other systems than Linux have in place of the modules of the same names: no lock is a socket there, and each is a locked file.

pub(crate) mod abstract_name;
pub(crate) mod file_watch;
pub(crate) mod flocks;
pub(crate) mod keeper;
pub(crate) mod kernel;
pub(crate) mod random;
pub(crate) mod reserve;
pub(crate) mod retention;
pub(crate) mod sharers;
pub(crate) mod socket_participant;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;
