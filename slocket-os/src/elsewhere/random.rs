//! Random numbers, of which only pauses are made: the standard library's hasher is random enough.

use std::hash::{BuildHasher, RandomState};
use std::process;
use std::time::Instant;

use crate::process::Process;
use crate::sys::io::Result;

/// 64 random bits. (A forked child has the same hasher as its parent.)
pub(crate) fn random(_: Process) -> Result<u64> {
    Ok(RandomState::new().hash_one((process::id(), Instant::now())))
}
