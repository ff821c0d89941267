//! What becomes of a descriptor that is closed.

use slocket_core::Role;

use crate::list::List;
use crate::objects::Guard;
use crate::player::{Child, Player, Watch};
use crate::world::World;

impl World {
    pub(super) fn close(&mut self, process: usize, role: Role) {
        let own = &mut self.processes[process];
        match role {
            Role::Listener => own.socket = None,
            Role::Connection => {
                self.left(process);
                self.participant(process).borrows = false;
                if let Some(connection) = self.processes[process].connection.take() {
                    self.close_client(connection);
                }
            }
            Role::Probe => {
                own.asks_by_stream = false;
                if let Some(connection) = own.probe.take() {
                    self.close_client(connection);
                }
            }
            Role::Guest => {
                if let Some(guest) = own.guest.take() {
                    self.close_server(guest);
                }
            }
            Role::Queue => {
                if let Some(guest) = own.guests.pop_last() {
                    self.close_server(guest);
                }
            }
            Role::Pin => own.pin = None,
            Role::Swept => own.swept = None,
            Role::Listing => own.listing = None,
            // A forked child that has a copy keeps the guard.
            Role::Guard => {
                if own.guard != Guard::None {
                    self.leave_guard(process);
                    let has_guard = self.orphan != Guard::None;
                    for child in &mut self.processes {
                        if let Player::Child(Child::Copies { has_guard: has, .. }) = &mut child.player {
                            *has = has_guard;
                        }
                    }
                }
            }
            Role::Watch => self.participant(process).watch = Watch::None,
            // (A process that turns the lock into a share has neither any more, and is told so.)
            Role::Share => {
                (own.share, own.shares, own.slot) = (None, false, None);
                self.participant(process).meets_npm = false;
            }
            Role::Look => own.look = None,
            Role::Slots => own.slots = List::default(),
            Role::Strays => {}
        }
    }
}
