//! Closing what others sent. To close a descriptor can take for ever: a file of a file system in user space, a TCP socket that
//! lingers. So it is not done where somebody waits for an answer.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;

use nix::sys::signal::{SigSet, SigmaskHow};
use rustix::io::{fcntl_dupfd_cloexec, ioctl_fionread};
use rustix::net::{Shutdown, shutdown};

/// Closes descriptors on a thread of their own. (Where none can be had, here.)
pub(crate) fn close_apart(descriptors: Vec<OwnedFd>) {
    if !descriptors.is_empty() {
        let _ = start_thread("slocket-close", move || drop(descriptors));
    }
}

/// Lets nothing more arrive on a connection that is about to be closed. If something has arrived that is not read, it is given
/// up apart: it may contain descriptors.
pub(crate) fn give_up_unread(connection: BorrowedFd<'_>) {
    let _ = shutdown(connection, Shutdown::Both);
    close_unread_apart(connection);
}

/// Has what has arrived on a connection, and is not read, closed apart, once the connection is closed here.
pub(crate) fn close_unread_apart(connection: BorrowedFd<'_>) {
    if ioctl_fionread(connection).is_ok_and(|bytes| bytes > 0)
        && let Ok(copy) = fcntl_dupfd_cloexec(connection.as_fd(), 0)
    {
        close_apart(vec![copy]);
    }
}

/// Starts a thread that takes no signals: which threads of the process do is the user's business.
pub(crate) fn start_thread(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let started = thread::Builder::new().name(name.to_owned()).spawn(body);
    before.thread_set_mask()?;
    started.map(drop)
}
