//! The death of a process, descriptor by descriptor.

use crate::list::List;
use crate::objects::Guard;
use crate::player::{Npm, Participant, Player};
use crate::process::{Life, Process};
use crate::world::World;

impl World {
    /// Kills a process: from now on it does nothing, and holds nothing.
    pub(crate) fn kill(&mut self, process: usize) {
        let dead = &mut self.processes[process];
        dead.life = Life::Dies;
        (dead.holds, dead.lost, dead.shares, dead.slot) = (false, false, false, None);
        dead.rounds = 0;
        (dead.listing, dead.drawn, dead.asks_by_stream, dead.half) = (None, None, false, None);
        // (No process can tell when a reader of a FIFO is closed.)
        (dead.look, dead.slots) = (None, List::default());
        dead.player = match dead.player {
            Player::Safe(_) => Player::Safe(Participant::default()),
            Player::Npm(_) => Player::Npm(Npm::default()),
            other => other,
        };
    }

    /// Each way in which the kernel may go on with the death of a process: any of its descriptors may be the next.
    pub(crate) fn deaths(&self, process: usize, guard_survives: bool, mut next: impl FnMut(&'static str, Self)) {
        let dying = &self.processes[process];
        let mut closes = |what, close: &dyn Fn(&mut Self)| {
            let mut world = *self;
            close(&mut world);
            next(what, world);
        };
        if dying.socket.is_some() {
            closes("dies: its listener is closed", &|world| world.processes[process].socket = None);
        }
        if let Some(connection) = dying.connection {
            closes("dies: its connection is closed", &|world| {
                world.processes[process].connection = None;
                world.close_client(connection);
            });
        }
        if let Some(guest) = dying.guest {
            closes("dies: its guest is closed", &|world| {
                world.processes[process].guest = None;
                world.close_server(guest);
            });
        }
        if let Some(guest) = dying.guests.iter().next() {
            closes("dies: one of its guests is closed", &|world| {
                world.processes[process].guests.pop();
                world.close_server(guest);
            });
        }
        if dying.pin.is_some() {
            closes("dies: its pin is closed", &|world| world.processes[process].pin = None);
        }
        if dying.swept.is_some() {
            closes("dies: its pin of a temporary name is closed", &|world| world.processes[process].swept = None);
        }
        if let Some(probe) = dying.probe {
            closes("dies: its probe is closed", &|world| {
                world.processes[process].probe = None;
                world.close_client(probe);
            });
        }
        if dying.share.is_some() {
            closes("dies: its share is closed", &|world| world.processes[process].share = None);
        }
        if dying.kept.is_some() {
            closes("dies: its copy of a listener is closed", &|world| world.processes[process].kept = None);
        }
        if (dying.guard != Guard::None || dying.forked) && !guard_survives {
            closes("dies: its folder is closed", &|world| world.leave_guard(process));
        }
        let nothing = Self::default().processes[0];
        let open = Process { guard: if guard_survives { Guard::None } else { dying.guard }, ..*dying };
        let closed = Process {
            socket: nothing.socket,
            connection: nothing.connection,
            guest: nothing.guest,
            guests: nothing.guests,
            pin: nothing.pin,
            swept: nothing.swept,
            probe: nothing.probe,
            guard: nothing.guard,
            forked: nothing.forked,
            kept: nothing.kept,
            share: nothing.share,
            ..*dying
        };
        if open == closed {
            closes("is dead", &|world| {
                world.processes[process].life = Life::Dead;
                world.mishap();
            });
        }
    }
}
