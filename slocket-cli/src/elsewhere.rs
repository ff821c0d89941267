//! What other systems than Linux have in place of the modules of the same names: each lock is a locked file, and the kernel tells neither
//! which processes wait nor which have shares.

pub(crate) mod entries;
pub(crate) mod first;
pub(crate) mod free;
pub(crate) mod interrupt;
pub(crate) mod look;
pub(crate) mod shares;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;
