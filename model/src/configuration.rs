//! The participants, and what may go wrong.

use std::fmt;

use slocket_core::{Hints, Home, Platform, Probe as CoreProbe, Ways};

use crate::broken::Broken;
use crate::bug::Bug;
use crate::cast::Cast;

/// What tells a living socket from a dead one on a kernel (protocol section 2, "the probe").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// A datagram socket that is connected.
    Datagram,
    /// A connection, of listening sockets. (A datagram socket is refused whatever it is connected to, and a listener that is
    /// shut down for reading does not refuse: gVisor.)
    Stream,
    /// Nothing.
    None,
}

/// What the umask takes from the mode of a new socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Umask {
    /// Nothing.
    Clear,
    /// Bits of others.
    Spoils,
    /// That its owner may write, too: no client can connect until the mode is set.
    Locks,
}

/// What is explored.
#[derive(Clone, Copy, Debug)]
pub struct Configuration {
    /// Whether the lock is at an abstract name.
    pub at_name: bool,
    /// The processes, five at most.
    pub cast: &'static [Cast],
    /// How often each acquires.
    pub rounds: u8,
    /// How many processes may be killed, at any step.
    pub crashes: u8,
    /// How many attempts may be cancelled, at any step.
    pub cancels: u8,
    /// How many system calls may fail for want of something: a socket, accept, a send, a message's descriptor, a mark.
    pub failures: u8,
    /// How often a client that lingers at a server that may lend may take its leave: tell it, or cut the connection.
    pub dismissals: u8,
    /// The backlog: the queue takes one more.
    pub backlog: u8,
    /// What tells a living socket from a dead one.
    pub probe: Probe,
    /// Whether sockets are published aside always, as where the umask has been seen to take bits away.
    pub aside: bool,
    /// Whether other users can rename in the folder.
    pub is_shared: bool,
    /// Whether every participant takes the path for in use at first.
    pub in_use: bool,
    /// Whether the path does not lead to the folder, so that a socket is bound by way of `/proc`.
    pub unfixed: bool,
    /// Whether `/proc` is mounted.
    pub has_proc: bool,
    /// Whether the file system cannot rename without replacing.
    pub links: bool,
    /// What the umask takes from the mode of a new socket.
    pub umask: Umask,
    /// Whether the file system is not known to be local.
    pub elsewhere: bool,
    /// Whether flock(2) fails.
    pub guardless: bool,
    /// Whether the kernel cannot set the times of an open file by its descriptor.
    pub old_times: bool,
    /// Whether the kernel must still be asked how a socket is probed.
    pub asks_kernel: bool,
    /// Whether each call is a step of its own, including those that no other process can see.
    pub every_call: bool,
    /// Whether what is done with a socket in one procedure is one step: it is bound and listens, it is given up. (So more that take
    /// shares can be explored.)
    pub coarse: bool,
    /// Whether a chmod can come in the same tick of the file system's clock as the bind before.
    pub same_tick: bool,
    /// Whether only the owner of a socket may remove it, as in a sticky folder.
    pub sticky: bool,
    /// Whether the slow re-check of a watched path fires. (Without it a lost wake-up is seen.)
    pub rechecks: bool,
    /// How many slots there are, three at most.
    pub slots: u8,
    /// The only promise that is looked at, if it is not all of them.
    pub promise: Option<Broken>,
    /// The variant, if one is planted.
    pub bug: Option<Bug>,
}

impl Configuration {
    /// Each once, and nothing goes wrong.
    #[must_use]
    pub const fn of(cast: &'static [Cast]) -> Self {
        Self {
            at_name: false,
            cast,
            rounds: 1,
            crashes: 0,
            cancels: 0,
            failures: 0,
            dismissals: 0,
            backlog: 4,
            probe: Probe::Datagram,
            aside: false,
            is_shared: false,
            in_use: false,
            unfixed: false,
            has_proc: true,
            links: false,
            umask: Umask::Clear,
            elsewhere: false,
            guardless: false,
            old_times: false,
            asks_kernel: false,
            every_call: false,
            coarse: false,
            same_tick: false,
            sticky: false,
            rechecks: false,
            slots: 2,
            promise: None,
            bug: None,
        }
    }

    /// The lock is at an abstract name.
    #[must_use]
    pub const fn at_name(self) -> Self {
        Self { at_name: true, ..self }
    }

    /// Sets how many rounds there are.
    #[must_use]
    pub const fn rounds(self, rounds: u8) -> Self {
        Self { rounds, ..self }
    }

    /// Sets how many processes may be killed.
    #[must_use]
    pub const fn crashes(self, crashes: u8) -> Self {
        Self { crashes, ..self }
    }

    /// Sets how many requests may be cancelled.
    #[must_use]
    pub const fn cancels(self, cancels: u8) -> Self {
        Self { cancels, ..self }
    }

    /// Sets how many calls may fail.
    #[must_use]
    pub const fn failures(self, failures: u8) -> Self {
        Self { failures, ..self }
    }

    /// Sets how many farewells there may be.
    #[must_use]
    pub const fn dismissals(self, dismissals: u8) -> Self {
        Self { dismissals, ..self }
    }

    /// This backlog.
    #[must_use]
    pub const fn backlog(self, backlog: u8) -> Self {
        Self { backlog, ..self }
    }

    /// On a kernel that can be asked this way.
    #[must_use]
    pub const fn probe(self, probe: Probe) -> Self {
        Self { probe, ..self }
    }

    /// Published aside always.
    #[must_use]
    pub const fn aside(self) -> Self {
        Self { aside: true, ..self }
    }

    /// In a folder in which other users can rename.
    #[must_use]
    pub const fn shared(self) -> Self {
        Self { is_shared: true, ..self }
    }

    /// Every participant takes the path for in use at first.
    #[must_use]
    pub const fn in_use(self) -> Self {
        Self { in_use: true, ..self }
    }

    /// Bound by way of `/proc`.
    #[must_use]
    pub const fn unfixed(self) -> Self {
        Self { unfixed: true, ..self }
    }

    /// Without `/proc`.
    #[must_use]
    pub const fn without_proc(self) -> Self {
        Self { has_proc: false, ..self }
    }

    /// On a file system that cannot rename without replacing.
    #[must_use]
    pub const fn with_links(self) -> Self {
        Self { links: true, ..self }
    }

    /// On a file system that is not known to be local.
    #[must_use]
    pub const fn elsewhere(self) -> Self {
        Self { elsewhere: true, ..self }
    }

    /// Where flock(2) fails.
    #[must_use]
    pub const fn guardless(self) -> Self {
        Self { guardless: true, ..self }
    }

    /// On a kernel that sets no times by a descriptor alone.
    #[must_use]
    pub const fn old_times(self) -> Self {
        Self { old_times: true, ..self }
    }

    /// The kernel is asked for its probe.
    #[must_use]
    pub const fn asks_kernel(self) -> Self {
        Self { asks_kernel: true, ..self }
    }

    /// Each call is a step of its own.
    #[must_use]
    pub const fn with_every_call(self) -> Self {
        Self { every_call: true, ..self }
    }

    /// What is done with a socket in one procedure is one step.
    #[must_use]
    pub const fn coarse(self) -> Self {
        Self { coarse: true, ..self }
    }

    /// Under this umask.
    #[must_use]
    pub const fn umask(self, umask: Umask) -> Self {
        Self { umask, ..self }
    }

    /// With a clock that stands still.
    #[must_use]
    pub const fn same_tick(self) -> Self {
        Self { same_tick: true, ..self }
    }

    /// In a sticky folder.
    #[must_use]
    pub const fn sticky(self) -> Self {
        Self { sticky: true, ..self }
    }

    /// This promise alone.
    #[must_use]
    pub const fn promise(self, promise: Broken) -> Self {
        Self { promise: Some(promise), ..self }
    }

    /// With so many slots.
    #[must_use]
    pub const fn slots(self, slots: u8) -> Self {
        Self { slots, ..self }
    }

    /// With the re-check.
    #[must_use]
    pub const fn with_rechecks(self) -> Self {
        Self { rechecks: true, ..self }
    }

    /// Whether a process is of another user than most.
    pub(crate) fn is_foreign(&self, process: usize) -> bool {
        matches!(self.cast[process], Cast::OtherUser | Cast::OtherReader | Cast::Stranger | Cast::Pest)
    }

    fn has_slots(&self) -> bool {
        self.cast.iter().any(|cast| matches!(cast, Cast::Slot | Cast::TrySlot))
    }

    /// Whether any participant takes shares.
    pub(crate) fn has_shares(&self) -> bool {
        self.cast.iter().any(|cast| {
            matches!(
                cast,
                Cast::Reader
                    | Cast::TryReader
                    | Cast::OtherReader
                    | Cast::Slot
                    | Cast::OneSlot
                    | Cast::TrySlot
                    | Cast::Downgrader
            )
        })
    }

    /// What the participants know of the system.
    pub(crate) fn platform(&self) -> Platform {
        // (Whether `/proc` is there is seen when it is needed.)
        let ways = Ways { path: true, proc: true };
        let others_rename =
            self.cast.iter().any(|cast| matches!(cast, Cast::OtherUser | Cast::OtherReader | Cast::Stranger));
        let probe = match self.probe {
            _ if self.asks_kernel => None,
            Probe::Stream if self.has(Bug::DatagramBelieved) => Some(CoreProbe::Datagram),
            Probe::Datagram => Some(CoreProbe::Datagram),
            Probe::Stream => Some(CoreProbe::Stream),
            Probe::None => Some(CoreProbe::None),
        };
        Platform {
            home: if self.at_name { Home::Name } else { Home::Path },
            is_private: !self.is_shared && (self.sticky || !others_rename),
            lock: ways,
            temporary: ways,
            probe,
            shares: self.has_shares(),
        }
    }

    /// What they have learned of the lock.
    pub(crate) fn hints(&self) -> Hints {
        Hints { in_use: self.in_use, unfixed: self.unfixed, spoiled: self.aside }
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cast: Vec<_> = self.cast.iter().map(|cast| format!("{cast:?}").to_lowercase()).collect();
        write!(f, "{}, {} round{}", cast.join(" "), self.rounds, if self.rounds == 1 { "" } else { "s" })?;
        let mishaps = [
            (self.crashes, "kill"),
            (self.cancels, "cancel"),
            (self.failures, "failing call"),
            (self.dismissals, "farewell"),
        ];
        for (number, what) in mishaps {
            match number {
                0 => {}
                1 => write!(f, ", 1 {what}")?,
                _ => write!(f, ", {number} {what}s")?,
            }
        }
        if self.at_name {
            write!(f, ", at an abstract name")?;
        }
        match self.probe {
            Probe::Datagram => {}
            Probe::Stream => write!(f, ", a connection for a probe")?,
            Probe::None => write!(f, ", no probe")?,
        }
        if self.aside {
            write!(f, ", aside")?;
        }
        match self.umask {
            Umask::Clear => {}
            Umask::Spoils => write!(f, ", a umask that spoils modes")?,
            Umask::Locks => write!(f, ", a umask that locks sockets")?,
        }
        let surroundings = [
            (self.is_shared, "in a folder in which others rename"),
            (self.in_use, "taken for in use"),
            (self.unfixed, "bound by way of /proc"),
            (!self.has_proc, "without /proc"),
            (self.links, "without a rename that does not replace"),
            (self.elsewhere, "not known to be local"),
            (self.guardless, "without flock"),
            (self.old_times, "without times by descriptor"),
            (self.asks_kernel, "asks for the probe"),
            (self.every_call, "each call a step"),
            (self.coarse, "each procedure of a socket a step"),
        ];
        for (_, what) in surroundings.into_iter().filter(|(is_so, _)| *is_so) {
            write!(f, ", {what}")?;
        }
        if self.same_tick {
            write!(f, ", a clock that stands still")?;
        }
        if self.backlog < 4 {
            write!(f, ", backlog {}", self.backlog)?;
        }
        if self.sticky {
            write!(f, ", in a sticky folder")?;
        }
        if self.has_slots() {
            write!(f, ", {} slots", self.slots)?;
        }
        if self.rechecks {
            write!(f, ", re-checks")?;
        }
        if let Some(promise) = self.promise {
            write!(f, ", {promise:?} alone")?;
        }
        Ok(())
    }
}
