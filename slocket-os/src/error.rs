//! What can go wrong, in the words of the user.

use std::fmt;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::sync::Arc;

use slocket_core::{Call, Mode, Name, Role};

use crate::file_system::Place;
use crate::name::LockName;
use crate::peer::{self, Holder};
use crate::record::is_lock_file;
use crate::sharer::{Sharer, Sharers};
use crate::sys::io::Errno;
use crate::sys::system;

/// Why a lock could not be acquired, kept or released.
///
/// [`kind`](Self::kind) is for programs, the text for people: it begins with the lock's name and says what was found and what
/// to do. [docs/troubleshooting.md][page] has every text.
///
/// An error converts into a [`std::io::Error`], for functions that return those.
///
/// ```
/// use slocket_os::{Builder, ErrorKind, Lock};
///
/// fn name_it() -> std::io::Result<Lock> {
///     Ok(Builder::new("/no/such/folder/lock").build()?)
/// }
///
/// let error = Builder::new("/no/such/folder/lock").build().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::ParentMissing);
/// assert_eq!(error.to_string(), "/no/such/folder/lock: its folder does not exist or is not a folder; create it first");
/// assert_eq!(name_it().unwrap_err().kind(), std::io::ErrorKind::NotFound);
/// ```
///
/// [page]: https://github.com/slocket/slocket/blob/main/docs/troubleshooting.md
#[derive(Clone, thiserror::Error)]
#[error(transparent)]
pub struct Error(Arc<Inner>);

#[derive(Debug, thiserror::Error)]
#[error("{lock}: {what}")]
struct Inner {
    lock: LockName,
    what: What,
    /// What the system said.
    source: Option<io::Error>,
}

/// What kind of error it is: see [`Error::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The time ran out before the lock was acquired. [`Error::holder`] may name the holder.
    TimedOut,
    /// The folder that the lock is to be in does not exist, or is not a folder.
    ParentMissing,
    /// The system does not permit it: the folder cannot be written, or what is at the path belongs to another user
    /// ([`Error::user`]). (An acquire waits at another user's socket to which it may not connect; a try fails.)
    PermissionDenied,
    /// Something that is not a socket is at the path, such as an old lock file of flock(1), and
    /// [`OccupiedPolicy::Fail`](crate::OccupiedPolicy::Fail) is in force.
    Occupied,
    /// The server at the path, or at the abstract name, does not speak the protocol: it is another program's.
    NotASlocket,
    /// The server's user ([`Error::user`]) is neither ours nor root, and [`Trust::Owner`](crate::Trust::Owner) is in force.
    Untrusted,
    /// No process listens at the path, but the lock may be lent out; [`StalePolicy::Fail`](crate::StalePolicy::Fail) is in force.
    Stale,
    /// The path, or the abstract name, cannot name a lock.
    InvalidName,
    /// The mode has bits besides the nine permissions, or does not let the owner write, without which no process could queue. Or
    /// the lock has an abstract name, which has no permissions.
    InvalidMode,
    /// The path, or one of its components, is longer than the system allows.
    PathTooLong,
    /// The file system has no sockets, or is shared with other machines, whose processes cannot be seen.
    UnsupportedFileSystem,
    /// The socket was removed or replaced while the lock was held: another process may have held it, too.
    LockLost,
    /// This process was forked, without exec, from the one that acquired the lock, which still has it.
    Forked,
    /// The request was [cancelled](crate::Canceller::cancel) before the lock was acquired.
    Cancelled,
    /// The lock was [disowned](crate::Guard::disown), and another process has adopted it already.
    Adopted,
    /// The lock is on loan from an npm server, so its descriptor cannot be passed on.
    OnLoan,
    /// The descriptor does not carry this lock, or still has a guard.
    NotTheLock,
    /// The lock has no shares: it has an abstract name, or npm's slocket, which ignores shares, waits for it or serves it. In the latter
    /// case this process may have lent the lock to an npm client: call [`settle`](crate::settle) before the process ends.
    NoShares,
    /// A semaphore cannot have so many permits.
    InvalidPermits,
    /// The thread holds the lock already, or its process has a share, and it would wait for itself: a deadlock. Only with
    /// debug assertions, and only where it can be detected.
    Deadlock,
    /// The system refused something else.
    Io,
}

/// What went wrong, with all known details.
#[derive(Debug, thiserror::Error)]
pub(crate) enum What {
    #[error("timed out waiting; it is held by {0}")]
    TimedOutHeld(Holder),
    #[error("timed out waiting; its holder was killed, and {0} has the folder locked (flock); end that process")]
    TimedOutFolderLocked(Holder),
    #[error("timed out waiting; it is shared by {0}")]
    TimedOutShared(Sharers),
    #[error("timed out waiting")]
    TimedOut,
    #[error("its folder does not exist or is not a folder; create it first")]
    ParentMissing,
    #[error("no permission to {doing}; what is there belongs to user {owner}")]
    DeniedByOwner { doing: &'static str, owner: u32 },
    #[error("no permission to {0}; its folder must be writable and searchable")]
    Denied(&'static str),
    #[error(
        "{0} is at the path, not a socket; remove it if it is not needed (such as an old lock file), or choose another path"
    )]
    Occupied(&'static str),
    #[error("{0} is at the path, where a lock file is expected; remove it if it is not needed, or choose another path")]
    OccupiedFile(&'static str),
    #[error("{0} beside it has the name of the file of its shares, but is not one; remove it, or choose another path")]
    NotALockFile(String),
    #[error("its lock file belongs to untrusted user {0}; allow it with `Trust::Anyone`")]
    UntrustedFile(u32),
    #[error("not a lock: found {0}; choose another path or stop that server")]
    NotASlocket(&'static str),
    #[error("held by untrusted user {0}; allow it with `Trust::Anyone`")]
    Untrusted(u32),
    #[error("a socket that no process listens on, but the lock may be lent out; remove it once no process uses it")]
    Stale,
    #[error("cannot name a lock: {0}")]
    InvalidName(&'static str),
    #[error("mode {0:#o} must be one of 0o200 to 0o777 that lets the owner write")]
    InvalidMode(u32),
    #[error("an abstract name has no permissions; set a mode for a path only")]
    ModeOfName,
    #[error("longer than the system allows; choose a shorter path")]
    PathTooLong,
    #[error("on a file system that cannot hold a lock ({0}); choose one local to this machine")]
    UnsupportedFileSystem(String),
    #[error("a lock is a socket on Linux only; use `Home::ByFileSystem`")]
    NoSocketHome,
    #[error("its socket was removed or replaced while the lock was held; another process may have held it, too")]
    LockLost,
    #[error("this process is a fork of the one that acquired it; that one still holds it: acquire it here as well")]
    Forked,
    #[error("another process has adopted the lock already")]
    Adopted,
    #[error("on loan from an npm server, so it cannot be passed on; it was released")]
    OnLoan,
    #[error("the descriptor does not carry this lock, or still has a guard; pass on what into_fd gives")]
    NotTheLock,
    #[error("a deadlock: this thread holds the lock already, and would wait for itself; acquire it once, outside")]
    Deadlock,
    #[error("a deadlock: this process has a share of the lock, and would wait for itself; release that first")]
    DeadlockOfShare,
    #[error("{0} beside it has the name of its shares, but is not a FIFO; remove it, or choose another path")]
    NotAFifo(String),
    #[error("its shares ({name}) belong to untrusted user {owner}; allow it with `Trust::Anyone`")]
    UntrustedFifo { name: String, owner: u32 },
    #[error(
        "no permission to open its shares ({name}), which belong to user {owner}; give the lock a mode that lets both of you write"
    )]
    DeniedFifo { name: String, owner: u32 },
    #[error("an abstract name cannot be shared; name the lock by a path")]
    NoShares,
    #[error(
        "npm's slocket, which ignores shares, uses this lock, too; acquire the lock itself, or choose another path"
    )]
    SharesIgnored,
    #[error("on a file system that cannot hold shares (it is not known to be local); choose one local to this machine")]
    SharedElsewhere,
    #[error("a semaphore has from 1 to 65,535 permits, not {0}")]
    InvalidPermits(usize),
    #[error("the request was cancelled")]
    Cancelled,
    #[error("cannot {0}")]
    Io(&'static str),
}

/// With the text: it is what a user sees of an error that `main` returns, or `unwrap` finds.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Error");
        fields.field("kind", &self.kind()).field("text", &self.to_string());
        if let Some(source) = self.io_error() {
            fields.field("source", source);
        }
        fields.finish()
    }
}

// What the system said is only read.
impl UnwindSafe for Error {}
impl RefUnwindSafe for Error {}

impl Error {
    pub(crate) fn new(lock: &LockName, what: What) -> Self {
        Self(Arc::new(Inner { lock: lock.clone(), what, source: None }))
    }

    fn caused(lock: &LockName, what: What, errno: Errno) -> Self {
        Self(Arc::new(Inner { lock: lock.clone(), what, source: Some(errno.into()) }))
    }

    /// Returns what kind of error it is, for a program to decide by.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0.what {
            What::TimedOutHeld(_) | What::TimedOutFolderLocked(_) | What::TimedOutShared(_) | What::TimedOut => {
                ErrorKind::TimedOut
            }
            What::ParentMissing => ErrorKind::ParentMissing,
            What::DeniedByOwner { .. } | What::DeniedFifo { .. } | What::Denied(_) => ErrorKind::PermissionDenied,
            What::Occupied(_) | What::OccupiedFile(_) | What::NotAFifo(_) | What::NotALockFile(_) => {
                ErrorKind::Occupied
            }
            What::NotASlocket(_) => ErrorKind::NotASlocket,
            What::Untrusted(_) | What::UntrustedFile(_) | What::UntrustedFifo { .. } => ErrorKind::Untrusted,
            What::Stale => ErrorKind::Stale,
            What::InvalidName(_) => ErrorKind::InvalidName,
            What::InvalidMode(_) | What::ModeOfName => ErrorKind::InvalidMode,
            What::PathTooLong => ErrorKind::PathTooLong,
            What::UnsupportedFileSystem(_) | What::SharedElsewhere | What::NoSocketHome => {
                ErrorKind::UnsupportedFileSystem
            }
            What::LockLost => ErrorKind::LockLost,
            What::Forked => ErrorKind::Forked,
            What::Adopted => ErrorKind::Adopted,
            What::OnLoan => ErrorKind::OnLoan,
            What::NotTheLock => ErrorKind::NotTheLock,
            What::NoShares | What::SharesIgnored => ErrorKind::NoShares,
            What::InvalidPermits(_) => ErrorKind::InvalidPermits,
            What::Deadlock | What::DeadlockOfShare => ErrorKind::Deadlock,
            What::Cancelled => ErrorKind::Cancelled,
            What::Io(_) => ErrorKind::Io,
        }
    }

    /// Whether the time ran out before the lock was acquired.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        self.kind() == ErrorKind::TimedOut
    }

    /// Returns the name of the lock that this is about.
    #[must_use]
    pub fn name(&self) -> &LockName {
        &self.0.lock
    }

    /// Returns the holder within the last second, if the wait [timed out](ErrorKind::TimedOut) and the holder is known; `None` while the lock
    /// was shared, see [`sharers`](Self::sharers).
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        match &self.0.what {
            What::TimedOutHeld(holder) => Some(holder),
            _ => None,
        }
    }

    /// Returns the processes that had shares of the lock, as far as they are known, if the wait [timed out](ErrorKind::TimedOut). No
    /// process held the lock then.
    #[must_use]
    pub fn sharers(&self) -> &[Sharer] {
        match &self.0.what {
            What::TimedOutShared(sharers) => &sharers.all,
            _ => &[],
        }
    }

    /// Returns the process that keeps the socket of a killed holder from being removed, if the wait [timed out](ErrorKind::TimedOut)
    /// for that reason: that process has the folder locked with flock(2).
    #[must_use]
    pub fn folder_locked_by(&self) -> Option<&Holder> {
        match &self.0.what {
            What::TimedOutFolderLocked(process) => Some(process),
            _ => None,
        }
    }

    /// Returns the user in the way: the [untrusted](ErrorKind::Untrusted) user of the server, or the owner of
    /// the file at the path, if there is [no permission](ErrorKind::PermissionDenied).
    #[must_use]
    pub fn user(&self) -> Option<u32> {
        match self.0.what {
            What::Untrusted(user)
            | What::UntrustedFile(user)
            | What::DeniedByOwner { owner: user, .. }
            | What::UntrustedFifo { owner: user, .. }
            | What::DeniedFifo { owner: user, .. } => Some(user),
            _ => None,
        }
    }

    /// Returns the part of the text that differs from case to case: what was found instead of a lock, what is wrong with a name,
    /// what kind of file system it is, or what was being done when the system refused.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match &self.0.what {
            What::DeniedByOwner { doing: text, .. }
            | What::Denied(text)
            | What::Occupied(text)
            | What::OccupiedFile(text)
            | What::NotASlocket(text)
            | What::InvalidName(text)
            | What::Io(text) => Some(text),
            What::UnsupportedFileSystem(name) => Some(name),
            What::NotAFifo(name)
            | What::NotALockFile(name)
            | What::UntrustedFifo { name, .. }
            | What::DeniedFifo { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Returns the error of the operating system, if a system call failed. It is the [`source`](std::error::Error::source), too.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        self.0.source.as_ref()
    }
}

/// Why a lock was not acquired by a try.
///
/// ```
/// use slocket_os::{Builder, TryAcquireError};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("lock");
///
/// match Builder::new(&path).build()?.try_acquire() {
///     Ok(_guard) => println!("held until the guard is dropped"),
///     Err(TryAcquireError::WouldBlock) => println!("the lock is in use"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// Complete, as std's `TryLockError` is: it is held, or something is wrong.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TryAcquireError {
    /// The lock is held, shared or waited for, or all permits are out: to acquire it means to wait.
    #[error("the lock is in use")]
    WouldBlock,
    /// The lock cannot be acquired.
    #[error(transparent)]
    Error(#[from] Error),
}

impl TryAcquireError {
    /// Whether the lock is only in use.
    #[must_use]
    pub fn is_would_block(&self) -> bool {
        matches!(self, Self::WouldBlock)
    }
}

impl From<TryAcquireError> for io::Error {
    fn from(error: TryAcquireError) -> Self {
        match error {
            TryAcquireError::WouldBlock => Self::new(io::ErrorKind::WouldBlock, error),
            TryAcquireError::Error(error) => error.into(),
        }
    }
}

impl From<Error> for io::Error {
    /// Keeps the error: it is what [`io::Error::get_ref`] gives.
    fn from(error: Error) -> Self {
        let kind = match (error.kind(), error.io_error()) {
            (ErrorKind::ParentMissing | ErrorKind::Io, Some(source)) => source.kind(),
            (ErrorKind::ParentMissing, None) => io::ErrorKind::NotFound,
            (ErrorKind::TimedOut, _) => io::ErrorKind::TimedOut,
            (ErrorKind::PermissionDenied | ErrorKind::Untrusted, _) => io::ErrorKind::PermissionDenied,
            (ErrorKind::Occupied, _) => io::ErrorKind::AlreadyExists,
            (ErrorKind::NotASlocket, _) => io::ErrorKind::AddrInUse,
            (ErrorKind::Stale | ErrorKind::Adopted, _) => io::ErrorKind::ResourceBusy,
            (
                ErrorKind::InvalidName | ErrorKind::InvalidMode | ErrorKind::NotTheLock | ErrorKind::InvalidPermits,
                _,
            ) => io::ErrorKind::InvalidInput,
            (ErrorKind::PathTooLong, _) => io::ErrorKind::InvalidFilename,
            (ErrorKind::UnsupportedFileSystem | ErrorKind::OnLoan | ErrorKind::NoShares, _) => {
                io::ErrorKind::Unsupported
            }
            (ErrorKind::Deadlock, _) => io::ErrorKind::Deadlock,
            (ErrorKind::LockLost | ErrorKind::Forked | ErrorKind::Cancelled | ErrorKind::Io, _) => io::ErrorKind::Other,
        };
        Self::new(kind, error)
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

    /// The error that the user is told.
    pub(crate) fn about(self, lock: &LockName) -> Error {
        let Self { errno, doing } = self;
        let because = |what| Error::caused(lock, what, errno);
        // It has no folder, no owner and no file system.
        let Some(path) = lock.as_path() else { return because(What::Io(doing)) };
        match errno {
            Errno::NOENT
                if cfg!(target_os = "linux")
                    && !Path::new("/proc/self").exists()
                    && path.parent().is_some_and(Path::is_dir) =>
            {
                because(What::Io("do without /proc, which is not mounted"))
            }
            Errno::NOENT | Errno::NOTDIR => because(What::ParentMissing),
            // mknod(2), which bind comes down to, says EPERM where a file system has no sockets; FUSE says ENOSYS.
            Errno::OPNOTSUPP | Errno::NOSYS if doing == BIND => because(no_sockets()),
            Errno::PERM if doing == BIND && !is_local(path) => because(no_sockets()),
            // Of another user's file in a sticky folder, or of one to change.
            Errno::PERM if !OF_FILES.contains(&doing) => because(What::Io(doing)),
            Errno::ACCESS | Errno::PERM => {
                let owner = system::owner_of(path);
                let owner = owner.filter(|owner| !peer::is_ours(*owner));
                because(match owner {
                    Some(owner) => What::DeniedByOwner { doing, owner },
                    None => What::Denied(doing),
                })
            }
            Errno::NAMETOOLONG => because(What::PathTooLong),
            _ => because(What::Io(doing)),
        }
    }
}

/// What is being done about the FIFOs of shares.
pub(crate) const SHARED: &str = "see whether it is shared";

/// What is being done when a socket is bound.
const BIND: &str = "bind the socket";

/// What the system refuses with EPERM to users that do not own the file. A sandbox (seccomp) refuses all other calls this way.
const OF_FILES: [&str; 4] =
    ["set the socket's mode", "set the dead socket's mode", "remove the dead socket", "remove the socket"];

pub(crate) fn no_sockets() -> What {
    What::UnsupportedFileSystem("it has no sockets".to_owned())
}

/// What is at a path instead of a socket, in words.
pub(crate) fn what_is_at(path: &Path) -> &'static str {
    match std::fs::symlink_metadata(path).map(|found| found.file_type()) {
        Ok(found) if found.is_file() && matches!(is_lock_file(path), Ok(Some(true))) => "a lock file of slocket",
        Ok(found) if found.is_file() => "a file",
        Ok(found) if found.is_dir() => "a directory",
        Ok(found) if found.is_symlink() => "a symbolic link",
        Ok(found) if system::is_socket(found) => "a socket",
        _ => "something else",
    }
}

/// Whether the file system is known to be one that has sockets.
fn is_local(path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| std::fs::File::open(folder).ok());
    folder.is_some_and(|folder| Place::of_folder(folder) == Ok(Place::Local))
}

impl From<slocket_core::Fault> for Fault {
    fn from(fault: slocket_core::Fault) -> Self {
        Self::new(Errno::from_raw_os_error(fault.errno.0), doing(fault.call))
    }
}

/// What is being done by a call.
fn doing(call: Call) -> &'static str {
    match call {
        Call::Stat(Name::Lock)
        | Call::StatByPath(Name::Lock)
        | Call::StatFile(_)
        | Call::Open(_, Name::Lock)
        | Call::StatProc => "look at the path",
        Call::Stat(Name::Temporary | Name::Swept)
        | Call::StatByPath(Name::Temporary | Name::Swept)
        | Call::Open(_, Name::Temporary | Name::Swept) => "look at the new socket",
        Call::Stat(_)
        | Call::StatByPath(_)
        | Call::Open(..)
        | Call::MakeFifo(_)
        | Call::OpenFifo(..)
        | Call::SeeFifo(_)
        | Call::Read(_)
        | Call::SetMode(_, Mode::OfFifo) => SHARED,
        Call::OpenFolder(_) | Call::NextName | Call::Flock(_) | Call::Unlock => "guard the folder",
        Call::FileSystem => "ask for the file system",
        Call::Unlink(_) => "remove the socket",
        Call::Rename(_) | Call::Link(_) => "move the socket to the path",
        Call::SetTimesOfName(_)
        | Call::SetTimes(..)
        | Call::SetTimesInProc(..)
        | Call::SetMode(_, Mode::OwnerWrites | Mode::Sticky | Mode::NotSticky) => "set the dead socket's mode",
        Call::SetMode(_, Mode::AsAsked) | Call::SetSocketMode => "set the socket's mode",
        Call::Socket(Role::Probe, _) | Call::Connect(Role::Probe, _) => "probe the socket",
        Call::Socket(..) => "make a socket",
        Call::Bind(..) => BIND,
        Call::BindBadge => "bind the badge",
        Call::Listen => "listen",
        Call::Connect(..) => "connect",
        Call::Random => "choose a badge",
        Call::Reserve | Call::SpendReserve => "keep a descriptor in reserve",
        Call::AskKernel => "ask the kernel about a socket",
        Call::Shutdown(..)
        | Call::Peer(_)
        | Call::Ask(_)
        | Call::SocketName
        | Call::CompareBoundFile
        | Call::ComparePeerName
        | Call::Poll
        | Call::Accept(_)
        | Call::HasEnded(_)
        | Call::Drain
        | Call::HasUnread(_)
        | Call::Receive
        | Call::Send(_)
        | Call::Watch
        | Call::Close(_)
        | Call::CloseApart(_) => "use the lock",
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::path::PathBuf;

    use super::*;
    use crate::escape::is_misleading;

    #[test]
    fn nothing_that_misleads_is_shown() {
        let lock = LockName::Path(PathBuf::from("/tmp/\u{1b}[2J\nheld by\u{202e}lock"));
        let holder = Holder { pid: Some(1), uid: 0, program: Some("\u{9b}31m\u{2066}sh".to_owned()), host: None };
        let errors = [
            Error::new(&lock, What::TimedOutHeld(holder)),
            Error::caused(&lock, What::Denied("connect"), Errno::ACCESS),
            Error::new(&lock, What::InvalidName("it is empty")),
            Error::new(&lock, What::LockLost),
            Error::caused(&lock, What::Io("connect"), Errno::ACCESS),
        ];
        for error in errors {
            let text = error.to_string();
            assert!(!text.contains(is_misleading), "{text:?}");
            assert!(text.starts_with("/tmp/\\u{1b}[2J\\nheld by\\u{202e}lock: "), "{text:?}");
        }
    }

    #[test]
    fn what_the_system_said_is_the_source() {
        let lock = LockName::from("/run/lock");
        let error = Error::caused(&lock, What::Io("listen"), Errno::MFILE);
        let source = error.source().expect("a source").downcast_ref::<io::Error>().expect("of the system");
        assert_eq!(source.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
        assert_eq!(error.clone().io_error().map(io::Error::kind), Some(source.kind()));
        assert!(Error::new(&lock, What::Stale).source().is_none());
    }

    #[test]
    fn an_error_stays_itself_in_an_io_error() {
        let lock = LockName::from("/run/lock");
        for (error, kind) in [
            (Error::new(&lock, What::TimedOut), io::ErrorKind::TimedOut),
            (Error::new(&lock, What::Untrusted(1)), io::ErrorKind::PermissionDenied),
            (Error::new(&lock, What::Occupied("a file")), io::ErrorKind::AlreadyExists),
            (Error::new(&lock, What::LockLost), io::ErrorKind::Other),
            (Error::caused(&lock, What::ParentMissing, Errno::NOTDIR), io::ErrorKind::NotADirectory),
            (Error::caused(&lock, What::Io("bind"), Errno::NOSPC), io::ErrorKind::StorageFull),
        ] {
            let (text, before) = (error.to_string(), error.kind());
            let converted = io::Error::from(error);
            assert_eq!((converted.kind(), converted.to_string()), (kind, text));
            let inner = converted.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).expect("the error itself");
            assert_eq!(inner.kind(), before);
        }
    }
}
