//! Who takes part, and what may go wrong.

use std::fmt;

use slocket_core::{Hints, Home, Platform, Probe as CoreProbe, Ways};

use crate::bug::Bug;
use crate::world::Broken;

/// Who plays in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    /// A crash-safe participant that acquires.
    Safe,
    /// A crash-safe participant that tries.
    Try,
    /// A crash-safe participant that cannot read the folder: it can guard nothing.
    Unreadable,
    /// A crash-safe participant that acquires, of another user. (All trust each other.)
    OtherUser,
    /// A crash-safe participant that acquires, and removes an unmarked socket as well when it has put up with it for a while.
    Impatient,
    /// A crash-safe participant that acquires, and fails at a stale socket.
    Strict,
    /// A crash-safe participant that acquires a shared lock.
    Reader,
    /// A crash-safe participant that tries for a shared lock.
    TryReader,
    /// A crash-safe participant that acquires a shared lock, of another user.
    OtherReader,
    /// A crash-safe participant that acquires a slot.
    Slot,
    /// A crash-safe participant that acquires a slot, and takes it for the only one.
    OneSlot,
    /// A crash-safe participant that tries for a slot.
    TrySlot,
    /// A crash-safe participant that acquires the lock, and makes it a shared one.
    Downgrader,
    /// A participant of the npm package.
    Npm,
    /// A stranger who uses flock(1) on the folder.
    Locker,
    /// A stranger who removes the file that is at the path first.
    Remover,
    /// A program that connects without a badge, to an abstract name. (At a path that is an npm client.)
    Caller,
    /// An administrator whose chmods strip, set, or write back the sticky bit of whatever is there, any number of times, at any
    /// instant.
    Administrator,
    /// A hostile server of a user who is not trusted: binds where it can, and sends whatever it likes to whoever comes.
    Stranger,
    /// The same, of the lock's own user. (It can grant to whomever it likes; it must not get our name for its listener.)
    Traitor,
    /// A hostile client of another user: it connects, never reads, and ends when it likes.
    Pest,
    /// The same, of the lock's own user.
    Vandal,
    /// Somebody who removes the path by hand while it is held.
    Human,
    /// A child that a crash-safe participant forks, at any instant: it has copies of everything, and drops them at any time, or
    /// never.
    Child,
    /// A child that closes its copies, and then acquires the lock itself.
    Heir,
    /// A child that takes the lock over that its parent holds.
    Daemon,
    /// A program that touches whatever is there, any number of times, at any instant.
    Toucher,
}

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
    /// That its owner may write, too: nobody can connect until the mode is set.
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
    /// How often somebody who lingers at a server that may lend may take its leave: tell it, or cut the connection.
    pub dismissals: u8,
    /// The backlog: the queue takes one more.
    pub backlog: u8,
    /// What tells a living socket from a dead one.
    pub probe: Probe,
    /// Whether sockets are published aside always, as where the umask has been seen to take bits away.
    pub aside: bool,
    /// Whether other users can rename in the folder.
    pub is_shared: bool,
    /// Whether everybody takes the path for in use at first.
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
    /// Whether each call is a step of its own, those that nobody can see, too.
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

    /// So many rounds.
    #[must_use]
    pub const fn rounds(self, rounds: u8) -> Self {
        Self { rounds, ..self }
    }

    /// So many kills.
    #[must_use]
    pub const fn crashes(self, crashes: u8) -> Self {
        Self { crashes, ..self }
    }

    /// So many cancels.
    #[must_use]
    pub const fn cancels(self, cancels: u8) -> Self {
        Self { cancels, ..self }
    }

    /// So many calls that fail.
    #[must_use]
    pub const fn failures(self, failures: u8) -> Self {
        Self { failures, ..self }
    }

    /// So many farewells.
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

    /// Everybody takes the path for in use at first.
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

    /// Whether anybody takes shares.
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
        let ways = Ways { path: true, proc: self.has_proc };
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

use Cast::{
    Administrator, Caller, Child, Daemon, Downgrader, Heir, Human, Impatient, Locker, Npm, OneSlot, OtherReader,
    OtherUser, Pest, Reader, Remover, Safe, Slot, Stranger, Strict, Toucher, Traitor, Try, TryReader, TrySlot,
    Unreadable, Vandal,
};

/// What every change must pass: explored by the tests.
pub const QUICK: &[Configuration] = &[
    // Crash-safe participants alone.
    Configuration::of(&[Safe, Safe]).rounds(2).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe]).rounds(2).crashes(1).cancels(1).failures(1).backlog(0),
    Configuration::of(&[Safe, Safe, Safe]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Safe]).crashes(1).cancels(1).backlog(0),
    Configuration::of(&[Safe, Safe, Try]).crashes(1).cancels(1),
    // In strange surroundings.
    Configuration::of(&[Safe, Safe, Unreadable]).crashes(1).cancels(1),
    Configuration::of(&[Unreadable, Unreadable, Locker]).rounds(2).crashes(1),
    Configuration::of(&[Safe, Safe, Locker]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Remover]).rounds(2).crashes(1).cancels(1),
    // Of two users.
    Configuration::of(&[Safe, OtherUser]).rounds(2).crashes(2).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, OtherUser]).crashes(1).cancels(1),
    Configuration::of(&[Safe, OtherUser]).rounds(2).crashes(1).cancels(1).sticky(),
    Configuration::of(&[Safe, Safe, OtherUser]).cancels(1).sticky(),
    Configuration::of(&[Safe, OtherUser]).at_name().rounds(2).crashes(1).cancels(1),
    // Who removes unmarked sockets, too, has the lock whoever is killed. (But not alone, as documented: npm's may stand still
    // between the two halves of bind, or hold what a dead lender lent it.)
    Configuration::of(&[Impatient, Npm]).rounds(2).crashes(1).cancels(1).promise(Broken::Lost),
    Configuration::of(&[Impatient, Impatient, Npm]).crashes(1).promise(Broken::Lost),
    // With npm's.
    Configuration::of(&[Safe, Npm]).rounds(2).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Npm, Npm]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[OtherUser, Safe, Npm]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Npm, Npm]).rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Npm]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Try, Npm]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Npm, Npm]),
    Configuration::of(&[Safe, Npm, Locker]).crashes(1).cancels(1).with_rechecks(),
    Configuration::of(&[Safe, Npm, Npm]).rounds(2).crashes(1).cancels(1).dismissals(1),
    Configuration::of(&[Safe, Safe, Npm]).crashes(1).cancels(2).dismissals(2),
    // With somebody who changes what the mark is made of.
    Configuration::of(&[Safe, Safe, Administrator]).rounds(2).crashes(1),
    Configuration::of(&[Safe, Safe, Toucher]).rounds(2).crashes(1),
    Configuration::of(&[Safe, Safe, Administrator]).shared().crashes(1),
    Configuration::of(&[Safe, Npm, Administrator]).shared().crashes(1),
    Configuration::of(&[Safe, Safe, Administrator]).shared().aside().crashes(1),
    Configuration::of(&[Safe, Npm, Npm, Administrator]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Npm, Npm, Toucher]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Npm, Administrator]).rounds(2).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Npm, Toucher]).rounds(2).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Npm, Administrator]).cancels(1),
    Configuration::of(&[Safe, Safe, Npm, Toucher]).crashes(1),
    // On a kernel that is asked by a connection, and on one that tells nothing.
    Configuration::of(&[Safe, Safe]).probe(Probe::Stream).rounds(2).crashes(2).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Safe]).probe(Probe::Stream).cancels(1),
    Configuration::of(&[Safe, Safe, Safe]).probe(Probe::Stream).backlog(0),
    Configuration::of(&[Safe, Safe, Locker]).probe(Probe::Stream).crashes(1),
    Configuration::of(&[Safe, Safe, Npm]).probe(Probe::Stream).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe]).probe(Probe::None).rounds(2).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Npm]).probe(Probe::None).crashes(1).cancels(1),
    // With a child that is forked at any instant.
    Configuration::of(&[Safe, Safe, Child]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Child]).rounds(2).cancels(1),
    Configuration::of(&[Safe, Safe, Heir]).crashes(1),
    Configuration::of(&[Safe, Safe, Daemon]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Locker, Child]),
    Configuration::of(&[Safe, Npm, Child]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Npm, Npm, Child]).cancels(1),
    Configuration::of(&[Safe, Safe, Npm, Child]).cancels(1),
    Configuration::of(&[Safe, Safe, Npm, Daemon]),
    Configuration::of(&[Safe, Safe, Child]).probe(Probe::Stream).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Child]).at_name().crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Heir]).at_name().crashes(1),
    // With hostile servers and clients.
    Configuration::of(&[Safe, Safe, Stranger]).crashes(1),
    Configuration::of(&[Safe, Safe, Stranger]).sticky().crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Stranger]).at_name().rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Traitor]).rounds(2).crashes(1).cancels(1).promise(Broken::Believed),
    Configuration::of(&[Safe, Safe, Pest]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Vandal]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Safe, Human]).cancels(1),
    Configuration::of(&[Safe, Safe, Pest]).at_name().rounds(2).cancels(1),
    Configuration::of(&[Safe, Npm, Pest]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Npm, Vandal]).crashes(1),
    // At an abstract name.
    Configuration::of(&[Safe, Safe]).at_name().rounds(2).crashes(2).cancels(2).failures(2),
    Configuration::of(&[Safe, Safe]).at_name().rounds(2).crashes(1).cancels(1).failures(1).backlog(0),
    Configuration::of(&[Safe, Safe, Safe]).at_name().rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Safe]).at_name().crashes(2).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Try]).at_name().crashes(1).cancels(1).backlog(0),
    Configuration::of(&[Safe, Safe, Caller]).at_name().rounds(2).crashes(1).cancels(1),
    // A participant that fails at a stale socket is never told that a live one is stale.
    Configuration::of(&[Strict, Npm]).rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Strict, Safe, Npm]).crashes(1),
    // Where sockets are published aside always.
    Configuration::of(&[Safe, Safe]).aside().rounds(2).crashes(1),
    Configuration::of(&[Safe, Npm]).aside().rounds(2).crashes(1).cancels(1),
    // In a folder in which others rename, or of which the path does not lead there.
    Configuration::of(&[Safe, Safe]).shared().rounds(2).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Npm]).shared().crashes(1),
    Configuration::of(&[Safe, Safe, Locker]).shared().crashes(1),
    Configuration::of(&[Safe, Safe]).unfixed().rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Npm]).unfixed().crashes(1),
    // Without /proc.
    Configuration::of(&[Safe, Safe]).without_proc().rounds(2).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Safe]).without_proc().crashes(1),
    Configuration::of(&[Safe, Safe, Npm]).without_proc().crashes(1).cancels(1),
    Configuration::of(&[Safe, Npm, Npm]).without_proc().crashes(1).cancels(1),
    // On a file system that cannot rename without replacing.
    Configuration::of(&[Safe, Safe, Locker]).with_links().crashes(1),
    Configuration::of(&[Safe, Safe]).with_links().aside().crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe]).with_links().aside().shared().crashes(1),
    // Under an odd umask.
    Configuration::of(&[Safe, Safe]).umask(Umask::Spoils).rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Npm]).umask(Umask::Spoils).crashes(1),
    Configuration::of(&[Safe, Safe]).umask(Umask::Spoils).shared().crashes(1).failures(1),
    Configuration::of(&[Safe, Safe]).umask(Umask::Locks).rounds(2).crashes(2).cancels(1),
    Configuration::of(&[Safe, Safe, Locker]).umask(Umask::Locks).crashes(1),
    Configuration::of(&[Safe, Safe]).umask(Umask::Locks).probe(Probe::Stream).rounds(2).crashes(1).cancels(1),
    // On a file system that is not known to be local, and where flock(2) fails.
    Configuration::of(&[Safe, Safe]).elsewhere().rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Npm]).elsewhere().crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe]).elsewhere().probe(Probe::Stream).rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe]).guardless().rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Npm]).guardless().rounds(2).crashes(1).cancels(1),
    // Where the lock was in use when everybody last came.
    Configuration::of(&[Safe, Safe]).in_use().rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Safe]).in_use().crashes(1),
    Configuration::of(&[Safe, Safe, Npm]).in_use().crashes(1).cancels(1),
    Configuration::of(&[Safe, Try, Npm]).in_use().crashes(1).cancels(1),
    // On an old kernel, and on one that is still to be asked for its probe.
    Configuration::of(&[Safe, Safe]).old_times().shared().rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Npm]).old_times().shared().crashes(1),
    Configuration::of(&[Safe, Safe]).old_times().without_proc().rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe]).asks_kernel().rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Npm]).asks_kernel().probe(Probe::Stream).crashes(1),
    Configuration::of(&[Safe, Safe]).asks_kernel().probe(Probe::None).rounds(2).crashes(1).cancels(1),
    // Where each call is a step, those that nobody can see, too.
    Configuration::of(&[Safe, Safe]).with_every_call().crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Npm]).with_every_call().crashes(1),
    Configuration::of(&[Safe, Npm]).with_every_call().rounds(2).crashes(1).cancels(1).dismissals(1),
    Configuration::of(&[Safe, Try]).with_every_call().crashes(1).cancels(1),
    Configuration::of(&[Safe, OtherUser]).with_every_call().rounds(2).crashes(1),
    Configuration::of(&[Safe, Safe, Child]).with_every_call(),
    Configuration::of(&[Safe, Npm, Administrator]).with_every_call().crashes(1),
    Configuration::of(&[Safe, Npm, Toucher]).with_every_call().crashes(1),
    Configuration::of(&[Safe, Safe, Locker]).with_every_call(),
    Configuration::of(&[Safe, Stranger]).with_every_call().crashes(1),
    Configuration::of(&[Safe, Safe]).with_every_call().probe(Probe::Stream).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe]).with_every_call().aside().with_links().shared(),
    Configuration::of(&[Safe, Safe]).with_every_call().without_proc().crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe]).with_every_call().umask(Umask::Locks).crashes(1),
    Configuration::of(&[Safe, Safe]).with_every_call().at_name().rounds(2).crashes(1).cancels(1).failures(1),
    // With those who take shares: shared locks, slots, both; tries, and a lock that becomes a share.
    Configuration::of(&[Safe, Reader]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Reader, Reader]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Reader]).rounds(2).cancels(1),
    Configuration::of(&[Reader, Reader]).rounds(2),
    Configuration::of(&[Safe, Slot]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Slot, Slot]).crashes(1).cancels(1),
    Configuration::of(&[Slot, Slot]).slots(1).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Reader, Slot]).crashes(1).cancels(1),
    Configuration::of(&[Safe, TryReader]).crashes(1).cancels(1),
    Configuration::of(&[Reader, Try]).crashes(1).cancels(1),
    Configuration::of(&[Slot, TrySlot]).slots(1).crashes(1).cancels(1),
    Configuration::of(&[Downgrader, Safe]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Downgrader, Reader]).crashes(1).cancels(1),
    Configuration::of(&[OtherReader, Reader]).sticky().crashes(1).cancels(1),
    Configuration::of(&[OtherReader, Safe]).sticky().crashes(1).cancels(1),
    Configuration::of(&[OtherReader, Safe]).crashes(1).cancels(1),
    // More of them, where each procedure of a socket is a step.
    Configuration::of(&[Safe, Reader, Reader]).coarse().crashes(1).cancels(1),
    Configuration::of(&[Safe, Reader, Reader]).coarse().rounds(2),
    Configuration::of(&[Reader, Reader, Reader]).coarse().crashes(1).cancels(1),
    Configuration::of(&[Safe, Slot, Slot]).coarse().crashes(1),
    Configuration::of(&[Slot, Slot, Slot]).coarse(),
    Configuration::of(&[Slot, Slot, Slot]).coarse().slots(1).crashes(1).cancels(1),
    Configuration::of(&[Slot, OneSlot]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Slot, Reader]).coarse().crashes(1),
    Configuration::of(&[Safe, Safe, Reader, Reader]).coarse(),
    Configuration::of(&[Safe, Reader, Reader, Reader]).coarse(),
    Configuration::of(&[Downgrader, Safe, Reader]).coarse().crashes(1).cancels(1),
    Configuration::of(&[TryReader, Try, Reader]).coarse().crashes(1).cancels(1),
    // Beside npm's, who know nothing of them.
    Configuration::of(&[Npm, Reader]).rounds(2).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Npm, Safe, Reader]).coarse().crashes(1).cancels(1),
    Configuration::of(&[Npm, Npm, Reader]).crashes(1).cancels(1),
    Configuration::of(&[Npm, Downgrader]).crashes(1).cancels(1).failures(1),
    // And where each call is a step, or something is not at hand.
    Configuration::of(&[Safe, Reader]).with_every_call().crashes(1).cancels(1),
    Configuration::of(&[Slot, Slot]).with_every_call(),
    Configuration::of(&[Downgrader, Reader]).with_every_call(),
    Configuration::of(&[Safe, Reader]).umask(Umask::Locks).crashes(1).cancels(1),
    Configuration::of(&[Slot, Safe]).umask(Umask::Locks).crashes(1),
    Configuration::of(&[Safe, Reader]).elsewhere().crashes(1).cancels(1),
    Configuration::of(&[Downgrader, Reader]).elsewhere().crashes(1),
    Configuration::of(&[Safe, Reader]).guardless().crashes(1),
    Configuration::of(&[Safe, Reader]).without_proc().crashes(1),
    Configuration::of(&[Safe, Reader]).probe(Probe::Stream).crashes(1).cancels(1),
    Configuration::of(&[Safe, Reader]).probe(Probe::None).crashes(1).cancels(1),
    Configuration::of(&[Safe, Reader]).in_use().crashes(1).cancels(1),
    Configuration::of(&[Safe, Reader]).shared().crashes(1).cancels(1),
    Configuration::of(&[Reader, Reader]).aside().with_links().shared(),
    Configuration::of(&[Safe, Reader, Locker]).coarse().crashes(1),
    Configuration::of(&[Reader, Unreadable]).crashes(1).cancels(1),
];

/// What takes minutes, and much memory.
pub const FULL: &[Configuration] = &[
    Configuration::of(&[Safe, Safe, Traitor]).cancels(1).promise(Broken::Believed),
    Configuration::of(&[Safe, Safe, Safe]).probe(Probe::Stream).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Safe]).probe(Probe::Stream).crashes(1).backlog(0),
    Configuration::of(&[Safe, Safe, Locker]).rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Npm, Administrator]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe]).rounds(2).crashes(2).cancels(2).failures(2),
    Configuration::of(&[Safe, Safe, Safe]).aside().crashes(1),
    Configuration::of(&[Safe, Safe, Npm]).aside().crashes(1),
    Configuration::of(&[Safe, Safe]).aside().rounds(2).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Safe]).aside().with_links().shared().crashes(1),
    Configuration::of(&[Safe, Safe, Npm]).with_links().aside().crashes(1),
    Configuration::of(&[Safe, Safe, Safe]).without_proc().rounds(2).crashes(1),
    Configuration::of(&[Safe, Safe, Npm]).without_proc().crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Safe]).umask(Umask::Locks).crashes(2),
    Configuration::of(&[Safe, Safe, Npm]).umask(Umask::Locks).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Safe]).guardless().crashes(1),
    Configuration::of(&[Safe, Safe, Npm]).guardless().crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Safe]).in_use().rounds(2).crashes(1),
    Configuration::of(&[Safe, Safe, Npm]).with_every_call().crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Safe]).with_every_call().crashes(1),
    Configuration::of(&[Safe, Safe]).rounds(3).crashes(2).cancels(2).failures(2),
    Configuration::of(&[Safe, Safe, Safe]).rounds(2).crashes(2),
    Configuration::of(&[Safe, Safe, Safe]).rounds(2).cancels(1),
    Configuration::of(&[Safe, Safe, Safe]).crashes(2).cancels(2).failures(2),
    Configuration::of(&[Safe, Safe, Safe]).rounds(2).crashes(1).cancels(1).backlog(0),
    Configuration::of(&[Safe, Safe, Safe]).rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Try]).rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Safe, Safe]).crashes(1),
    Configuration::of(&[Safe, Safe, Safe, Safe]).cancels(1),
    Configuration::of(&[Safe, Safe, Safe, Locker]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Unreadable, Locker]).crashes(1),
    Configuration::of(&[Safe, Safe, OtherUser]).rounds(2).cancels(1),
    Configuration::of(&[Safe, Safe, OtherUser]).rounds(2).crashes(1).sticky(),
    Configuration::of(&[Safe, Safe, Npm]).rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Npm]).rounds(2).crashes(1).failures(1),
    Configuration::of(&[Safe, Safe, Npm]).crashes(2).cancels(2).failures(1),
    Configuration::of(&[Safe, Safe, Npm, Npm]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Safe, Npm]).crashes(1),
    Configuration::of(&[Safe, Npm, Npm, Npm]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Npm, Npm]).crashes(1).cancels(1).dismissals(2),
    Configuration::of(&[Safe, Safe, Npm, Administrator]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Npm, Administrator]).rounds(2),
    Configuration::of(&[Safe, Npm, Npm, Administrator]).rounds(2).crashes(1),
    Configuration::of(&[Safe, Safe, Safe, Administrator]).crashes(1),
    Configuration::of(&[Safe, Safe, Npm, Toucher]).crashes(2).cancels(1),
    Configuration::of(&[Safe, Npm, Npm, Toucher]).rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Safe]).probe(Probe::Stream).rounds(2).crashes(1),
    Configuration::of(&[Safe, Safe, Safe, Locker]).probe(Probe::Stream).crashes(1),
    Configuration::of(&[Safe, Safe, Npm]).probe(Probe::Stream).rounds(2).crashes(1),
    Configuration::of(&[Safe, Safe, Npm, Child]).crashes(1),
    Configuration::of(&[Safe, Safe, Safe, Child]).crashes(1),
    Configuration::of(&[Safe, Safe, Child]).rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Heir]).rounds(2).crashes(1),
    Configuration::of(&[Safe, Safe, Npm, Heir]),
    Configuration::of(&[Safe, Safe, Safe, Daemon]),
    Configuration::of(&[Safe, Safe, Npm, Daemon]).crashes(1),
    Configuration::of(&[Safe, Safe, Safe, Child]).at_name().crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Stranger]).rounds(2).crashes(1),
    Configuration::of(&[Safe, Safe, Safe, Stranger]).at_name().crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Pest]).rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Vandal]).rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Npm, Pest]).crashes(1),
    Configuration::of(&[Safe, Safe, Safe]).at_name().rounds(2).crashes(2).cancels(2).failures(2),
    Configuration::of(&[Safe, Safe, Safe]).at_name().rounds(3).crashes(1).cancels(1).backlog(0),
    Configuration::of(&[Safe, Safe, Safe, Safe]).at_name().crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Try, Caller]).at_name().crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Reader]).coarse().crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Safe, Reader]).coarse().rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Slot, Slot]).coarse().crashes(1).cancels(1),
    Configuration::of(&[Slot, Slot, Slot]).coarse().slots(3),
    Configuration::of(&[Slot, Slot, OneSlot]).coarse().crashes(1),
    Configuration::of(&[Safe, Slot, Reader]).coarse().crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Safe, Reader]).coarse().crashes(1),
    Configuration::of(&[OtherReader, Reader, Safe]).coarse().sticky().crashes(1).cancels(1),
    Configuration::of(&[Npm, Reader, Slot]).coarse().crashes(1).cancels(1),
    Configuration::of(&[Safe, Reader, Reader]).coarse().rounds(2).crashes(1).cancels(1),
    Configuration::of(&[Safe, Safe, Reader]),
    Configuration::of(&[Npm, Safe, Reader]).crashes(1).cancels(1),
    Configuration::of(&[Npm, Reader, Slot]).crashes(1).cancels(1),
    Configuration::of(&[Safe, Reader, Reader]),
];
