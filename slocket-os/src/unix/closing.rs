//! Closing what others sent. Closing a descriptor can take forever: a file of a file system in user space, a TCP socket that
//! lingers. So it is never done where a caller waits for an answer.

use std::io;
use std::thread;

use nix::sys::signal::{SigSet, SigmaskHow};

/// Closes a value on a separate thread, or here if no thread is available.
pub(crate) fn close_apart(what: impl Send + 'static) {
    let _ = start_thread("slocket-close", move || drop(what));
}

/// Starts a thread that takes no signals: which threads of the process do is the user's business.
pub(crate) fn start_thread(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    without_signals(|| thread::Builder::new().name(name.to_owned()).spawn(body))?.map(drop)
}

/// Calls `body` while the calling thread takes no signals. The threads that it starts take none for good.
pub(crate) fn without_signals<T>(body: impl FnOnce() -> T) -> io::Result<T> {
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let value = body();
    before.thread_set_mask()?;
    Ok(value)
}
