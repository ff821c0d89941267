//! Publishing the socket: in place, or aside (protocol section 2, "Publishing the socket").

use slocket_core::{Event, Published};

use crate::bug::Bug;
use crate::configuration::{Cast, Configuration};
use crate::kernel::{Guard, NAMES, Name, Time};
use crate::participant::{AfterSweep, Call};
use crate::world::World;

impl World {
    pub(crate) fn publish_in_place(
        &mut self,
        process: usize,
        configuration: &Configuration,
        call: Call,
    ) -> &'static str {
        match call {
            Call::Guard => {
                let readable = configuration.cast[process] != Cast::Unreadable;
                let in_place = readable && !configuration.aside;
                let guarded = in_place && self.flock(process, Guard::Shared);
                if in_place && configuration.has(Bug::BindWithoutGuard) {
                    self.drop_guard(process, configuration);
                    self.then(process, Call::Bind);
                } else {
                    self.then(process, if guarded { Call::Bind } else { Call::StatBeforeAside });
                }
                "opens the folder, and takes the shared guard if it can"
            }
            Call::Bind => {
                if self.path.is_some() {
                    self.not_published(process, configuration, Published::InUse);
                    return "binds: in use";
                }
                let inode = self.new_socket(process, configuration, !configuration.has(Bug::MarkedAfterwards));
                self.processes[process].pin = Some(inode);
                self.set_path(Some(inode));
                self.then(process, Call::Register);
                "binds: visible"
            }
            Call::Register => {
                self.register_own(process);
                self.then(process, Call::StatNew);
                "binds: registered"
            }
            Call::StatNew => {
                let Some(found) = self.path else {
                    self.not_published(process, configuration, Published::Swept);
                    return "looks at its socket: gone";
                };
                self.participant(process).listener_inode = Some(found);
                self.processes[process].pin = Some(found);
                self.then(process, Call::SetTimeNew);
                "pins its socket"
            }
            Call::SetTimeNew => {
                let found = self.processes[process].pin.take().expect("it is pinned");
                if !configuration.has(Bug::MarkedAfterwards) && !configuration.has(Bug::TimeNeverSet) {
                    self.set_time(found, Time::Magic);
                }
                let early = configuration.has(Bug::GuardDroppedBeforeListen);
                self.then(process, if early { Call::Unguard } else { Call::Listen });
                "sets the time of its socket"
            }
            Call::Listen => {
                self.listen(process);
                if self.at_name || configuration.has(Bug::GuardDroppedBeforeListen) {
                    self.tell(process, configuration, Event::Published(Published::Listening));
                } else {
                    self.then(process, Call::Unguard);
                }
                "listens"
            }
            Call::Unguard => {
                self.drop_guard(process, configuration);
                match configuration.bug {
                    Some(Bug::GuardDroppedBeforeListen) => self.then(process, Call::Listen),
                    Some(Bug::MarkedAfterwards) => self.then(process, Call::MarkNew),
                    _ => self.tell(process, configuration, Event::Published(Published::Listening)),
                }
                "drops the shared guard"
            }
            _ => {
                let socket = self.processes[process].socket.expect("it listens");
                let inode = self.socket(socket).inode;
                self.set_time(inode, Time::Magic);
                self.tell(process, configuration, Event::Published(Published::Listening));
                "marks its socket"
            }
        }
    }

    pub(crate) fn publish_aside(&mut self, process: usize, configuration: &Configuration, call: Call) -> &'static str {
        match call {
            Call::StatBeforeAside => {
                if self.path.is_some() {
                    self.not_published(process, configuration, Published::InUse);
                    return "looks at the path: in use";
                }
                // Who cannot read the folder sees no names in it.
                let readable = configuration.cast[process] != Cast::Unreadable;
                self.then(process, if readable { Call::Sweep(0, AfterSweep::Publish) } else { Call::BindAside });
                "looks at the path: free"
            }
            Call::BindAside => {
                let name = self.temporary_name(configuration);
                if self.temporary(name).is_some() {
                    self.not_published(process, configuration, Published::Swept);
                    return "binds aside: the name is taken";
                }
                let inode = self.new_socket(process, configuration, true);
                self.processes[process].pin = Some(inode);
                self.names[usize::from(name)] = Some(inode);
                self.then(process, Call::RegisterAside(name));
                "binds aside: visible"
            }
            Call::RegisterAside(name) => {
                self.register_own(process);
                self.then(process, Call::StatAside(name));
                "binds aside: registered"
            }
            Call::StatAside(name) => {
                let Some(found) = self.temporary(name) else {
                    self.then(process, Call::UnlinkAside(name, Published::Swept));
                    return "looks at its temporary name: gone";
                };
                self.participant(process).listener_inode = Some(found);
                self.processes[process].pin = Some(found);
                self.then(process, Call::SetTimeAside(name));
                "pins its temporary name"
            }
            Call::SetTimeAside(name) => {
                let found = self.processes[process].pin.take().expect("it is pinned");
                if !configuration.has(Bug::TimeNeverSet) {
                    self.set_time(found, Time::Magic);
                }
                self.then(process, Call::ListenAside(name));
                "sets the time of its socket aside"
            }
            Call::ListenAside(name) => {
                self.listen(process);
                self.then(process, Call::Rename(name));
                "listens aside"
            }
            Call::Rename(name) => {
                let (temporary, replaces) = (self.temporary(name), configuration.has(Bug::RenameReplaces));
                match temporary {
                    None => {
                        self.then(process, Call::UnlinkAside(name, Published::Swept));
                        "moves its socket to the path: gone"
                    }
                    Some(_) if self.path.is_some() && !replaces => {
                        self.then(process, Call::UnlinkAside(name, Published::InUse));
                        "moves its socket to the path: in use"
                    }
                    Some(inode) => {
                        self.names[usize::from(name)] = None;
                        self.set_path(Some(inode));
                        self.drop_guard(process, configuration);
                        self.tell(process, configuration, Event::Published(Published::Listening));
                        "moves its socket to the path"
                    }
                }
            }
            Call::UnlinkAside(name, published) => {
                if !configuration.has(Bug::TemporaryKept) {
                    self.names[usize::from(name)] = None;
                }
                self.not_published(process, configuration, published);
                "removes its temporary name"
            }
            other => unreachable!("{other:?} does not publish aside"),
        }
    }

    /// The sweep of dead temporary names, by whoever reclaims or publishes aside.
    pub(crate) fn sweep(&mut self, process: usize, configuration: &Configuration, call: Call) -> &'static str {
        match call {
            Call::Sweep(from, after) => {
                let found = (usize::from(from)..NAMES).find(|name| self.names[*name].is_some());
                let Some(name) = found else {
                    let next = match after {
                        AfterSweep::Publish => Call::BindAside,
                        AfterSweep::Reclaim => Call::UnguardReclaim,
                    };
                    self.then(process, next);
                    return "sweeps: no more names";
                };
                self.processes[process].pin = self.names[name];
                self.then(process, Call::ProbeTemporary(name as Name, after));
                "sweeps: pins a temporary name"
            }
            Call::ProbeTemporary(name, after) => {
                let pin = self.processes[process].pin.take().expect("it is pinned");
                let alive = self.probe(configuration, pin);
                self.then(
                    process,
                    if alive { Call::Sweep(name + 1, after) } else { Call::UnlinkTemporary(name, after) },
                );
                if alive { "sweeps: alive" } else { "sweeps: dead" }
            }
            Call::UnlinkTemporary(name, after) => {
                if self.temporary(name).is_some_and(|inode| self.may_unlink(process, configuration, inode)) {
                    self.names[usize::from(name)] = None;
                }
                self.then(process, Call::Sweep(name + 1, after));
                "sweeps: removes a temporary name"
            }
            other => unreachable!("{other:?} sweeps nothing"),
        }
    }

    /// A name that nobody has used: neither is it in the folder, nor does somebody remember it. (With 64 random bits none
    /// comes twice.)
    fn temporary_name(&mut self, configuration: &Configuration) -> Name {
        if configuration.has(Bug::NamesRepeat) {
            return 0;
        }
        let remembered = |name: Name| {
            self.processes.iter().any(|process| match process.player {
                crate::process::Player::Safe(participant) => match participant.next {
                    Call::RegisterAside(used)
                    | Call::ListenAside(used)
                    | Call::StatAside(used)
                    | Call::SetTimeAside(used)
                    | Call::Rename(used)
                    | Call::UnlinkAside(used, _)
                    | Call::ProbeTemporary(used, _)
                    | Call::UnlinkTemporary(used, _) => used == name,
                    _ => false,
                },
                _ => false,
            })
        };
        let fresh = (0..NAMES as Name).find(|name| self.temporary(*name).is_none() && !remembered(*name));
        fresh.expect("there are names enough")
    }

    fn register_own(&mut self, process: usize) {
        let inode = self.processes[process].pin.take().expect("bind has made it visible");
        let socket = self.register(inode, false);
        self.processes[process].socket = Some(socket);
    }

    fn listen(&mut self, process: usize) {
        let socket = self.processes[process].socket.expect("it is bound");
        self.socket_mut(socket).listens = true;
    }

    /// Publishing has come to nothing: everything that it opened is closed.
    pub(crate) fn not_published(&mut self, process: usize, configuration: &Configuration, published: Published) {
        self.drop_guard(process, configuration);
        let closed = &mut self.processes[process];
        (closed.pin, closed.socket) = (None, None);
        self.participant(process).listener_inode = None;
        self.tell(process, configuration, Event::Published(published));
    }
}
