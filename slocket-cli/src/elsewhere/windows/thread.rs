//! Threads.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Starts a thread.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    Builder::new().name(name.to_owned()).spawn(body)
}

/// Calls `write`, which writes to a terminal.
pub(crate) fn in_background(write: impl FnOnce()) {
    write();
}
