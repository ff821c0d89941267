//! Closing what others sent. To close a descriptor can take for ever: a file of a file system in user space, a TCP socket that
//! lingers. So it is not done where somebody waits for an answer.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use nix::sys::signal::{SigSet, SigmaskHow};
use rustix::io::ioctl_fionread;
use rustix::net::{Shutdown, shutdown};

/// Closes descriptors on a thread of their own. (Where none can be had, here.)
pub(crate) fn close_apart(descriptors: Vec<OwnedFd>) {
    if !descriptors.is_empty() {
        drop_apart(descriptors);
    }
}

fn drop_apart(what: impl Send + 'static) {
    let _ = start_thread("slocket-close", move || drop(what));
}

/// Lets nothing more arrive on a connection, and closes it. To close it alone is not enough: a process that was forked
/// meanwhile has a copy, and the peer would see no end while that lives.
pub(crate) fn end(connection: impl AsFd + Send + 'static) {
    let _ = shutdown(&connection, Shutdown::Both);
    close(connection);
}

/// Closes a connection; apart, if something has arrived that is not read: it may contain descriptors. (The connection itself is
/// moved there. Whoever closes the last copy of it closes those.)
pub(crate) fn close(connection: impl AsFd + Send + 'static) {
    if ioctl_fionread(&connection).is_ok_and(|bytes| bytes > 0) {
        drop_apart(connection);
    }
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
