//! One trial at a time.

use std::fs::File;

use rustix::fs::{FlockOperation, flock};

/// Keeps every other trial waiting until it is dropped, so that trials do not disturb each other's figures.
#[derive(Debug)]
#[must_use]
pub struct Alone(#[allow(dead_code)] File);

/// Waits until no other trial of this user runs, in this process or in another.
///
/// # Panics
/// If the file in the temporary folder that carries the lock cannot be used.
pub fn alone() -> Alone {
    let path = std::env::temp_dir().join(format!("slocket-trials-{}.alone", rustix::process::getuid().as_raw()));
    let file = File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    rustix::io::retry_on_intr(|| flock(&file, FlockOperation::LockExclusive)).expect("flock");
    Alone(file)
}
