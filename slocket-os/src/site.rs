//! Where a lock is, and what its users have said about it: all that one needs to know to go for it outside.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use slocket_core::{Occupied, Policy, Stale, file_lock};

use crate::abstract_name::AbstractName;
use crate::at_path::AtPath;
use crate::error::{Error, Fault, What};
use crate::lately::Lately;
use crate::name::LockName;
use crate::policy::{OccupiedPolicy, Trust};
use crate::process::{Inherit, PerProcess, Process};
use crate::weak_list::WeakList;

/// All sites of this process: the places where a socket may be one of its own.
static SITES: PerProcess<Sites> = PerProcess::new();

struct Sites(WeakList<Site>);

impl Inherit for Sites {
    const NEW: Self = Self(WeakList::NEW);

    /// The sockets of the parent's locks are those that a child has copies of.
    fn inherit(&mut self) {}
}

/// Where a lock is, and what its users have said about it.
#[derive(Debug)]
pub(crate) struct Site {
    name: LockName,
    home: Home,
    occupied: OccupiedPolicy,
    trust: Trust,
    lately: Lately,
}

/// A path or a name.
#[derive(Debug)]
pub(crate) enum Home {
    /// At a path.
    Path(Box<AtPath>),
    /// At an abstract name.
    Name(AbstractName),
}

impl Site {
    /// `name` has the folder of a path resolved.
    #[inline]
    pub(crate) fn new(name: LockName, home: Home, occupied: OccupiedPolicy, trust: Trust, here: Process) -> Arc<Self> {
        let site = Arc::new(Self { name, home, occupied, trust, lately: Lately::default() });
        SITES.lock(here).0.add(&site);
        site
    }

    /// All that this process has named, or had when it was forked.
    pub(crate) fn all(here: Process) -> Vec<Arc<Self>> {
        SITES.lock(here).0.alive().collect()
    }

    /// The name, with the folder of a path resolved.
    pub(crate) fn name(&self) -> &LockName {
        &self.name
    }

    /// The path, with its folder resolved; `None` for an abstract name.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.name.as_path()
    }

    /// The last known holder.
    pub(crate) fn lately(&self) -> &Lately {
        &self.lately
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// The same, if that is a path.
    pub(crate) fn at_path(&self) -> Option<&AtPath> {
        match &self.home {
            Home::Path(at) => Some(at),
            Home::Name(_) => None,
        }
    }

    /// What its files can do, if the lock is a locked file rather than a socket.
    pub(crate) fn lock_file(&self) -> Option<file_lock::Platform> {
        self.at_path().and_then(AtPath::lock_file)
    }

    /// Whether the servers of a user who is not our own are trusted.
    pub(crate) fn trusts_also(&self, user: u32) -> bool {
        self.trust == Trust::Anyone || user == 0
    }

    /// What to do about what is in the way, as the core knows it.
    pub(crate) fn policy(&self) -> Policy {
        let occupied = match self.occupied {
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
        fault.about(&self.name)
    }

    /// The error of what went wrong with this lock.
    pub(crate) fn failed(&self, what: What) -> Error {
        Error::new(&self.name, what)
    }
}
