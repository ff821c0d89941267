//! Which calls of a participant make a step of their own, and which belong to that of another.

use slocket_core::{Access, Call, Half, Name as CoreName, Role};

use crate::configuration::Configuration;
use crate::objects::{Client, Guard, Server};
use crate::world::World;

/// Where a call stands in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// No other process can see it, and none can change its answer: it may be made at any time, so it belongs to the call
    /// before it.
    Quiet,
    /// Its answer is as good if it comes together with the next call.
    Leads,
    /// A step of its own.
    Weighs,
}

impl World {
    /// What stands in one step with others: see [`Weight`].
    pub(crate) fn weight(&self, process: usize, configuration: &Configuration, call: Call) -> Weight {
        let own = &self.processes[process];
        let has_lock = self.processes[process].has_lock();
        let weighs = |weighs| if weighs { Weight::Weighs } else { Weight::Quiet };
        if configuration.every_call {
            return Weight::Weighs;
        }
        if configuration.coarse
            && let Some(weight) = self.coarse_weight(process, call)
        {
            return weight;
        }
        match call {
            // Where no process shares, nothing is ever there. And no other process makes a FIFO, removes one, or opens one for writing while we
            // hold the lock.
            Call::OpenFifo(_, access, name) => weighs(
                configuration.has_shares()
                    && !(has_lock && (access == Access::Read || self.named(process, name).is_none())),
            ),
            Call::Read(role) => {
                let look = if role == Role::Look { own.look } else { own.slots.iter().next_back() };
                weighs(!has_lock || look.is_none_or(|look| self.has_writer(look.inode)))
            }
            Call::Stat(CoreName::Shared | CoreName::Slot(_)) | Call::Open(_, CoreName::Shared | CoreName::Slot(_)) => {
                weighs(!has_lock)
            }
            Call::MakeFifo(_) => Weight::Weighs,
            Call::Stat(_)
            | Call::StatByPath(_)
            | Call::Open(..)
            | Call::Unlink(_)
            | Call::Rename(_)
            | Call::Link(_)
            | Call::SetTimesOfName(_)
            | Call::SetTimes(..)
            | Call::SetTimesInProc(..)
            | Call::SetMode(..)
            | Call::Flock(_)
            | Call::Unlock
            | Call::Bind(..)
            | Call::Connect(..)
            | Call::Accept(_)
            | Call::Drain
            | Call::Receive
            | Call::Send(_)
            | Call::Watch => Weight::Weighs,
            // What was listed before it was opened may be gone by then: as if it had not been listed.
            Call::NextName => Weight::Leads,
            // No other process takes from a queue; and one that is not empty stays so.
            Call::Poll => match own.socket.map(|socket| self.socket(socket).queue.is_empty()) {
                Some(false) => Weight::Leads,
                Some(true) | None => Weight::Weighs,
            },
            // It listens already, and in our name.
            Call::Listen => weighs(
                own.socket.map(|socket| self.socket(socket)).is_none_or(|socket| !socket.listens || socket.strange),
            ),
            // Of a guest: one that has ended its stream when it is looked at might as well have done so before it was accepted.
            Call::HasEnded(role) => weighs(role != Role::Guest),
            // A waiter never writes.
            Call::Shutdown(Role::Guest, Half::Read) => Weight::Quiet,
            Call::Shutdown(..) => Weight::Weighs,
            Call::Close(role) | Call::CloseApart(role) => weighs(match role {
                Role::Listener => own.socket.is_some(),
                Role::Guard => own.guard != Guard::None,
                Role::Connection => own.connection.is_some_and(|connection| {
                    let end = self.connection(connection);
                    end.client != Client::Cut && !matches!(end.server, Server::Ended | Server::Reset { .. })
                }),
                Role::Probe => own.probe.is_some_and(|probe| self.connection(probe).client != Client::Cut),
                // One with a badge has been sent the listener, and asks for nothing more; others were shut down before.
                Role::Guest | Role::Queue => false,
                Role::Share => own.share.is_some(),
                // (No process sees a reader of a FIFO.)
                Role::Look | Role::Slots => own.looks().any(|look| look.writes),
                Role::Pin | Role::Listing | Role::Swept | Role::Strays | Role::Watch => false,
            }),
            // (What stat tells of a file that was just opened might as well have been so when it was opened.)
            Call::StatFile(_)
            | Call::SeeFifo(_)
            | Call::OpenFolder(_)
            | Call::FileSystem
            | Call::StatProc
            | Call::Socket(..)
            | Call::SetSocketMode
            | Call::BindBadge
            | Call::Peer(_)
            | Call::Ask(_)
            | Call::SocketName
            | Call::CompareBoundFile
            | Call::ComparePeerName
            | Call::HasUnread(_)
            | Call::Random
            | Call::Reserve
            | Call::SpendReserve
            | Call::AskKernel => Weight::Quiet,
        }
    }

    /// The same of a call that is about a socket, where a procedure is a step.
    fn coarse_weight(&self, process: usize, call: Call) -> Option<Weight> {
        let own = &self.processes[process];
        let gives_up = own.socket.is_some_and(|socket| self.socket(socket).refuses);
        Some(match call {
            Call::Stat(CoreName::Lock) if own.guard == Guard::None => Weight::Leads,
            Call::Open(Role::Pin, CoreName::Lock) | Call::Poll => Weight::Leads,
            Call::Accept(Role::Guest) if !gives_up => Weight::Leads,
            Call::Stat(CoreName::Lock)
            | Call::SetTimesOfName(_)
            | Call::Bind(..)
            | Call::Listen
            | Call::Unlock
            | Call::Shutdown(..)
            | Call::Accept(_)
            | Call::Close(Role::Listener | Role::Connection | Role::Guard) => Weight::Quiet,
            _ => return None,
        })
    }
}
