//! A descriptor that carries a lock, or a place in a queue. A forked child has a copy, and closes it.
//!
//! A copy that stays open does harm: its socket lives on when all who use it are dead, and the child itself would wait at it.
//! Nobody else in the child can close it: it may be in the hands of a thread that there is not. So each is listed, and the
//! child closes all that its parent had, before it uses any lock itself.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Weak};
use std::{fmt, mem};

use nix::sys::socket::{UnixAddr, getsockname};
use rustix::net::SocketAddrUnix;

use crate::process::{Inherit, PerProcess, Process};

/// All that this process has open, those that are closed by now among them.
static OPEN: PerProcess<Open> = PerProcess::new();

/// A socket. It is closed once in each process that has a copy: when it is dropped, or before.
pub(crate) struct Descriptor {
    /// Taken when it is dropped.
    socket: Option<OwnedFd>,
    entry: Arc<Entry>,
}

/// What can be done without the socket at hand.
struct Entry {
    /// Its number; [`CLOSED`], if the copy that this process had is closed.
    number: AtomicI32,
    /// The address that it is bound to, by which it is known: a number may be another file's by now.
    address: SocketAddrUnix,
}

const CLOSED: RawFd = -1;

impl Descriptor {
    /// A socket that is bound to `address`. A child may not close it before it is [listed](Self::list).
    pub(crate) fn new(socket: OwnedFd, address: SocketAddrUnix) -> Self {
        let entry = Entry { number: AtomicI32::new(socket.as_raw_fd()), address };
        Self { socket: Some(socket), entry: Arc::new(entry) }
    }

    /// Has each child that this process forks from here on close its copy.
    pub(crate) fn list(&self, here: Process) {
        OPEN.lock(here).add(&self.entry);
    }

    /// Lets each child that this process forks from here on keep its copy.
    pub(crate) fn unlist(&mut self) {
        let Entry { number, address } = &*self.entry;
        let entry = Entry { number: AtomicI32::new(number.load(Ordering::Relaxed)), address: address.clone() };
        self.entry = Arc::new(entry);
    }

    /// The address that it is bound to.
    pub(crate) fn address(&self) -> &SocketAddrUnix {
        &self.entry.address
    }

    /// Whether it is open. (If not, this process is a fork, and has closed its copy.)
    pub(crate) fn is_open(&self) -> bool {
        self.entry.number.load(Ordering::Acquire) != CLOSED
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Some(socket) if self.is_open() => socket.as_fd(),
            _ => panic!("this process is a fork and has closed its copy: the lock is its parent's"),
        }
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        let Some(socket) = self.socket.take() else { return };
        if self.entry.number.swap(CLOSED, Ordering::AcqRel) == CLOSED {
            // This process is a fork, and the number is another file's by now.
            mem::forget(socket);
        }
    }
}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Descriptor").field(&self.entry.number).finish()
    }
}

impl Entry {
    /// Closes the copy that this process has of a descriptor of its parent's.
    fn close_copy(&self) {
        let number = self.number.swap(CLOSED, Ordering::AcqRel);
        if number != CLOSED && self.is_at(number) {
            let _ = nix::unistd::close(number);
        }
    }

    /// Whether the file of that number is this socket still. (A daemon that closes all that it does not know does not tell us.)
    fn is_at(&self, number: RawFd) -> bool {
        let Ok(found) = getsockname::<UnixAddr>(number) else { return false };
        let path = found.path().map(|path| path.as_os_str().as_bytes());
        path == self.address.path_bytes() && found.as_abstract() == self.address.abstract_name()
    }
}

/// Closes all copies of what a parent of this process had open, if this process is a fork that has not done so yet.
pub(crate) fn close_copies(here: Process) {
    OPEN.enter(here);
}

struct Open {
    entries: Vec<Weak<Entry>>,
    /// How many there may be until those that are closed are forgotten.
    most: usize,
}

impl Open {
    const FEW: usize = 32;

    fn add(&mut self, entry: &Arc<Entry>) {
        if self.entries.len() >= self.most {
            self.entries.retain(|entry| entry.strong_count() > 0);
            self.most = Self::FEW.max(2 * self.entries.len());
        }
        self.entries.push(Arc::downgrade(entry));
    }
}

impl Inherit for Open {
    const NEW: Self = Self { entries: Vec::new(), most: Self::FEW };

    fn inherit(&mut self) {
        for entry in mem::take(&mut self.entries) {
            if let Some(entry) = entry.upgrade() {
                entry.close_copy();
            }
        }
    }
}
