//! Which calls the kernel makes in two parts.

use slocket_core::{BindResult, Call, ConnectResult, Role, Target, Way};

use crate::bug::Bug;
use crate::configuration::Configuration;
use crate::objects::Kind;
use crate::perform::answer::{Done, ERRNO};
use crate::world::World;

impl World {
    /// What the kernel does in two parts that others can come between: a bind by a path makes the inode visible, then registers the socket;
    /// a connect of a stream socket by a path finds the socket, then connects to it. And a bind may get any inode number that
    /// is free.
    pub(super) fn in_two_parts(
        &self,
        process: usize,
        configuration: &Configuration,
        call: Call,
    ) -> Option<Vec<(Done, Self)>> {
        let own = &self.processes[process];
        match (call, own.half) {
            (Call::Bind(name, way), None) => {
                if way == Way::Proc && !configuration.has_proc {
                    return Some(vec![(Done::Answer(BindResult::Missing(ERRNO).into()), *self)]);
                }
                if self.named(process, name).is_some() {
                    return Some(vec![(Done::Answer(BindResult::InUse.into()), *self)]);
                }
                let mut world = *self;
                world.collect();
                let ways = world.free_numbers().map(|number| {
                    let mut world = world;
                    world.next_number = number;
                    let sticky = !configuration.has(Bug::MarkedAfterwards) && !configuration.has(Bug::BornUnmarked);
                    let inode = world.new_socket(process, configuration, sticky);
                    world.set_name(process, name, Some(inode));
                    if way == Way::Abstract {
                        let socket = world.register(inode, false);
                        world.processes[process].socket = Some(socket);
                        return (Done::Answer(BindResult::Bound.into()), world);
                    }
                    world.processes[process].half = Some(inode);
                    (Done::Half("binds: visible"), world)
                });
                Some(ways.collect())
            }
            (Call::Bind(..), Some(inode)) => {
                let mut world = *self;
                world.processes[process].half = None;
                let socket = world.register(inode, false);
                world.processes[process].socket = Some(socket);
                Some(vec![(Done::Answer(BindResult::Bound.into()), world)])
            }
            (Call::Connect(role, Target::Path(name)), None) if role == Role::Connection || own.asks_by_stream => {
                let mut world = *self;
                let Some(inode) = self.named(process, name) else {
                    return Some(vec![(Done::Answer(ConnectResult::Missing(ERRNO).into()), world)]);
                };
                if !matches!(self.inode(inode).kind, Kind::Bound(_)) || self.inode(inode).locked {
                    let answer = world.connect_to(process, configuration, role, inode);
                    return Some(vec![(Done::Answer(answer.into()), world)]);
                }
                world.processes[process].half = Some(inode);
                Some(vec![(Done::Half("connects by path: finds a socket"), world)])
            }
            (Call::Connect(role, Target::Path(_)), Some(inode)) => {
                let mut world = *self;
                world.processes[process].half = None;
                if self.inode(inode).kind == Kind::Dead {
                    return Some(vec![(Done::Half("connects by path: dead by now, so once more"), world)]);
                }
                let answer = world.connect_to(process, configuration, role, inode);
                Some(vec![(Done::Answer(answer.into()), world)])
            }
            _ => None,
        }
    }
}
