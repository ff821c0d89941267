//! The options of a lock.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slocket_core::file_lock::Platform;

use crate::abstract_name::AbstractName;
use crate::address;
use crate::at_path::AtPath;
use crate::error::{Error, Fault, What};
use crate::file_system::Place;
use crate::folder::Folder;
use crate::lock::Lock;
use crate::name::LockName;
use crate::policy::{self, OccupiedPolicy, StalePolicy, Trust};
use crate::resolve::resolve;
use crate::site::Home;
use crate::waiting::{Hook, Waiting};

/// Why a path that no system call takes is invalid.
const NUL: &str = "it contains a NUL byte";

/// The longest path that a system call takes, with its closing NUL (limits.h).
const PATH_MAX: usize = 4096;

/// The mode of a socket if none is said.
const MODE: u32 = 0o600;

/// Whether a lock can be a socket: on Linux.
const HAS_SOCKETS: bool = cfg!(target_os = "linux");

/// A lock is not retained for less: each such time the thread looks whether it is used.
const LEAST_RETAINED: Duration = Duration::from_millis(1);

/// Options for a [`Lock`], at a path or at an abstract name. The builder of each adapter has the same.
///
/// ```
/// # use std::time::Duration;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("build.lock");
/// use slocket_os::{Builder, Lock};
///
/// let lock: Lock = Builder::new(&path)
///     .on_wait(Duration::from_secs(1), |waiting| eprintln!("{waiting}")) // waiting for /…/build.lock, held by pid 4711 (make)
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "options do nothing until `build`"]
#[derive(Clone)]
pub struct Builder {
    name: LockName,
    mode: Option<u32>,
    stale: StalePolicy,
    occupied: OccupiedPolicy,
    trust: Trust,
    hook: Option<Hook>,
    retains: Option<Duration>,
    home: policy::Home,
}

impl Builder {
    /// Starts with the default options.
    pub fn new(name: impl Into<LockName>) -> Self {
        Self {
            name: name.into(),
            mode: None,
            stale: StalePolicy::default(),
            occupied: OccupiedPolicy::default(),
            trust: Trust::default(),
            hook: None,
            retains: None,
            home: policy::Home::default(),
        }
    }

    /// Sets the permissions of the socket, exactly, whatever the umask. Defaults to 0o600. An abstract name has none, and
    /// Windows ignores it: files have the permissions of their folder there.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Sets what to do about a stale socket. Defaults to [`StalePolicy::Wait`].
    pub fn stale(mut self, policy: StalePolicy) -> Self {
        self.stale = policy;
        self
    }

    /// Sets what to do about something at the path that is not a socket. Defaults to [`OccupiedPolicy::Fail`].
    pub fn occupied(mut self, policy: OccupiedPolicy) -> Self {
        self.occupied = policy;
        self
    }

    /// Sets which users' servers to trust. Defaults to [`Trust::Owner`]. Windows ignores it: the permissions of the folder say which users can
    /// use the lock there.
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Calls `hook` once in each acquire that still waits after that long.
    ///
    /// The thread or task that waits calls it, holding nothing of the library's. The wait goes on when the hook returns. To find
    /// out the holder, the library stands in the queue for an instant, as [`Lock::holder`] does.
    pub fn on_wait(mut self, after: Duration, hook: impl Fn(&Waiting<'_>) + Send + Sync + 'static) -> Self {
        self.hook = Some(Hook::new(after, hook));
        self
    }

    /// Keeps the lock after a release at which no process waited, until it is not used for `idle`. See the builder of each adapter.
    pub fn retain(mut self, idle: Duration) -> Self {
        self.retains = (!idle.is_zero()).then(|| idle.max(LEAST_RETAINED));
        self
    }

    /// Sets what the lock is: a socket, or a locked file. Defaults to [`Home::ByFileSystem`](crate::Home::ByFileSystem). An abstract name is
    /// a socket in any case.
    pub fn home(mut self, home: policy::Home) -> Self {
        self.home = home;
        self
    }

    /// Checks the options, and resolves the folder of a path (following symbolic links). Touches nothing.
    ///
    /// # Errors
    /// `InvalidName`, `InvalidMode`, `ParentMissing`, `PermissionDenied` or `PathTooLong`; `UnsupportedFileSystem` if the lock is to be a
    /// socket, and the file system is not known to be local: see [`ErrorKind`](crate::ErrorKind).
    pub fn build(self) -> Result<Lock, Error> {
        let (name, home) = match &self.name {
            LockName::Path(path) => {
                let at = self.at_path(path)?;
                (at.path().into(), Home::Path(Box::new(at)))
            }
            LockName::Abstract(_) if self.mode.is_some() => return Err(Error::new(&self.name, What::ModeOfName)),
            LockName::Abstract(name) => {
                let invalid = |reason| Error::new(&self.name, What::InvalidName(reason));
                let home = Home::Name(AbstractName::new(name).map_err(invalid)?);
                (self.name, home)
            }
        };
        Ok(Lock::new(name, home, self.occupied, self.trust, self.hook, self.retains))
    }

    fn at_path(&self, given: &Path) -> Result<AtPath, Error> {
        let invalid = |reason| Error::new(&self.name, What::InvalidName(reason));
        if given.as_os_str().is_empty() {
            return Err(invalid("it is empty"));
        }
        if given.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(invalid(NUL));
        }
        let Some(name) = given.file_name() else { return Err(invalid("it has no file name")) };
        let own_name = address::file_name(name).map_err(invalid)?;
        let mode = self.mode.unwrap_or(MODE);
        if mode & !0o777 != 0 || mode & 0o200 == 0 {
            return Err(Error::new(&self.name, What::InvalidMode(mode)));
        }
        let parent = match given.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let fault = |errno| Fault::new(errno, "resolve the folder").about(&self.name);
        let folder = Folder::open(parent).map_err(fault)?;
        // For messages alone: whatever is exchanged meanwhile, the lock is in the folder that is open.
        let resolved = resolve(&folder, parent).map_err(fault)?;
        let path: PathBuf = resolved.path.join(name);
        if path.as_os_str().len() >= PATH_MAX {
            return Err(Error::new(&path.into(), What::PathTooLong));
        }
        let place = folder.place().map_err(fault)?;
        if !HAS_SOCKETS && self.home == policy::Home::Socket {
            return Err(Error::new(&path.into(), What::NoSocketHome));
        }
        let lock_file = match (self.home, place.shared_by()) {
            (policy::Home::ByFileSystem | policy::Home::Socket, None) if HAS_SOCKETS => None,
            (policy::Home::Socket, Some(name)) => {
                return Err(Error::new(&path.into(), What::UnsupportedFileSystem(name.to_owned())));
            }
            (policy::Home::ByFileSystem | policy::Home::Socket, _) | (policy::Home::File, _) => {
                Some(Platform { removes: place == Place::Local })
            }
        };
        Ok(AtPath::new(path, &resolved, folder, own_name, mode, self.stale, lock_file))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, mode, stale, occupied, trust, hook, retains, home } = self;
        let mode = mode.map(|mode| format!("{mode:#o}"));
        let mut shown = f.debug_struct("Builder");
        shown.field("name", name).field("mode", &mode).field("stale", stale).field("occupied", occupied);
        shown.field("trust", trust).field("hook", hook).field("retains", retains).field("home", home).finish()
    }
}
