//! What has a name in a folder: which inode, what kind, marked or not, alive or not.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, chmod, fstat, openat, statat};
use rustix::io::{Errno, Result, retry_on_intr};
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, connect, shutdown, socket_with};
use rustix::process::geteuid;

use crate::mark::{self, STICKY, Times};
use crate::{address, peer};

/// Which file it is. Stays true while somebody has the inode open, for then its number is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inode {
    pub(crate) device: u64,
    number: u64,
}

impl Inode {
    /// The lower 32 bits of its number.
    pub(crate) fn lower(self) -> u32 {
        (self.number & u64::from(u32::MAX)) as u32
    }
}

/// What stat says of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) inode: Inode,
    pub(crate) is_socket: bool,
    pub(crate) is_marked: bool,
    pub(crate) owner: u32,
    pub(crate) mode: Mode,
    links: u64,
    times: Times,
}

impl From<Stat> for Look {
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types differ between systems")]
    fn from(stat: Stat) -> Self {
        let mode = Mode::from_raw_mode(stat.st_mode);
        let times = Times::of(&stat);
        Self {
            inode: Inode { device: stat.st_dev as u64, number: stat.st_ino as u64 },
            is_socket: FileType::from_raw_mode(stat.st_mode) == FileType::Socket,
            is_marked: mark::has_mark(mode, &times),
            owner: stat.st_uid,
            mode,
            links: stat.st_nlink as u64,
            times,
        }
    }
}

impl Look {
    /// A socket of our own user's that even its owner may not write to: it was bound under an odd umask, and the process
    /// that bound it has not come to mend its mode, or died before.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.is_our_socket() && !self.mode.contains(Mode::WUSR)
    }

    /// A socket of our own user's with one name. Nothing else is given a mode, or times: whoever may rename in the folder
    /// can put a file of ours there that others must not reach. (Where users have no names, all files look like ours; the kernel
    /// knows better.)
    pub(crate) fn is_our_socket(&self) -> bool {
        self.is_socket && self.links == 1 && self.owner == geteuid().as_raw()
    }

    /// The same, that nobody has marked since it was bound.
    pub(crate) fn is_our_unmarked_socket(&self) -> bool {
        self.is_our_socket() && !self.times.is_magic()
    }

    /// The same, as bind made it from one of `mode`: with the sticky bit, no bit that was not asked for, and not marked since.
    /// Another of ours that somebody has put in its place does not look like that.
    pub(crate) fn is_our_new_socket(&self, mode: Mode) -> bool {
        self.is_our_unmarked_socket() && self.mode.contains(STICKY) && mode.contains(self.mode)
    }

    /// Whether it has the mark that bind left and no other, and was bound or changed just now.
    pub(crate) fn is_newborn(&self) -> bool {
        self.is_marked && !self.times.is_magic() && self.times.are_recent()
    }
}

/// Looks at a name in an open folder; `None` if nothing has it. A symbolic link is not followed.
pub(crate) fn look_in(folder: BorrowedFd<'_>, name: &Path) -> Result<Option<Look>> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat.into())),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// An inode held fast: its number is not used again, and it is reached whatever its name is by now. (Not so where the file
/// system cannot keep a file that is open and has been removed: the number may be used again at once.)
#[derive(Debug)]
pub(crate) struct Pin {
    file: OwnedFd,
    pub(crate) look: Look,
}

impl Pin {
    /// Pins what has a name in an open folder; `None` if nothing has it. A symbolic link is pinned itself, not what it
    /// leads to.
    pub(crate) fn new_in(folder: BorrowedFd<'_>, name: &Path) -> Result<Option<Self>> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let pin = || {
            let file = retry_on_intr(|| openat(folder, name, flags, Mode::empty()))?;
            Ok(Self { look: fstat(&file)?.into(), file })
        };
        match pin() {
            Ok(pin) => Ok(Some(pin)),
            // (A file system in user space may know nothing of a file that is open and has been removed since.)
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Connects `socket` to the pinned inode. (By its path where `/proc` is not mounted: refused, if that leads elsewhere by
    /// now.)
    pub(crate) fn connect(&self, socket: BorrowedFd<'_>, path: &Path) -> Result<()> {
        let pinned = address::of_path(&address::proc_path(self.file.as_fd())).ok_or(Errno::NAMETOOLONG)?;
        match retry_on_intr(|| connect(socket, &pinned)) {
            Err(Errno::NOENT) => {
                let named = address::of_path(path).ok_or(Errno::NAMETOOLONG)?;
                retry_on_intr(|| connect(socket, &named))?;
                let is_there = look_in(CWD, path)?.is_some_and(|found| found.inode == self.look.inode);
                if is_there { Ok(()) } else { Err(Errno::CONNREFUSED) }
            }
            result => result,
        }
    }

    /// Whether some process has the pinned socket open, asked with a datagram socket (protocol section 2, "the probe").
    pub(crate) fn probe(&self, path: &Path) -> Result<Probe> {
        match self.connect_new(SocketType::DGRAM, path) {
            Ok(_) => Ok(Probe::Datagram),
            Err(Errno::PROTOTYPE) => Ok(Probe::Alive),
            Err(errno) => self.no_answer(errno),
        }
    }

    /// The same, asked by a connection, where a datagram socket does not tell. It takes a place in the queue, which is left at
    /// once. A socket that is bound and does not listen yet looks dead.
    pub(crate) fn probe_by_stream(&self, path: &Path) -> Result<Probe> {
        match self.connect_new(SocketType::STREAM, path) {
            Ok(connection) => {
                let _ = shutdown(&connection, Shutdown::Both);
                Ok(Probe::Alive)
            }
            Err(Errno::WOULDBLOCK) => Ok(Probe::Alive),
            Err(Errno::PROTOTYPE) => Ok(Probe::Datagram),
            Err(errno) => self.no_answer(errno),
        }
    }

    fn connect_new(&self, kind: SocketType, path: &Path) -> Result<OwnedFd> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, kind, flags, None)?;
        self.connect(socket.as_fd(), path).map(|()| socket)
    }

    fn no_answer(&self, errno: Errno) -> Result<Probe> {
        match errno {
            Errno::CONNREFUSED => Ok(Probe::Dead),
            Errno::NOENT => Ok(Probe::Missing),
            Errno::ACCESS if self.look.is_unsettled() => Ok(Probe::Unsettled),
            Errno::ACCESS if !peer::is_ours(self.look.owner) => Ok(Probe::Denied),
            errno => Err(errno),
        }
    }

    /// Whether the pinned inode has lost its name.
    pub(crate) fn is_removed(&self) -> Result<bool> {
        match fstat(&self.file) {
            Ok(stat) => Ok(stat.st_nlink == 0),
            // (As in `new_in`; a server of another machine may say that the file is stale.)
            Err(Errno::NOENT | Errno::STALE) => Ok(true),
            Err(errno) => Err(errno),
        }
    }

    /// The descriptor that pins it.
    pub(crate) fn into_file(self) -> OwnedFd {
        self.file
    }

    /// Sets the mode of the pinned inode, exactly.
    pub(crate) fn set_mode(&self, mode: Mode) -> Result<()> {
        chmod(address::proc_path(self.file.as_fd()), mode)
    }

    /// Lets the owner write to the pinned inode, so that it can be probed.
    pub(crate) fn let_owner_write(&self) -> Result<()> {
        self.set_mode(self.look.mode | Mode::WUSR)
    }

    /// Sets or clears the mark of the pinned inode, and leaves the rest of its mode as it is. First the sticky bit, then the
    /// times: somebody who touches the socket in between would leave it unmarked while it is held.
    pub(crate) fn set_mark(&self, marked: bool) -> Result<()> {
        let mut mode = self.look.mode;
        mode.set(STICKY, marked);
        self.set_mode(mode)?;
        self.set_times(marked)
    }

    /// Sets the times of the pinned inode to those of a marked socket, or of a lent one.
    pub(crate) fn set_times(&self, marked: bool) -> Result<()> {
        mark::set_times(self.file.as_fd(), marked)
    }
}

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Some process has it open, even if it does not listen (yet).
    Alive,
    /// Nobody has it open.
    Dead,
    /// It is a datagram socket.
    Datagram,
    /// It is gone.
    Missing,
    /// It cannot be told: see [`Look::is_unsettled`].
    Unsettled,
    /// This kernel does not tell.
    Unknown,
    /// It is another user's, and we may not connect to it.
    Denied,
}

/// The mode that a published socket gets: what the user asked for, and the mark.
pub(crate) fn published_mode(mode: u32) -> Mode {
    Mode::from_raw_mode(mode) | STICKY
}
