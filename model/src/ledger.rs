//! The holder, the sharers, and the waiters in their order: what the promises are about.

use crate::broken::Broken;
use crate::list::List;
use crate::objects::{Client, Message};
use crate::player::Player;
use crate::world::World;

impl World {
    /// The caller is told that it holds the lock.
    pub(crate) fn acquired(&mut self, process: usize) {
        self.processes[process].holds = true;
        self.processes[process].acquired_since = true;
    }

    /// The caller is told that it has a share.
    ///
    /// No process may hold the lock then. (But an npm participant may begin to hold it beside shares, which it does not know.)
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

    /// A participant has joined a queue.
    pub(crate) fn joined(&mut self, process: usize) {
        if !self.mishap {
            self.arrivals.push(process as u8);
        }
    }

    /// A process was killed, or a listener was lost: order is not promised any more, and leftovers are the next one's.
    pub(crate) fn mishap(&mut self) {
        (self.mishap, self.used_since) = (true, false);
        self.arrivals = List::default();
        for process in &mut self.processes {
            process.acquired_since = false;
        }
    }

    /// A participant has left the queue without the lock.
    pub(crate) fn left(&mut self, process: usize) {
        self.arrivals.remove(process as u8);
    }

    /// A participant was served: each one that came earlier, and is in the same queue still, was passed over.
    pub(crate) fn served(&mut self, process: usize, message: Message) {
        let own = self.processes[process].connection;
        let server = self.processes.iter().find(|server| server.guest.is_some() && server.guest == own);
        let listener = match message {
            Message::Listener { socket, .. } => Some(socket),
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
}
