//! The floor: the bare system calls that an uncontended acquire and release need, and nothing else. Addresses and names are
//! prepared, nothing is checked beyond that a call succeeds.
//!
//! For a path (protocol section 2):
//!
//! | call | what it is for |
//! |---|---|
//! | socket | the listener, which is the lock |
//! | openat of the folder | carries the shared guard; a description of its own, for flock converts |
//! | flock, shared | without it a reclaimer takes a socket between "visible" and "registered" for dead: two holders |
//! | fchmod | the mark (dead means free), and the mode, before anybody can see the socket |
//! | bind | at most one holder |
//! | stat | which inode is ours: `is_intact()`, `LockLost`, and the exact mode whatever the umask |
//! | close of the folder | drops the guard: while it is kept, nobody can reclaim a dead socket in the folder |
//! | listen | waiters can queue |
//! | poll | does anybody wait? (accept makes a socket before it looks, and takes ten times as long) |
//! | stat | is the path still ours: what another put there is not removed |
//! | unlink | nothing is left on disk |
//! | shutdown | who found the inode before the unlink is refused, and not reset (npm's clients fail of a reset) |
//! | accept | who came between the poll and the shutdown sees a clean end |
//! | close | the lock is free |
//!
//! The two stats keep no one else from holding: they keep the promises about a path that was removed by hand. The floor
//! without them is measured, too.
//!
//! For an abstract name (protocol section 6) there is no file, and nothing to mark, guard, look at or unlink: socket, bind,
//! listen; poll, close.

use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, fchmod, flock, openat, statat, unlinkat};
use rustix::net::{
    AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType, acceptfrom_with, bind, listen, shutdown,
    socket_with,
};

use crate::peer::Lock;

/// The calls for a lock at a path.
pub(crate) struct ByPath {
    folder: CString,
    name: CString,
    path: CString,
    address: SocketAddrUnix,
    looks: bool,
}

impl ByPath {
    pub(crate) fn new(path: &Path, looks: bool) -> Self {
        let text = |path: &Path| CString::new(path.as_os_str().as_bytes()).expect("no NUL");
        Self {
            folder: text(path.parent().expect("a folder")),
            name: text(Path::new(path.file_name().expect("a name"))),
            path: text(path),
            address: SocketAddrUnix::new(path).expect("a short path"),
            looks,
        }
    }
}

impl Lock for ByPath {
    fn with(&mut self, held: &mut dyn FnMut()) {
        let socket = socket();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(CWD, &*self.folder, flags, Mode::empty()).expect("openat");
        flock(&folder, FlockOperation::NonBlockingLockShared).expect("flock");
        fchmod(&socket, Mode::SVTX | Mode::RUSR | Mode::WUSR).expect("fchmod");
        bind(&socket, &self.address).expect("bind");
        if self.looks {
            statat(&folder, &*self.name, AtFlags::SYMLINK_NOFOLLOW).expect("stat");
        }
        drop(folder);
        listen(&socket, i32::MAX).expect("listen");

        held();

        nobody_waits(&socket);
        if self.looks {
            statat(CWD, &*self.path, AtFlags::SYMLINK_NOFOLLOW).expect("stat");
        }
        unlinkat(CWD, &*self.path, AtFlags::empty()).expect("unlink");
        shutdown(&socket, Shutdown::Read).expect("shutdown");
        let after = acceptfrom_with(&socket, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK);
        assert!(after.is_err(), "nobody else knows this lock");
        drop(socket);
    }
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
    assert_eq!(waiting, 0, "nobody else knows this lock");
}
