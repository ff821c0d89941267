//! What can go wrong, in the words of the user.

use std::io;
use std::path::{Path, PathBuf};
use std::{error, fmt};

use rustix::io::Errno;

use crate::escape::escaped;
use crate::file_system::Place;
use crate::inode;
use crate::peer::{self, Holder};

/// Why a lock could not be had, kept or given back. Every variant names the path (or the abstract name, after an `@`).
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The time was over before the lock was ours.
    TimedOut {
        /// The lock.
        path: PathBuf,
        /// Who held it within the last second, if that can be known.
        holder: Option<Holder>,
        /// The holder was killed, and this process keeps its socket from being removed: it has the folder locked by flock(2).
        folder_locked_by: Option<Holder>,
    },
    /// The folder that the lock is to be in does not exist.
    ParentMissing {
        /// The lock.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system does not permit it: the folder cannot be written, or what is at the path is another user's. (An acquire
    /// waits at a living or dead socket of another user's to which it may not connect; a try fails with this.)
    PermissionDenied {
        /// The lock.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// The user who owns what is in the way, if that is not ours.
        owner: Option<u32>,
        /// What the system said.
        source: io::Error,
    },
    /// What answers at the path does not speak the protocol.
    NotASlocket {
        /// The lock.
        path: PathBuf,
        /// What was found there.
        found: &'static str,
    },
    /// The server's user is neither ours nor root, and [`Trust::Owner`](crate::Trust::Owner) is in force.
    Untrusted {
        /// The lock.
        path: PathBuf,
        /// The server's user.
        uid: u32,
    },
    /// Nobody listens at the path, and it may be lent out; [`StalePolicy::Fail`](crate::StalePolicy::Fail) is in force.
    Stale {
        /// The lock.
        path: PathBuf,
    },
    /// The path, or the abstract name, cannot name a lock.
    InvalidPath {
        /// The path, as it was given.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The mode has bits besides the nine permissions, or does not let the owner write, without which nobody could queue.
    InvalidMode {
        /// The lock.
        path: PathBuf,
        /// The mode, as it was given.
        mode: u32,
    },
    /// The path, or a part of it, is longer than the system allows.
    PathTooLong {
        /// The lock.
        path: PathBuf,
    },
    /// The file system has no sockets, or is shared with other machines, whose processes could not be seen.
    UnsupportedFileSystem {
        /// The lock.
        path: PathBuf,
        /// The kind of file system, as far as known.
        name: String,
    },
    /// While the lock was held, somebody removed or replaced its socket: others may have held it too.
    LockLost {
        /// The lock.
        path: PathBuf,
    },
    /// This process was forked, without exec, from the one that acquired the lock: the lock is that one's.
    Forked {
        /// The lock.
        path: PathBuf,
    },
    /// The lock was [disowned](crate::Guard::disown), and another process has adopted it already.
    Adopted {
        /// The lock.
        path: PathBuf,
    },
    /// The system refused something else.
    Io {
        /// The lock.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// The lock that this is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::TimedOut { path, .. }
            | Self::ParentMissing { path, .. }
            | Self::PermissionDenied { path, .. }
            | Self::NotASlocket { path, .. }
            | Self::Untrusted { path, .. }
            | Self::Stale { path }
            | Self::InvalidPath { path, .. }
            | Self::InvalidMode { path, .. }
            | Self::PathTooLong { path }
            | Self::UnsupportedFileSystem { path, .. }
            | Self::LockLost { path }
            | Self::Forked { path }
            | Self::Adopted { path }
            | Self::Io { path, .. } => path,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().to_string_lossy();
        let path = escaped(&path);
        match self {
            Self::TimedOut { holder: Some(holder), .. } => {
                write!(f, "timed out waiting for {path}: it is held by {holder}")
            }
            Self::TimedOut { folder_locked_by: Some(process), .. } => write!(
                f,
                "timed out waiting for {path}: its holder was killed, and {process} has the folder locked (flock); end that process"
            ),
            Self::TimedOut { .. } => write!(f, "timed out waiting for {path}"),
            Self::ParentMissing { .. } => {
                write!(f, "the folder of {path} does not exist or is no folder; create it first")
            }
            Self::PermissionDenied { doing, owner: Some(owner), .. } => {
                write!(f, "no permission to {doing} for {path}: what is there belongs to user {owner}")
            }
            Self::PermissionDenied { doing, owner: None, .. } => {
                write!(f, "no permission to {doing} for {path}; its folder must be writable and searchable")
            }
            Self::NotASlocket { found, .. } => {
                write!(f, "{path} is not a lock: found {found}; choose another path or stop that server")
            }
            Self::Untrusted { uid, .. } => {
                write!(f, "{path} is held by user {uid}, who is not trusted; allow it with `Trust::Anyone`")
            }
            Self::Stale { .. } => write!(
                f,
                "{path} is a socket that nobody listens on, but the lock may be lent out; remove it once no process uses it"
            ),
            Self::InvalidPath { reason, .. } => write!(f, "\"{path}\" cannot name a lock: {reason}"),
            Self::InvalidMode { mode, .. } => {
                write!(f, "mode {mode:#o} of {path} must be one of 0o200 to 0o777 that lets the owner write")
            }
            Self::PathTooLong { .. } => write!(f, "{path} is longer than the system allows; choose a shorter path"),
            Self::UnsupportedFileSystem { name, .. } => {
                write!(
                    f,
                    "{path} is on a file system that cannot hold a lock ({name}); choose one local to this machine"
                )
            }
            Self::LockLost { .. } => {
                write!(
                    f,
                    "somebody removed or replaced {path} while it was held; others may have held the lock as well"
                )
            }
            Self::Forked { .. } => write!(
                f,
                "this process is a fork of the one that acquired {path}: the lock is its parent's; acquire it here as well"
            ),
            Self::Adopted { .. } => write!(f, "another process has adopted {path} already"),
            Self::Io { doing, .. } => write!(f, "cannot {doing} for {path}"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::ParentMissing { source, .. } | Self::PermissionDenied { source, .. } | Self::Io { source, .. } => {
                Some(source)
            }
            Self::TimedOut { .. }
            | Self::NotASlocket { .. }
            | Self::Untrusted { .. }
            | Self::Stale { .. }
            | Self::InvalidPath { .. }
            | Self::InvalidMode { .. }
            | Self::PathTooLong { .. }
            | Self::UnsupportedFileSystem { .. }
            | Self::LockLost { .. }
            | Self::Forked { .. }
            | Self::Adopted { .. } => None,
        }
    }
}

/// A system call that failed, before it is known whose fault that is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) errno: Errno,
    doing: &'static str,
}

impl Fault {
    pub(crate) fn new(errno: Errno, doing: &'static str) -> Self {
        Self { errno, doing }
    }

    /// The path does not fit an address, by no way.
    pub(crate) fn too_long() -> Self {
        Self::new(Errno::NAMETOOLONG, "name the socket")
    }

    /// The error that the user is told.
    pub(crate) fn about(self, path: &Path) -> Error {
        let path = path.to_path_buf();
        let source = io::Error::from(self.errno);
        match self.errno {
            Errno::NOENT if !Path::new("/proc/self").exists() && path.parent().is_some_and(Path::is_dir) => {
                Error::Io { path, doing: "do without /proc, which is not mounted,", source }
            }
            Errno::NOENT | Errno::NOTDIR => Error::ParentMissing { path, source },
            // mknod(2), which bind comes down to, says EPERM where a file system has no sockets; FUSE says ENOSYS.
            Errno::OPNOTSUPP | Errno::NOSYS if self.doing == BIND => no_sockets(path),
            Errno::PERM if self.doing == BIND && !is_local(&path) => no_sockets(path),
            // Of another user's file in a sticky folder, or of one to change.
            Errno::PERM if !OF_FILES.contains(&self.doing) => Error::Io { path, doing: self.doing, source },
            Errno::ACCESS | Errno::PERM => {
                let found = inode::look_in(rustix::fs::CWD, &path).ok().flatten();
                let owner = found.map(|found| found.owner).filter(|owner| !peer::is_ours(*owner));
                Error::PermissionDenied { path, doing: self.doing, owner, source }
            }
            Errno::NAMETOOLONG => Error::PathTooLong { path },
            _ => Error::Io { path, doing: self.doing, source },
        }
    }

    /// The same, of an abstract name, which has no folder, no owner and no file system.
    pub(crate) fn about_name(self, name: &Path) -> Error {
        Error::Io { path: name.to_path_buf(), doing: self.doing, source: io::Error::from(self.errno) }
    }
}

/// What is being done when a socket is bound.
const BIND: &str = "bind the socket";

/// What the system refuses with EPERM to whoever does not own the file. Whatever else it refuses so, a sandbox does (seccomp).
const OF_FILES: [&str; 4] =
    ["set the socket's mode", "set the dead socket's mode", "remove the dead socket", "remove the socket"];

fn no_sockets(path: PathBuf) -> Error {
    Error::UnsupportedFileSystem { path, name: "it has no sockets".to_owned() }
}

/// Whether the file system is known to be one that has sockets.
fn is_local(path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| std::fs::File::open(folder).ok());
    folder.is_some_and(|folder| Place::of_folder(folder) == Ok(Place::Local))
}

/// Says what was being done when a system call failed.
pub(crate) trait Doing<T> {
    fn doing(self, what: &'static str) -> Result<T, Fault>;
}

impl<T> Doing<T> for rustix::io::Result<T> {
    fn doing(self, what: &'static str) -> Result<T, Fault> {
        self.map_err(|errno| Fault::new(errno, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape::is_misleading;

    #[test]
    fn nothing_that_misleads_is_shown() {
        let path = PathBuf::from("/tmp/\u{1b}[2J\nheld by\u{202e}lock");
        let holder = Holder { pid: Some(1), uid: 0, program: Some("\u{9b}31m\u{2066}sh".to_owned()) };
        let source = || io::Error::from(Errno::ACCESS);
        let errors = [
            Error::TimedOut { path: path.clone(), holder: Some(holder), folder_locked_by: None },
            Error::PermissionDenied { path: path.clone(), owner: None, doing: "connect", source: source() },
            Error::InvalidPath { path: path.clone(), reason: "it is empty" },
            Error::LockLost { path: path.clone() },
            Error::Io { path, doing: "connect", source: source() },
        ];
        for error in errors {
            let text = error.to_string();
            assert!(!text.contains(is_misleading), "{text:?}");
            assert!(text.contains("/tmp/\\u{1b}[2J\\nheld by\\u{202e}lock"), "{text:?}");
        }
    }
}
