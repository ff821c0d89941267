//! A lock by its path or its abstract name, and the options of those who share it.

use std::fmt;
use std::marker::PhantomData;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use slocket_core::{Occupied, Policy, Stale};

use crate::abstract_name::AbstractName;
use crate::at_path::AtPath;
use crate::error::{Error, Fault, What};
use crate::file_system::Place;
use crate::folder::Folder;
use crate::lately::Lately;
use crate::local::LocalQueue;
use crate::name::LockName;
use crate::peer::Holder;
use crate::process::{Inherit, PerProcess, Process};
use crate::reserve;
use crate::resolve::resolve;
use crate::session;
use crate::waiting::{Hook, Waiting};
use crate::weak_list::WeakList;

/// The longest path that a system call takes, with its closing NUL (limits.h).
const PATH_MAX: usize = 4096;

/// What to do about a *stale* socket: a dead one, which no process has open, that may be lent out, for it does not carry
/// the mark ([protocol section 2, "Reclaim"][protocol]).
///
/// Only npm's slocket, or a holder killed while it lent to npm's, leaves such a socket behind. A dead socket *with* the
/// mark is always removed and never needs a policy.
///
/// [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#reclaim
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StalePolicy {
    /// Wait until somebody removes it, without using the CPU. Safe.
    #[default]
    Wait,
    /// Fail with [`ErrorKind::Stale`](crate::ErrorKind::Stale). Safe.
    Fail,
    /// Remove it when it has been stale for that long. **Unsafe while an npm client may be alive that holds the lock on
    /// loan: there are two holders then.**
    Reclaim {
        /// How long it must have been stale.
        after: Duration,
    },
}

/// What to do about something at the path that is not a socket, such as a file.
///
/// Nothing takes such a file away by itself, and the lock cannot be acquired while it is there. Old lock files of flock(1), which
/// leaves them behind, are the common case. So the default is an error that says so. If it were to wait, a program that is given
/// the path of an old lock file would hang without a word, and a job that is skipped while the lock is held would be skipped for
/// ever.
///
/// In either case what is at the path stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OccupiedPolicy {
    /// Fail with [`ErrorKind::Occupied`](crate::ErrorKind::Occupied).
    #[default]
    Fail,
    /// Count it as held: wait until it is gone, without using the CPU. As npm's slocket does, and for a path at which other
    /// programs create a file as long as *they* want to keep everybody out.
    Wait,
}

/// Whose servers are believed ([protocol section 4][protocol]).
///
/// [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#4-edges
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trust {
    /// Those of our own user and of root.
    #[default]
    Owner,
    /// Those of any user: whoever may create a socket at the path can keep the lock, or grant it twice.
    Anyone,
}

/// Options for a lock, in every adapter: `build` gives the adapter's own type.
#[must_use = "options do nothing until `build`"]
#[derive(Clone)]
pub struct Builder<L> {
    path: PathBuf,
    mode: u32,
    stale: StalePolicy,
    occupied: OccupiedPolicy,
    trust: Trust,
    hook: Option<Hook>,
    builds: PhantomData<fn() -> L>,
}

impl<L> fmt::Debug for Builder<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, mode, stale, occupied, trust, hook, builds: _ } = self;
        let mode = format_args!("{mode:#o}");
        let mut shown = f.debug_struct("Builder");
        shown.field("path", path).field("mode", &mode).field("stale", stale).field("occupied", occupied);
        shown.field("trust", trust).field("hook", hook).finish()
    }
}

impl<L: From<Lock>> Builder<L> {
    /// Starts with the default options.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_path_buf(),
            mode: 0o600,
            stale: StalePolicy::default(),
            occupied: OccupiedPolicy::default(),
            trust: Trust::default(),
            hook: None,
            builds: PhantomData,
        }
    }

    /// The permissions of the socket, exactly, whatever the umask; 0o600 if not said. Who may write to it may wait for
    /// the lock; its owner must. Other users are served as well, but the lock is not handed over between users (the next
    /// holder must be able to remove the socket): each change of user sends away whoever waits, and they race. So the
    /// order is that of arrival among the processes of one user alone. What each can do to the others is in
    /// [docs/security.md][security].
    ///
    /// [security]: https://github.com/slocket/slocket/blob/main/docs/security.md
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// What to do about a stale socket; [`StalePolicy::Wait`] if not said.
    pub fn stale(mut self, policy: StalePolicy) -> Self {
        self.stale = policy;
        self
    }

    /// Sets what to do about something at the path that is not a socket. Defaults to [`OccupiedPolicy::Fail`].
    pub fn occupied(mut self, policy: OccupiedPolicy) -> Self {
        self.occupied = policy;
        self
    }

    /// Whose servers are believed; [`Trust::Owner`] if not said.
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Calls `hook` once in each acquire that still waits after that long, to tell the user for whom.
    ///
    /// It is called by the thread or task that waits, holding nothing of the library's; the wait goes on when it returns, so it
    /// should not block. To find out the holder, the library stands in the queue for an instant, as [`Lock::holder`] does.
    /// An attempt that does not queue never calls it.
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
    pub fn on_wait(mut self, after: Duration, hook: impl Fn(&Waiting<'_>) + Send + Sync + 'static) -> Self {
        self.hook = Some(Hook::new(after, hook));
        self
    }

    /// Resolves the folder of the path (following symbolic links), and checks the options. Touches nothing.
    ///
    /// # Errors
    /// `InvalidName`, `InvalidMode`, `ParentMissing`, `PermissionDenied` or `PathTooLong`; `UnsupportedFileSystem` on a network
    /// file system: see [`ErrorKind`](crate::ErrorKind).
    pub fn build(self) -> Result<L, Error> {
        let given = self.path;
        let lock = LockName::from(&given);
        let invalid = |reason| Error::new(&lock, What::InvalidName(reason));
        if given.as_os_str().is_empty() {
            return Err(invalid("it is empty"));
        }
        if given.as_os_str().as_bytes().contains(&0) {
            return Err(invalid("it contains a NUL byte"));
        }
        let Some(name) = given.file_name() else { return Err(invalid("it has no file name")) };
        if self.mode & !0o777 != 0 || self.mode & 0o200 == 0 {
            return Err(Error::new(&lock, What::InvalidMode(self.mode)));
        }
        let parent = match given.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let fault = |errno| Fault::new(errno, "resolve the folder").about(&lock);
        let folder = Folder::open(parent).map_err(fault)?;
        // For messages alone: whatever is exchanged meanwhile, the lock is in the folder that is open.
        let resolved = resolve(&folder, parent).map_err(fault)?;
        let path = resolved.path.join(name);
        if path.as_os_str().len() >= PATH_MAX {
            return Err(Error::new(&path.into(), What::PathTooLong));
        }
        match folder.place().map_err(fault)? {
            Place::Network(name) => {
                return Err(Error::new(&path.into(), What::UnsupportedFileSystem(name.to_owned())));
            }
            Place::Local | Place::Unknown(_) => {}
        }
        let name = Path::new(name);
        let home = Home::Path(AtPath::new(path, &resolved, folder, name, self.mode, self.stale));
        Ok(L::from(Lock::new(home, self.occupied, self.trust, self.hook)))
    }
}

/// A lock by its path or its abstract name, with the options of those who share it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Lock {
    shared: Arc<Shared>,
}

/// What is named: where a socket may be one of ours.
static NAMED: PerProcess<Named> = PerProcess::new();

struct Named(WeakList<Shared>);

impl Inherit for Named {
    const NEW: Self = Self(WeakList::NEW);

    /// The sockets of the parent's locks are those that a child has copies of.
    fn inherit(&mut self) {}
}

#[derive(Debug)]
struct Shared {
    name: LockName,
    home: Home,
    occupied: OccupiedPolicy,
    trust: Trust,
    hook: Option<Hook>,
    queue: LocalQueue,
    lately: Lately,
}

/// Where a lock is.
#[derive(Debug)]
pub(crate) enum Home {
    /// At a path.
    Path(AtPath),
    /// At an abstract name.
    Name(AbstractName),
}

impl Lock {
    pub(crate) fn new(home: Home, occupied: OccupiedPolicy, trust: Trust, hook: Option<Hook>) -> Self {
        let here = Process::current();
        reserve::keep(here);
        let (queue, lately) = (LocalQueue::default(), Lately::default());
        let name = match &home {
            Home::Path(at) => at.path().into(),
            Home::Name(name) => name.name().clone(),
        };
        let shared = Arc::new(Shared { name, home, occupied, trust, hook, queue, lately });
        NAMED.lock(here).0.add(&shared);
        Self { shared }
    }

    /// All that this process has named, or had when it was forked.
    pub(crate) fn all_named(here: Process) -> Vec<Self> {
        NAMED.lock(here).0.alive().map(|shared| Self { shared }).collect()
    }

    /// Returns the name, with the folder of a path resolved.
    #[must_use]
    pub fn name(&self) -> &LockName {
        &self.shared.name
    }

    /// Returns the path, with its folder resolved; `None` for an abstract name.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.name().as_path()
    }

    /// Who holds the lock; `None` if nobody listens at the path.
    ///
    /// It stands in the queue for an instant, without taking the lock.
    ///
    /// # Errors
    /// [`Occupied`](crate::ErrorKind::Occupied) or [`NotASlocket`](crate::ErrorKind::NotASlocket) if something else is at the path; or what the system refused.
    pub fn holder(&self) -> Result<Option<Holder>, Error> {
        session::look(self)
    }

    /// The queue inside this process.
    pub(crate) fn queue(&self) -> &LocalQueue {
        &self.shared.queue
    }

    /// Who held it lately.
    pub(crate) fn lately(&self) -> &Lately {
        &self.shared.lately
    }

    /// Where it is.
    pub(crate) fn home(&self) -> &Home {
        &self.shared.home
    }

    /// The same, if that is a path.
    pub(crate) fn at_path(&self) -> Option<&AtPath> {
        match self.home() {
            Home::Path(at) => Some(at),
            Home::Name(_) => None,
        }
    }

    /// Whether the servers of a user who is not our own are trusted.
    pub(crate) fn trusts_also(&self, user: u32) -> bool {
        self.shared.trust == Trust::Anyone || user == 0
    }

    pub(crate) fn hook(&self) -> Option<&Hook> {
        self.shared.hook.as_ref()
    }

    /// What to do about what is in the way, as the core knows it.
    pub(crate) fn policy(&self) -> Policy {
        let occupied = match self.shared.occupied {
            OccupiedPolicy::Fail => Occupied::Fail,
            OccupiedPolicy::Wait => Occupied::Wait,
        };
        Policy { stale: self.stale().0, occupied }
    }

    /// The policy as the core knows it, and how long a stale socket is put up with. (None is left at an abstract name.)
    pub(crate) fn stale(&self) -> (Stale, Duration) {
        self.at_path().map_or((Stale::Wait, Duration::ZERO), AtPath::stale)
    }

    /// The error that a failed system call is for the user.
    pub(crate) fn error(&self, fault: Fault) -> Error {
        fault.about(self.name())
    }

    /// The error of what went wrong with this lock.
    pub(crate) fn failed(&self, what: What) -> Error {
        Error::new(self.name(), what)
    }
}
