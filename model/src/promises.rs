//! What must never be seen, and what excuses it.

use slocket_core::retained::Word;
use slocket_core::{Call, Times};

use crate::broken::Broken;
use crate::cast::Cast;
use crate::configuration::{Configuration, Probe, Umask};
use crate::objects::{ConnectionId, Kind, Message, Server, Socket, SocketId, Time};
use crate::player::{Npm, Player};
use crate::process::Process;
use crate::world::World;

impl World {
    /// Looks whether a promise was broken.
    pub(crate) fn judge(&mut self, configuration: &Configuration) {
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
        if self.is_falsely_unshared() {
            self.broken = Some(Broken::FalselyUnshared);
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
            // A participant that knows nothing of FIFOs leaves them, and the owner of a FIFO may come to remove it when it cannot be removed.
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

    /// Whether no crash-safe participant waits that was promised its turn. (A participant that cannot read the folder cannot repair a
    /// mishap.)
    #[must_use]
    pub fn nobody_waits(&self, configuration: &Configuration) -> bool {
        if self.is_squatted(configuration) {
            return true;
        }
        if self.mishap && (configuration.probe == Probe::None || configuration.elsewhere || configuration.guardless) {
            // Where nothing tells a dead socket, no participant repairs a mishap.
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
            // One that retains the lock does not wait for it.
            Cast::Retainer => process.is_over() || retains(process),
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

    /// Which crashes excuse a lost lock: that of a server whose socket may be lent out, and that of the client of a dead
    /// server.
    ///
    /// A second holder is never excused, nor anything where a participant removes unmarked sockets, too; and no crash of one
    /// whose socket is marked, not of one that only waits, nor of one that has removed the path already.
    pub(crate) fn excuse_crash(&mut self, process: usize, configuration: &Configuration) {
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
            // (A process that was handed the listener has its connection still, until it releases.)
            _ => dead.holds && dead.socket.is_none(),
        };
        // Between bind and the time of the mark, or if that could not be set, the sticky bit alone is the mark, and a chmod takes
        // that away; between the two halves of clearing it the time alone is, and a touch takes that away.
        let is_half_marked = match dead.player {
            Player::Safe(participant) => {
                let is_new = dead.half.is_some()
                    || dead
                        .socket
                        .is_some_and(|own| !self.socket(own).listens || self.has_bit_alone(own, configuration));
                let clears = matches!(
                    participant.mind.asked(),
                    Some(Call::SetTimes(_, Times::Lent) | Call::SetTimesInProc(_, Times::Lent))
                );
                let is_touched = configuration.cast.contains(&Cast::Toucher);
                // Where the umask has locked it, the process that repairs it does a chmod itself.
                let is_changed = configuration.cast.contains(&Cast::Administrator)
                    || is_touched && configuration.umask == Umask::Locks;
                is_new && is_changed || clears && is_touched
            }
            _ => false,
        };
        self.excused |= serves_unmarked || server_is_gone && borrows || is_half_marked;
    }

    /// A loss of a listener on its way excuses what the crash of its holder would.
    pub(crate) fn excuse_loss(&mut self, listener: SocketId, configuration: &Configuration) {
        self.excused |=
            configuration.cast.contains(&Cast::Administrator) && self.has_bit_alone(listener, configuration);
    }

    /// Whether the sticky bit alone marks a socket because its time could not be set.
    fn has_bit_alone(&self, socket: SocketId, configuration: &Configuration) -> bool {
        let has_failed = self.failures < configuration.failures;
        has_failed && self.inode(self.socket(socket).inode).time == Time::Alike
    }

    /// Whether a hostile server has the path, or has left something there. It may stay there for ever.
    fn is_squatted(&self, configuration: &Configuration) -> bool {
        let Some(inode) = self.path else { return false };
        match self.inode(inode).kind {
            Kind::Bound(socket) => self.socket(socket).strange,
            _ => self.inode(inode).foreign && configuration.cast.contains(&Cast::Stranger),
        }
    }

    /// Whether a waiter is told that it need not look for shares, and should. (If the path is another socket by now, the lock that it is
    /// given is lost, and it does not take it.)
    fn is_falsely_unshared(&self) -> bool {
        let is_told = |message: &Message| matches!(*message, Message::Listener { socket, unshared: true } if self.path == Some(self.socket(socket).inode));
        self.shares.iter().any(Option::is_some)
            && self.connections.iter().flatten().filter_map(|connection| connection.inbox.as_ref()).any(is_told)
    }

    /// Whether a crash-safe participant holds by grace of a stranger, or a listener of a hostile server carries our name.
    fn believes_stranger(&self) -> bool {
        let is_strange = |id: ConnectionId| self.connection(id).strange;
        let is_foreign = |socket: &Socket| socket.strange && self.inode(socket.inode).foreign;
        let believes = self.processes.iter().any(|process| {
            let is_ours = matches!(process.player, Player::Safe(_));
            is_ours && process.holds && process.connection.is_some_and(is_strange)
        });
        believes || self.sockets.iter().flatten().any(|socket| is_foreign(socket) && !socket.names_stranger)
    }
}

/// Whether a process retains the lock.
fn retains(process: &Process) -> bool {
    matches!(process.player, Player::Safe(participant) if participant.keep.word == Word::Retained)
}
