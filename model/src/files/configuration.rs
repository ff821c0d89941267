//! Which processes take part, what each wants, and what may go wrong.

use std::fmt;

use super::bug::Bug;
use crate::broken::Broken;

/// One thing that a process does with the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Act {
    /// Acquires it.
    Acquire,
    /// Tries to.
    Try,
    /// Takes a shared lock.
    Share,
    /// Tries to.
    TryShare,
    /// Takes one of so many slots.
    Slot(u16),
    /// Tries to.
    TrySlot(u16),
    /// Looks whether it is held.
    Look,
    /// Makes the lock that it holds a shared one.
    Downgrade,
    /// Gives back what it has.
    Release,
}

/// What a process does, one after the other. What follows a request that came to nothing is left out, up to the next request.
pub type Script = &'static [Act];

/// What something at the path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A file of the lock.
    Lock,
    /// A file with other contents.
    Foreign,
    /// What cannot be opened for reading and writing.
    Folder,
}

/// A child that one of the processes forks at any instant, without exec: it has a copy of each open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// It ends at any instant.
    Ends,
    /// It never ends.
    Stays,
}

/// Everything about a world that does not change.
#[derive(Clone, Copy, Debug)]
pub struct Configuration {
    /// What each process does.
    pub scripts: &'static [Script],
    /// Files are removed.
    pub removes: bool,
    /// [`Timer::Retry`](slocket_core::Timer::Retry) may fire, at any time. Without it each process has to be woken.
    pub timers: bool,
    /// The system has a watch to give.
    pub watch: bool,
    /// No file can be removed after all: the folder belongs to others.
    pub denies: bool,
    /// So many processes are killed, at any instant.
    pub kills: u8,
    /// So many requests are cancelled (of the first, the third ... process) or time out (of the others), at any rest.
    pub stops: u8,
    /// So many calls fail.
    pub failures: u8,
    /// A process forks.
    pub fork: Option<Fork>,
    /// What is at the path at first, and is removed at any time.
    pub there: Option<Kind>,
    /// A person removes the path while a process holds the lock.
    pub administrator: bool,
    /// The planted bug.
    pub bug: Option<Bug>,
    /// The only promise that is looked at, if not all.
    pub promise: Option<Broken>,
}

impl Configuration {
    /// Whether a look may have made a process leave a file: it has the file locked for an instant, as the process with the turn has. Only one
    /// that waits until it has the turn leaves nothing then.
    pub(super) fn looks_leave_files(&self) -> bool {
        let has = |wanted: fn(&Act) -> bool| self.scripts.iter().any(|script| script.iter().any(wanted));
        let all_wait = self.stops == 0 && !has(|act| !matches!(act, Act::Acquire | Act::Release | Act::Look));
        has(|act| *act == Act::Look) && !all_wait
    }

    /// Where files are removed, and nothing goes wrong; no timer fires.
    #[must_use]
    pub const fn of(scripts: &'static [Script]) -> Self {
        Self {
            scripts,
            removes: true,
            timers: false,
            watch: true,
            denies: false,
            kills: 0,
            stops: 0,
            failures: 0,
            fork: None,
            there: None,
            administrator: false,
            bug: None,
            promise: None,
        }
    }

    /// Files stay.
    #[must_use]
    pub const fn stays(self) -> Self {
        Self { removes: false, ..self }
    }

    /// Timers fire.
    #[must_use]
    pub const fn timers(self) -> Self {
        Self { timers: true, ..self }
    }

    /// There is no watch, so that timers are all that wakes.
    #[must_use]
    pub const fn without_watch(self) -> Self {
        Self { watch: false, timers: true, ..self }
    }

    /// No file can be removed after all.
    #[must_use]
    pub const fn denies(self) -> Self {
        Self { denies: true, ..self }
    }

    /// So many are killed. (Nothing tells of a kill but a timer.)
    #[must_use]
    pub const fn kills(self, kills: u8) -> Self {
        Self { kills, timers: true, ..self }
    }

    /// So many requests are stopped.
    #[must_use]
    pub const fn stops(self, stops: u8) -> Self {
        Self { stops, ..self }
    }

    /// So many calls fail. (After a failed touch, a timer wakes.)
    #[must_use]
    pub const fn failures(self, failures: u8) -> Self {
        Self { failures, timers: true, ..self }
    }

    /// A process forks.
    #[must_use]
    pub const fn fork(self, fork: Fork) -> Self {
        Self { fork: Some(fork), ..self }
    }

    /// This is at the path at first.
    #[must_use]
    pub const fn there(self, kind: Kind) -> Self {
        Self { there: Some(kind), ..self }
    }

    /// A person removes the path.
    #[must_use]
    pub const fn administrator(self) -> Self {
        Self { administrator: true, ..self }
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "files{}", if self.removes { "" } else { " that stay" })?;
        for script in self.scripts {
            write!(f, " {script:?}")?;
        }
        if self.timers {
            f.write_str(", timers")?;
        }
        if !self.watch {
            f.write_str(", no watch")?;
        }
        if self.denies {
            f.write_str(", none can be removed")?;
        }
        for (count, what) in [(self.kills, "kills"), (self.stops, "stops"), (self.failures, "failures")] {
            if count > 0 {
                write!(f, ", {what}: {count}")?;
            }
        }
        if let Some(fork) = self.fork {
            write!(f, ", a fork: {fork:?}")?;
        }
        if let Some(kind) = self.there {
            write!(f, ", at first there: {kind:?}")?;
        }
        if self.administrator {
            f.write_str(", an administrator")?;
        }
        if let Some(bug) = self.bug {
            write!(f, ", {bug:?}")?;
        }
        Ok(())
    }
}
