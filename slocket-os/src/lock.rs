//! A lock by its path or its abstract name.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use slocket_core::{Occupied, Policy, Stale};

use crate::abstract_name::AbstractName;
use crate::at_path::AtPath;
use crate::deadlock::{self, Inside};
use crate::error::{Error, Fault, TryAcquireError, What};
use crate::guard::Guard;
use crate::lately::Lately;
use crate::local::LocalQueue;
use crate::name::LockName;
use crate::peer::Holder;
use crate::policy::{OccupiedPolicy, Trust};
use crate::process::{Inherit, PerProcess, Process};
use crate::reserve;
use crate::session::{self, Outcome, Session};
use crate::waiting::Hook;
use crate::weak_list::WeakList;

/// A lock by its path or its abstract name, with the options of those who share it. Cheap to clone.
///
/// It is what the adapters' handles are made of. They convert into each other by way of it, and all handles that were made from
/// one share one queue inside the process.
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

    /// Acquires the lock, blocking the thread until its turn comes, or until the deadline.
    ///
    /// # Errors
    /// [`TimedOut`](crate::ErrorKind::TimedOut) at the deadline; [`Deadlock`](crate::ErrorKind::Deadlock), with debug assertions,
    /// without a deadline and where it can be known; `Occupied`, `NotASlocket`, `Untrusted`, `Stale`,
    /// `PermissionDenied`, `ParentMissing`, or what else the system refused: see [`ErrorKind`](crate::ErrorKind).
    pub fn acquire_blocking(&self, deadline: Option<Instant>) -> Result<Guard, Error> {
        if deadline.is_none() {
            deadlock::check(self)?;
        }
        let mut session = Session::acquire_until(self, deadline);
        if deadline.is_none() {
            deadlock::check_waiting(self, &mut session)?;
        }
        match block_on(session)? {
            Outcome::Acquired(guard) => Ok(guard),
            Outcome::WouldBlock => unreachable!("an acquire ends with the lock or an error"),
        }
    }

    /// Acquires the lock, blocking the thread, runs `body` while holding it, and releases it. Returns what the body returns.
    ///
    /// # Errors
    /// As of [`acquire_blocking`](Self::acquire_blocking): the body has not run. As of [`Guard::release`]: it has.
    pub fn with_lock<T>(&self, body: impl FnOnce() -> T) -> Result<T, Error> {
        let guard = self.acquire_blocking(None)?;
        let inside = Inside::of(self);
        let value = body();
        drop(inside);
        guard.release()?;
        Ok(value)
    }

    /// Acquires the lock if that is possible without queueing. Blocks the thread for about 10 milliseconds at most, to see
    /// whether the one in the way is only passing through: another process that repairs a crash, for example.
    ///
    /// # Errors
    /// [`TryAcquireError::WouldBlock`] if the lock is held, or the error, as of [`acquire_blocking`](Self::acquire_blocking).
    pub fn try_acquire(&self) -> Result<Guard, TryAcquireError> {
        match block_on(Session::try_acquire(self))? {
            Outcome::Acquired(guard) => Ok(guard),
            Outcome::WouldBlock => Err(TryAcquireError::WouldBlock),
        }
    }

    /// Acquires the lock if that is possible at once: as [`try_acquire`](Self::try_acquire), but whoever is in the way is not
    /// looked at twice, so the thread never sleeps.
    ///
    /// # Errors
    /// [`TryAcquireError::WouldBlock`] if the lock is held, or another process is just passing through; or the error, as of
    /// [`acquire_blocking`](Self::acquire_blocking).
    pub fn try_acquire_at_once(&self) -> Result<Guard, TryAcquireError> {
        match Session::try_acquire(self).outcome() {
            Some(Ok(Outcome::Acquired(guard))) => Ok(guard),
            Some(Ok(Outcome::WouldBlock)) | None => Err(TryAcquireError::WouldBlock),
            Some(Err(error)) => Err(error.into()),
        }
    }

    /// Returns who holds the lock; `None` if no process listens there.
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

impl AsRef<Self> for Lock {
    fn as_ref(&self) -> &Self {
        self
    }
}

// A panic while the lock is held leaves nothing of the library's half done: the guard releases the lock.
impl UnwindSafe for Lock {}
impl RefUnwindSafe for Lock {}

/// Blocks the thread until the session has an outcome.
fn block_on(mut session: Session) -> Result<Outcome, Error> {
    loop {
        if let Some(outcome) = session.outcome() {
            return outcome;
        }
        session.block();
        session.wake();
    }
}
