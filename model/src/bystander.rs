//! Programs that know nothing of the lock, and come across it: flock(1), rm, chmod, touch.

use crate::configuration::Configuration;
use crate::objects::{Guard, Kind, Time};
use crate::player::{Changer, Player};
use crate::world::World;

impl World {
    pub(crate) fn locker_steps(&self, process: usize, step: &mut impl FnMut(&'static str, bool, Self)) {
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

    pub(crate) fn remover_steps(&self, process: usize, step: &mut impl FnMut(&'static str, bool, Self)) {
        if self.processes[process].rounds > 0 {
            let mut world = *self;
            world.processes[process].rounds = 0;
            world.set_path(None);
            step("removes the file", false, world);
        }
    }

    /// chmod and touch go by a name, and follow it whoever's socket it is by then.
    pub(crate) fn changer_steps(
        &self,
        changer: Changer,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let sockets = self.path.into_iter().chain(self.names.into_iter().flatten());
        for number in sockets.filter(|number| self.inode(*number).kind != Kind::File) {
            let mut world = *self;
            if changer == Changer::Times {
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

    /// A human removes the path by hand, while no participant is between a look at it and what it does then. The holder
    /// loses the lock by that, and the next participant that acquires it holds it.
    pub(crate) fn human_steps(&self, process: usize, step: &mut impl FnMut(&'static str, bool, Self)) {
        let Some(Kind::Bound(socket)) = self.path.map(|inode| self.inode(inode).kind) else { return };
        let is_calm = self.processes.iter().all(|process| match process.player {
            Player::Safe(participant) => participant.rests(),
            _ => true,
        });
        let is_sent = self.connections.iter().flatten().any(|connection| connection.inbox.is_some());
        if self.processes[process].rounds > 0 && is_calm && !is_sent {
            let mut world = *self;
            world.processes[process].rounds -= 1;
            world.set_path(None);
            world.excused = true;
            world.mishap();
            for holder in &mut world.processes {
                if holder.socket == Some(socket) && holder.holds {
                    (holder.holds, holder.lost) = (false, true);
                }
            }
            step("removes the path by hand", true, world);
        }
    }
}
