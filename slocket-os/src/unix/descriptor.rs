//! A descriptor that carries a lock, a share of one, or a place in a queue. A forked child has a copy, and closes it.
//!
//! A copy that stays open does harm: its socket, or its share, lives on when all its users are dead, and the child itself would
//! wait at it.
//! No other code of the child can close it: it may belong to a thread that does not exist there. So each is listed, and the
//! child closes all that its parent had, before it uses any lock itself.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::{fmt, mem};

use rustix::net::SocketAddrUnix;
use slocket_core::Inode;

use crate::copies::{self, Unbound};
use crate::making;
use crate::process::{Inherit, PerProcess, Process};
use crate::site::Site;
use crate::weak_list::WeakList;

/// All that this process has open, those that are closed by now among them.
static OPEN: PerProcess<Open> = PerProcess::new();

/// Whether this process, or one that it was forked from, has ever listed anything: a process that begins a list then is a fork.
static USED: AtomicBool = AtomicBool::new(false);

/// How often it was forked, and looked for copies. What an earlier era made is closed.
static ERA: AtomicU32 = AtomicU32::new(0);

/// How many are not listed any more, and are to be kept.
static KEPT: AtomicUsize = AtomicUsize::new(0);

/// Whether the program was ever shown one: it may have a duplicate, which only the program may close.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Whether this process is a fork with copies that its parent had not bound yet.
static LOOKS_AGAIN: AtomicBool = AtomicBool::new(false);

/// A file. It is closed once in each process that has a copy: when it is dropped, or before.
pub(crate) struct Descriptor {
    /// Taken when it is dropped.
    file: Option<File>,
    entry: Arc<Entry>,
    /// The era that it is of, or [`ANY`].
    era: u32,
    /// The process that has the entry in its list.
    lister: Option<Process>,
}

/// The era of one that each fork is to keep.
const ANY: u32 = u32::MAX;

enum File {
    Socket(OwnedFd),
    /// The entry has it, too: by its number alone, no safe function tells its inode.
    Other(Arc<OwnedFd>),
}

/// What can be done without the file at hand.
struct Entry {
    /// Its number; [`CLOSED`], if the copy that this process had is closed.
    number: AtomicI32,
    known_by: KnownBy,
}

/// By what a file is known: a number may be another file's by now.
#[derive(Clone)]
enum KnownBy {
    /// A socket, by the address that it is bound to.
    Address(Arc<SocketAddrUnix>),
    /// A FIFO or a lock file, by itself, until it is dropped.
    Inode(Inode, Weak<OwnedFd>),
}

const CLOSED: RawFd = -1;

impl Descriptor {
    /// A socket that is bound to that address. A child may not close it before it is [listed](Self::list).
    #[inline]
    pub(crate) fn socket(socket: OwnedFd, address: Arc<SocketAddrUnix>) -> Self {
        Self::new(File::Socket(socket), KnownBy::Address(address))
    }

    /// The FIFO or the lock file of that inode. A child may not close it before it is [listed](Self::list).
    pub(crate) fn file(file: OwnedFd, inode: Inode) -> Self {
        let file = Arc::new(file);
        let known_by = KnownBy::Inode(inode, Arc::downgrade(&file));
        Self::new(File::Other(file), known_by)
    }

    #[inline]
    fn new(file: File, known_by: KnownBy) -> Self {
        let number = AtomicI32::new(file.as_fd().as_raw_fd());
        let era = ERA.load(Ordering::Acquire);
        Self { file: Some(file), entry: Arc::new(Entry { number, known_by }), era, lister: None }
    }

    /// Has each child that this process forks from here on close its copy.
    #[inline]
    pub(crate) fn list(&mut self, here: Process) {
        if self.era == ANY {
            self.era = ERA.load(Ordering::Acquire);
            KEPT.fetch_sub(1, Ordering::AcqRel);
        }
        OPEN.lock(here).entries.add(&self.entry);
        self.lister = Some(here);
    }

    /// Whether, once it is closed, a socket that is bound to that address can be [opened](Self::open_again) as this one.
    pub(crate) fn is_for(&self, bound_to: &Arc<SocketAddrUnix>, here: Process) -> bool {
        self.lister == Some(here) && self.address().is_some_and(|address| Arc::ptr_eq(address, bound_to))
    }

    /// Makes it that socket. It is listed already, which takes as long as all else that is done for an uncontended lock in this crate.
    #[inline]
    pub(crate) fn open_again(&mut self, socket: OwnedFd) {
        self.era = ERA.load(Ordering::Acquire);
        self.entry.number.store(socket.as_raw_fd(), Ordering::Release);
        self.file = Some(File::Socket(socket));
    }

    /// Lets each child that this process forks from here on keep its copy.
    pub(crate) fn unlist(&mut self) {
        KEPT.fetch_add(1, Ordering::AcqRel);
        (self.era, self.lister) = (ANY, None);
        let Entry { number, known_by } = &*self.entry;
        let number = AtomicI32::new(number.load(Ordering::Relaxed));
        self.entry = Arc::new(Entry { number, known_by: known_by.clone() });
    }

    /// The file, to make a call about it.
    pub(crate) fn borrowed(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }

    /// The address that it is bound to, if it is a socket.
    pub(crate) fn address(&self) -> Option<&Arc<SocketAddrUnix>> {
        match &self.entry.known_by {
            KnownBy::Address(address) => Some(address),
            KnownBy::Inode(..) => None,
        }
    }

    /// Whether it is open. (If not, this process is a fork, and has closed its copy.)
    pub(crate) fn is_open(&self) -> bool {
        self.entry.number.load(Ordering::Acquire) != CLOSED && self.is_of_this_era()
    }

    fn is_of_this_era(&self) -> bool {
        self.era == ANY || self.era == ERA.load(Ordering::Acquire)
    }

    /// Closes it.
    #[inline]
    pub(crate) fn close(&mut self) {
        let Some(file) = self.file.take() else { return };
        let is_of_this_era = self.is_of_this_era();
        if self.entry.number.swap(CLOSED, Ordering::AcqRel) == CLOSED || !is_of_this_era {
            // This process is a fork, and the number is another file's by now.
            mem::forget(file);
        } else if self.era == ANY {
            drop(file);
            KEPT.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Socket(file) => file.as_fd(),
            Self::Other(file) => file.as_fd(),
        }
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.file {
            Some(file) if self.is_open() => file.as_fd(),
            _ => panic!("this process is a fork and has closed its copy: the lock is its parent's"),
        }
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        self.close();
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

    /// Whether the file of that number is this one still. (A daemon that closes all that it does not know does not tell us.)
    fn is_at(&self, number: RawFd) -> bool {
        match &self.known_by {
            KnownBy::Address(address) => copies::is_bound_to(number, address),
            // (It takes no `/proc`.)
            KnownBy::Inode(inode, file) => {
                file.upgrade().is_some_and(|file| copies::inode(file.as_fd()) == Some(*inode))
            }
        }
    }
}

/// Closes all copies of what a parent of this process had open, if this process is a fork that has not done so yet.
#[inline]
pub(crate) fn close_copies(here: Process) {
    OPEN.enter(here);
    if LOOKS_AGAIN.load(Ordering::Acquire) {
        OPEN.lock(here).look_again(here);
    }
}

/// Notes that the program is shown a descriptor, and may duplicate it.
pub(crate) fn note_shown() {
    SHOWN.store(true, Ordering::Release);
}

struct Open {
    entries: WeakList<Entry>,
    /// What a parent of this process had made and not bound.
    unbound: Vec<Unbound>,
    /// The parent that was making it, by its id.
    maker: Option<u32>,
}

impl Open {
    /// Closes what the parent has bound by now.
    fn look_again(&mut self, here: Process) {
        copies::close_bound(&mut self.unbound, &Site::all(here), self.maker);
        LOOKS_AGAIN.store(!self.unbound.is_empty(), Ordering::Release);
    }
}

impl Inherit for Open {
    const NEW: Self = Self { entries: WeakList::NEW, unbound: Vec::new(), maker: None };

    fn inherit(&mut self) {
        for entry in self.entries.alive() {
            entry.close_copy();
        }
        *self = Self::NEW;
        if !USED.swap(true, Ordering::AcqRel) {
            making::inherit();
        // (What is to be kept, or is a duplicate of the program's, cannot be told from the rest.)
        } else if KEPT.load(Ordering::Acquire) == 0 && !SHOWN.load(Ordering::Acquire) {
            // All that is dropped from here on is closed already, even if the list was not available.
            ERA.fetch_add(1, Ordering::AcqRel);
            let (sites, maker) = (Site::all(Process::current()), making::inherit());
            self.unbound = copies::close_all(&sites);
            if maker.is_some() || LOOKS_AGAIN.load(Ordering::Acquire) {
                self.maker = maker;
                copies::await_bound(&mut self.unbound, &sites, maker);
            } else {
                // All that are ours were bound.
                self.unbound.clear();
            }
        }
        LOOKS_AGAIN.store(!self.unbound.is_empty(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use rustix::net::{AddressFamily, SocketType, bind, socket};

    use super::*;

    fn address() -> Arc<SocketAddrUnix> {
        let name = format!("slocket-descriptor-{}", std::process::id());
        Arc::new(SocketAddrUnix::new_abstract_name(name.as_bytes()).unwrap())
    }

    fn bound_to(address: &SocketAddrUnix) -> OwnedFd {
        let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        bind(&socket, address).unwrap();
        socket
    }

    /// The number of what a child that is forked now would close of that address, and would find there.
    fn listed(address: &Arc<SocketAddrUnix>, here: Process) -> Option<RawFd> {
        let is_it =
            |entry: &Arc<Entry>| matches!(&entry.known_by, KnownBy::Address(other) if Arc::ptr_eq(other, address));
        let entries: Vec<_> = OPEN.lock(here).entries.alive().filter(is_it).collect();
        let number = |entry: &Arc<Entry>| entry.number.load(Ordering::Acquire);
        entries.iter().filter(|entry| entry.is_at(number(entry))).map(number).next()
    }

    /// Otherwise a child would keep it, where it does not look for what is not listed.
    #[test]
    fn a_descriptor_that_is_opened_again_is_listed_still() {
        let (address, here) = (address(), Process::current());
        let mut descriptor = Descriptor::socket(bound_to(&address), Arc::clone(&address));
        assert!(!descriptor.is_for(&address, here) && listed(&address, here).is_none(), "not listed yet");
        descriptor.list(here);
        for _ in 0..2 {
            assert_eq!(listed(&address, here), Some(descriptor.as_fd().as_raw_fd()));
            descriptor.close();
            assert_eq!(listed(&address, here), None);
            assert!(descriptor.is_for(&address, here));
            descriptor.open_again(bound_to(&address));
        }
        assert!(
            !descriptor.is_for(&Arc::new((*address).clone()), here) && !descriptor.is_for(&address, here.another())
        );
        descriptor.unlist();
        assert_eq!(listed(&address, here), None, "a child keeps it");
        assert!(!descriptor.is_for(&address, here));
    }
}
