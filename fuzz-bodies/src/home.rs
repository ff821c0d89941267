//! Where the lock is: at a path, or at an abstract name.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use rustix::net::SocketAddrUnix;
use slocket_os::{Builder, Lock, LockName, OccupiedPolicy};

/// The time of modification of a marked socket; that of a lent one is a second later.
const MAGIC: i64 = 1_397_509_955;

/// A lock's path or its abstract name.
#[derive(Clone, Debug)]
pub(crate) enum Home {
    Path(PathBuf),
    Name(String),
}

impl Home {
    /// At a path in this folder, or at a name like it, which no other process has.
    pub(crate) fn new(folder: &Path, at_name: bool) -> Self {
        if at_name {
            Self::Name(folder.file_name().expect("a folder has a name").to_string_lossy().into_owned())
        } else {
            Self::Path(folder.join("lock"))
        }
    }

    pub(crate) fn is_name(&self) -> bool {
        matches!(self, Self::Name(_))
    }

    /// The lock as another process would have it.
    pub(crate) fn lock(&self) -> Lock {
        let builder = match self {
            Self::Path(path) => Builder::new(path).occupied(OccupiedPolicy::Wait),
            Self::Name(name) => Builder::new(LockName::abstract_name(name)),
        };
        builder.build().expect("it is a good one")
    }

    /// A server there; `None` if there is one already.
    pub(crate) fn bind(&self) -> Option<UnixListener> {
        match self {
            Self::Path(path) => UnixListener::bind(path),
            Self::Name(name) => UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).expect("a short name")),
        }
        .ok()
    }

    /// Whether there is a file at the path, or a socket that has the name.
    pub(crate) fn is_taken(&self) -> bool {
        match self {
            Self::Path(path) => fs::symlink_metadata(path).is_ok(),
            Self::Name(_) => self.bind().is_none(),
        }
    }

    /// Marks the socket at the path, or clears its mark. (An abstract name is as if marked.)
    pub(crate) fn mark(&self, marked: bool) {
        let Self::Path(path) = self else { return };
        let mode = if marked { 0o1755 } else { 0o755 };
        let time = Timespec { tv_sec: if marked { MAGIC } else { MAGIC + 1 }, tv_nsec: 0 };
        let times = Timestamps { last_access: time, last_modification: time };
        // A client that lingers may have removed it.
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode));
        let _ = utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW);
    }

    /// The path, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Name(_) => None,
        }
    }

    /// Where a client connects to.
    pub(crate) fn address(&self) -> SocketAddrUnix {
        match self {
            Self::Path(path) => SocketAddrUnix::new(path),
            Self::Name(name) => SocketAddrUnix::new_abstract_name(name.as_bytes()),
        }
        .expect("it is short")
    }
}
