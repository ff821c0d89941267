//! Threads, and the signals that they take.

use std::io;
use std::thread::{Builder, JoinHandle};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

/// Starts a thread that takes no signals: neither is one of its messages a reason to stop in the background of a terminal
/// (SIGTTOU), nor does it end the tool by a signal that is meant for the command.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let started = Builder::new().name(name.to_owned()).spawn(body);
    before.thread_set_mask()?;
    started
}

/// Calls `write`, which writes to a terminal: a process in its background is not stopped by that (SIGTTOU).
pub(crate) fn in_background(write: impl FnOnce()) {
    let before = SigSet::from(Signal::SIGTTOU).thread_swap_mask(SigmaskHow::SIG_BLOCK);
    write();
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
}
