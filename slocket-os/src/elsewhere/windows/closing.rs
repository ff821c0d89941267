//! Threads of the library.

use std::io;
use std::thread;

/// Starts a thread.
pub(crate) fn start_thread(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(body).map(drop)
}

/// Calls `body`: there are no signals.
#[allow(clippy::unnecessary_wraps, reason = "other systems mask signals")]
pub(crate) fn without_signals<T>(body: impl FnOnce() -> T) -> io::Result<T> {
    Ok(body())
}
