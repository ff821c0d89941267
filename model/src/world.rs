//! All of it together: one step, and what must never be seen.

use std::fmt;

use slocket_core::{Call, CallResult, Notice, Request, Times};

use crate::broken::Broken;
use crate::bug::Bug;
use crate::cast::Cast;
use crate::configuration::{Configuration, Probe};
use crate::kernel::{
    CONNECTIONS, Client, Connection, Guard, INODES, Inode, Kind, List, Message, NAMES, Number, SLOTS, SOCKETS, Server,
    Socket, Time,
};
use crate::npm::Npm;
use crate::process::{Change, Life, Player, Process};

/// The most processes.
pub const PROCESSES: usize = 5;

/// One state of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct World {
    /// The lock is at an abstract name: what would be a file at a path is the kernel's note of the name.
    pub at_name: bool,
    /// What the path leads to.
    pub path: Option<Number>,
    /// What the temporary names in the folder lead to.
    pub names: [Option<Number>; NAMES],
    /// What the names of shares lead to: that of shared locks, and those of slots.
    pub shares: [Option<Number>; 1 + SLOTS],
    /// The inodes, by their numbers.
    pub inodes: [Option<Inode>; INODES],
    /// The sockets.
    pub sockets: [Option<Socket>; SOCKETS],
    /// The connections.
    pub connections: [Option<Connection>; CONNECTIONS],
    /// The processes.
    pub processes: [Process; PROCESSES],
    /// How many may still be killed.
    pub crashes: u8,
    /// How many attempts may still be cancelled.
    pub cancels: u8,
    /// How many system calls may still fail.
    pub failures: u8,
    /// How often somebody who lingers may still take its leave.
    pub dismissals: u8,

    /// The lock of an open folder whose owner is gone, and that a forked child has a copy of.
    pub orphan: Guard,

    /// The number of the next inode; chosen just before it is made.
    pub next_number: Number,
    /// Who has joined a queue and has not left it, in order. (Kept while nobody was killed.)
    pub arrivals: List<u8, PROCESSES>,
    /// Somebody was killed, or a listener was lost on its way: nobody's fault, but what it leaves is for the next one.
    pub mishap: bool,
    /// Somebody has acquired and released since the last mishap.
    pub used_since: bool,
    /// What has happened excuses a lost lock and leftovers (protocol section 3.2).
    pub excused: bool,
    /// A promise was broken in the last step.
    pub broken: Option<Broken>,
}

/// One step: who does what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The process.
    pub process: usize,
    /// What it does.
    pub what: What,
    /// Something goes wrong: nobody may rely on it.
    pub is_fault: bool,
}

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// This, in words.
    Text(&'static str),
    /// A call, with what it came to.
    Call(Call, CallResult),
    /// Asks for something.
    Request(Request),
    /// Is told of something.
    Notice(Notice),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Call(call, result) => write!(f, "{call:?}: {result:?}"),
            Self::Request(request) => write!(f, "asks to {request:?}"),
            Self::Notice(notice) => write!(f, "is told of {notice:?}"),
        }
    }
}

impl World {
    /// How it begins.
    #[must_use]
    pub fn new(configuration: &Configuration) -> Self {
        let mut world = Self {
            at_name: configuration.at_name,
            crashes: configuration.crashes,
            cancels: configuration.cancels,
            failures: configuration.failures,
            dismissals: configuration.dismissals,
            used_since: true,
            ..Self::default()
        };
        for (process, cast) in world.processes.iter_mut().zip(configuration.cast) {
            *process = Process::new(*cast, configuration.rounds);
        }
        if configuration.cast.contains(&Cast::Remover) {
            world.path = Some(world.new_inode(false, Kind::File));
        }
        world
    }

    /// All steps that can be taken, and where they lead.
    pub fn steps(&self, configuration: &Configuration, mut next: impl FnMut(Label, Self)) {
        for process in 0..configuration.cast.len() {
            let mut step = |what, is_fault, mut world: Self| {
                world.collect();
                world.judge(configuration);
                next(Label { process, what, is_fault }, world);
            };
            match self.processes[process].life {
                Life::Dead => continue,
                Life::Dies => {
                    let guard_survives = configuration.has(Bug::GuardSurvives);
                    self.deaths(process, guard_survives, |what, world| step(What::Text(what), false, world));
                    continue;
                }
                Life::Runs => {}
            }
            let mut tell = |what, is_fault, world| step(What::Text(what), is_fault, world);
            match self.processes[process].player {
                Player::Nobody => continue,
                Player::Safe(_) => self.participant_steps(process, configuration, &mut step),
                Player::Npm(_) => self.npm_steps(process, configuration, &mut tell),
                Player::Locker => self.locker_steps(process, &mut tell),
                Player::Remover => self.remover_steps(process, &mut tell),
                Player::Human => self.human_steps(process, &mut tell),
                Player::Server => self.hostile_server_steps(process, configuration, &mut tell),
                Player::Client => self.hostile_client_steps(process, configuration, &mut tell),
                Player::Child(child) => self.child_steps(process, child, configuration, &mut tell),
                Player::Changer(change) => self.changer_steps(change, configuration, &mut tell),
                Player::Caller(caller) => self.caller_steps(process, caller, configuration, &mut tell),
            }
            if self.crashes > 0 && matches!(self.processes[process].player, Player::Safe(_) | Player::Npm(_)) {
                let mut world = *self;
                world.crashes -= 1;
                world.excuse_crash(process, configuration);
                world.kill(process);
                world.mishap();
                step(What::Text("is killed"), true, world);
            }
        }
    }

    fn locker_steps(&self, process: usize, step: &mut impl FnMut(&'static str, bool, Self)) {
        let mut world = *self;
        if self.processes[process].guard != Guard::None {
            world.processes[process].guard = Guard::None;
            step("gives its flock back", false, world);
        } else if self.processes[process].rounds > 0 {
            world.processes[process].rounds -= 1;
            for (what, guard) in
                [("takes a shared flock", Guard::Shared), ("takes an exclusive flock", Guard::Exclusive)]
            {
                let mut world = world;
                if world.flock(process, guard) {
                    step(what, false, world);
                }
            }
        }
    }

    fn remover_steps(&self, process: usize, step: &mut impl FnMut(&'static str, bool, Self)) {
        if self.processes[process].rounds > 0 {
            let mut world = *self;
            world.processes[process].rounds = 0;
            world.set_path(None);
            step("removes the file", false, world);
        }
    }

    /// chmod and touch go by a name, and follow it whoever's socket it is by then.
    fn changer_steps(
        &self,
        change: Change,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let sockets = self.path.into_iter().chain(self.names.into_iter().flatten());
        for number in sockets.filter(|number| self.inode(*number).kind != Kind::File) {
            let mut world = *self;
            if change == Change::Times {
                world.set_time(number, Time::Alike);
                step("touches a socket", true, world);
                continue;
            }
            for (what, sticky) in [("strips a sticky bit", false), ("writes a sticky bit", true)] {
                let mut world = *self;
                world.chmod(number, sticky, false);
                step(what, true, world);
                if configuration.same_tick {
                    let mut world = *self;
                    world.chmod(number, sticky, true);
                    step(what, true, world);
                }
            }
        }
    }

    /// Which crashes excuse a lost lock: that of a server whose socket may be lent out, and that of the client of a dead
    /// server.
    ///
    /// A second holder is never excused, nor anything where somebody removes unmarked sockets, too; and no crash of one
    /// whose socket is marked, not of one that only waits, nor of one that has removed the path already.
    fn excuse_crash(&mut self, process: usize, configuration: &Configuration) {
        if configuration.cast.contains(&Cast::Impatient) {
            return;
        }
        let dead = self.processes[process];
        let serves_unmarked = match dead.player {
            Player::Npm(npm) => matches!(npm, Npm::Register | Npm::Listen | Npm::Serves | Npm::Unlink),
            Player::Safe(participant) => {
                participant.lends && dead.socket.is_some_and(|own| !self.is_marked(self.socket(own).inode))
            }
            Player::Server
            | Player::Client
            | Player::Human
            | Player::Nobody
            | Player::Locker
            | Player::Remover
            | Player::Caller(_)
            | Player::Changer(_)
            | Player::Child(_) => false,
        };
        let server_is_gone = dead.connection.is_some_and(|connection| {
            matches!(self.connection(connection).server, Server::Ended | Server::Reset { .. })
        });
        let borrows = match dead.player {
            Player::Safe(participant) if participant.borrows => true,
            Player::Npm(npm) => matches!(npm, Npm::Borrows | Npm::Remove),
            // (Who was handed the listener has its connection still, until it releases.)
            _ => dead.holds && dead.socket.is_none(),
        };
        // Between bind and the time of the mark the sticky bit alone is the mark, and a chmod takes that away; between the two
        // halves of clearing it the time alone is, and a touch takes that away.
        let is_half_marked = match dead.player {
            Player::Safe(participant) => {
                let is_new = dead.half.is_some() || dead.socket.is_some_and(|own| !self.socket(own).listens);
                let clears = matches!(
                    participant.mind.asked(),
                    Some(Call::SetTimes(_, Times::Lent) | Call::SetTimesInProc(_, Times::Lent))
                );
                is_new && configuration.cast.contains(&Cast::Administrator)
                    || clears && configuration.cast.contains(&Cast::Toucher)
            }
            _ => false,
        };
        self.excused |= serves_unmarked || server_is_gone && borrows || is_half_marked;
    }

    /// The caller is told that it has the lock.
    pub(crate) fn acquired(&mut self, process: usize) {
        self.processes[process].holds = true;
        self.processes[process].acquired_since = true;
    }

    /// The caller is told that it has a share.
    ///
    /// Nobody may hold the lock then. (But a participant of npm's may begin to hold it beside shares, of which it knows nothing.)
    pub(crate) fn shared(&mut self, process: usize, slot: Option<u16>, slots: u8) {
        let others =
            || self.processes.iter().enumerate().filter(|(other, _)| *other != process).map(|(_, other)| other);
        if others().any(|other| other.holds && !matches!(other.player, Player::Npm(_))) {
            self.broken = Some(Broken::TwoHolders);
        }
        let is_taken = others().any(|other| other.shares && other.slot == slot);
        if slot.is_some_and(|slot| slot >= u16::from(slots) || is_taken) {
            self.broken = Some(Broken::SameSlot);
        }
        let own = &mut self.processes[process];
        (own.shares, own.slot) = (true, slot);
    }

    /// The caller has given the lock back.
    pub(crate) fn released(&mut self, process: usize) {
        let own = &mut self.processes[process];
        (own.holds, own.shares, own.slot) = (false, false, None);
        self.used_since |= self.processes[process].acquired_since;
    }

    /// Somebody has joined a queue.
    pub(crate) fn joined(&mut self, process: usize) {
        if !self.mishap {
            self.arrivals.push(process as u8);
        }
    }

    /// Somebody was killed, or a listener was lost: order is not promised any more, and leftovers are the next one's.
    pub(crate) fn mishap(&mut self) {
        (self.mishap, self.used_since) = (true, false);
        self.arrivals = List::default();
        for process in &mut self.processes {
            process.acquired_since = false;
        }
    }

    /// Somebody has left the queue without the lock.
    pub(crate) fn left(&mut self, process: usize) {
        self.arrivals.remove(process as u8);
    }

    /// Somebody was served: whoever came earlier, and is in the same queue still, was passed over.
    pub(crate) fn served(&mut self, process: usize, message: Message) {
        let own = self.processes[process].connection;
        let server = self.processes.iter().find(|server| server.guest.is_some() && server.guest == own);
        let listener = match message {
            Message::Listener(listener) => Some(listener),
            Message::Loan => server.and_then(|server| server.socket),
        };
        let waits = |other: u8| {
            let connection = self.processes[usize::from(other)].connection;
            let queues = |list: &List<_, _>| connection.is_some_and(|id| list.iter().any(|queued| queued == id));
            connection.is_some_and(|id| self.connection(id).client == Client::Open)
                && (listener.is_some_and(|listener| queues(&self.socket(listener).queue))
                    || server.is_some_and(|server| queues(&server.guests)))
        };
        let is_known = self.arrivals.iter().any(|other| other == process as u8);
        if is_known && self.arrivals.iter().take_while(|other| *other != process as u8).any(waits) {
            self.broken = Some(Broken::OutOfOrder);
        }
        self.left(process);
    }

    /// Whether all who want the lock have had it, so that nothing more is to come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.processes.iter().all(Process::is_over)
    }

    /// Whether no crash-safe participant waits that was promised its turn. (Who cannot read the folder cannot repair a
    /// mishap.)
    #[must_use]
    pub fn nobody_waits(&self, configuration: &Configuration) -> bool {
        if self.is_squatted(configuration) {
            return true;
        }
        if self.mishap && (configuration.probe == Probe::None || configuration.elsewhere || configuration.guardless) {
            // Where nothing tells a dead socket, nobody repairs a mishap.
            return true;
        }
        self.processes.iter().zip(configuration.cast).all(|(process, cast)| match cast {
            Cast::Safe
            | Cast::Try
            | Cast::OtherUser
            | Cast::Impatient
            | Cast::Strict
            | Cast::Reader
            | Cast::TryReader
            | Cast::OtherReader
            | Cast::Slot
            | Cast::OneSlot
            | Cast::TrySlot
            | Cast::Downgrader => process.is_over(),
            Cast::Unreadable => process.is_over() || self.mishap,
            Cast::Heir => process.is_over() || matches!(process.player, Player::Child(_)),
            Cast::Npm
            | Cast::Locker
            | Cast::Remover
            | Cast::Caller
            | Cast::Administrator
            | Cast::Toucher
            | Cast::Child
            | Cast::Stranger
            | Cast::Traitor
            | Cast::Pest
            | Cast::Vandal
            | Cast::Human
            | Cast::Daemon => true,
        })
    }

    /// Looks whether a promise was broken.
    fn judge(&mut self, configuration: &Configuration) {
        self.judge_all(configuration);
        if configuration.promise.is_some_and(|promise| self.broken != Some(promise)) {
            self.broken = None;
        }
    }

    fn judge_all(&mut self, configuration: &Configuration) {
        if self.processes.iter().filter(|process| process.holds).count() > 1 {
            self.broken = Some(Broken::TwoHolders);
        }
        if self.believes_stranger() {
            self.broken = Some(Broken::Believed);
        }
        if self.broken.is_some() {
            return;
        }
        if self.is_over() && !self.excused {
            let path_is_left = self.path.is_some() && (!self.mishap || self.used_since);
            let name_is_left = self.names.iter().any(Option::is_some) && !self.mishap;
            let has_copies = self.processes.iter().any(Process::has_copies);
            // What was killed lives on in its copies, and an abstract name in those of its socket.
            let path_is_left =
                path_is_left && !self.is_squatted(configuration) && !(has_copies && (self.mishap || self.at_name));
            // Who knows nothing of FIFOs leaves them, and whose FIFO it is may come to remove it when it cannot be had.
            let knows_all = !configuration.cast.contains(&Cast::Npm) && !configuration.sticky;
            let share_is_left =
                self.shares.iter().any(Option::is_some) && (!self.mishap || self.used_since) && knows_all;
            if path_is_left || name_is_left || share_is_left {
                self.broken = Some(Broken::LeftOnDisk);
            } else if !has_copies
                && (self.sockets.iter().any(Option::is_some) || self.connections.iter().any(Option::is_some))
            {
                self.broken = Some(Broken::LeftOpen);
            }
        }
    }
}
