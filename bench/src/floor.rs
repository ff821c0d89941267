//! The floor: the bare system calls that an uncontended acquire and release need, and nothing else. Addresses and names are
//! prepared, nothing is checked beyond that a call succeeds.
//!
//! For a path (protocol section 2):
//!
//! | call | what it is for |
//! |---|---|
//! | socket | the listener, which is the lock |
//! | flock of the folder, shared | without it a reclaimer takes a socket between "visible" and "registered" for dead: two holders |
//! | fchmod | the mark (dead means free), and the mode, before any process can see the socket |
//! | bind | at most one holder |
//! | openat, fstat | which inode is ours: `is_intact()`, `LockLost`, and no other process's file is touched |
//! | utimensat | the mark that outlasts `chmod -R` |
//! | close of the inode | nothing is open that is not used |
//! | listen | waiters can queue |
//! | flock, unlock | while it is kept, no process can reclaim a dead socket in the folder |
//! | poll | does a process wait? (accept makes a socket before it looks, and takes ten times as long) |
//! | stat | is the path still ours: what another put there is not removed |
//! | unlink | nothing is left on disk |
//! | shutdown | a process that found the inode before the unlink is refused, and not reset (npm's clients fail on a reset) |
//! | accept | a process that came between the poll and the shutdown sees a clean end |
//! | close | the lock is free |
//!
//! The folder is open from when the lock is named.
//!
//! The two looks (openat, fstat, utimensat and close; stat) keep no one else from holding: they keep the promises about a path
//! that was removed by hand, and about an administrator's `chmod -R`. The floor without them is measured, too.
//!
//! For an abstract name (protocol section 6) there is no file, and nothing to mark, guard, look at or unlink: socket, bind,
//! listen; poll, close.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{
    AtFlags, CWD, FlockOperation, Mode, OFlags, Timestamps, fchmod, flock, fstat, openat, statat, unlinkat, utimensat,
};
use rustix::net::{
    AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType, acceptfrom_with, bind, listen, shutdown,
    socket_with,
};

use crate::lock::Lock;

/// The calls for a lock at a path.
pub(crate) struct ByPath {
    folder: OwnedFd,
    name: CString,
    address: SocketAddrUnix,
    looks: bool,
}

impl ByPath {
    pub(crate) fn new(path: &Path, looks: bool) -> Self {
        let text = |path: &Path| CString::new(path.as_os_str().as_bytes()).expect("no NUL");
        Self {
            folder: open(CWD, &text(path.parent().expect("a folder")), OFlags::RDONLY | OFlags::DIRECTORY),
            name: text(Path::new(path.file_name().expect("a name"))),
            address: SocketAddrUnix::new(path).expect("a short path"),
            looks,
        }
    }
}

impl Lock for ByPath {
    fn with(&mut self, held: &mut dyn FnMut()) {
        let socket = socket();
        flock(&self.folder, FlockOperation::NonBlockingLockShared).expect("flock");
        fchmod(&socket, Mode::SVTX | Mode::RUSR | Mode::WUSR).expect("fchmod");
        bind(&socket, &self.address).expect("bind");
        if self.looks {
            let pin = open(&self.folder, &self.name, OFlags::PATH | OFlags::NOFOLLOW);
            fstat(&pin).expect("fstat");
            let time = Timespec { tv_sec: 1_397_509_955, tv_nsec: 0 };
            let times = Timestamps { last_access: time, last_modification: time };
            utimensat(&pin, "", &times, AtFlags::EMPTY_PATH).expect("utimensat");
        }
        listen(&socket, i32::MAX).expect("listen");
        flock(&self.folder, FlockOperation::Unlock).expect("flock");

        held();

        nobody_waits(&socket);
        if self.looks {
            statat(&self.folder, &*self.name, AtFlags::SYMLINK_NOFOLLOW).expect("stat");
        }
        unlinkat(&self.folder, &*self.name, AtFlags::empty()).expect("unlink");
        shutdown(&socket, Shutdown::Read).expect("shutdown");
        let after = acceptfrom_with(&socket, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK);
        assert!(after.is_err(), "no other process knows this lock");
        drop(socket);
    }
}

fn open(folder: impl AsFd, name: &CString, flags: OFlags) -> OwnedFd {
    openat(folder, &**name, flags | OFlags::CLOEXEC, Mode::empty()).expect("openat")
}

/// The calls for a lock with an abstract name.
pub(crate) struct Abstract {
    address: SocketAddrUnix,
}

impl Abstract {
    /// Takes the path for a name.
    pub(crate) fn new(path: &Path) -> Self {
        Self { address: SocketAddrUnix::new_abstract_name(path.as_os_str().as_bytes()).expect("a short name") }
    }
}

impl Lock for Abstract {
    fn with(&mut self, held: &mut dyn FnMut()) {
        let socket = socket();
        bind(&socket, &self.address).expect("bind");
        listen(&socket, i32::MAX).expect("listen");

        held();

        nobody_waits(&socket);
        drop(socket);
    }
}

fn socket() -> OwnedFd {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).expect("socket")
}

fn nobody_waits(socket: &OwnedFd) {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let waiting = poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&now)).expect("poll");
    assert_eq!(waiting, 0, "no other process knows this lock");
}
