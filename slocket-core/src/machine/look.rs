//! A look at what is at the path, without queueing.

use super::{Machine, Step};
use crate::inspect;
use crate::join::{self, Joined};
use crate::next::Next;
use crate::platform::Probe;
use crate::report::{Failure, Fault, Inspected, Report};
use crate::state::Calling;

impl Machine {
    /// Looks whether a process listens.
    pub(super) fn look(&mut self, next: &Next<join::Step, Joined>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::Looking(step)),
            Next::Done(Joined::Queued) => self.leave(Report::Listened),
            Next::Done(Joined::Missing | Joined::Refused) => self.finish(Report::Free),
            Next::Done(Joined::BacklogFull | Joined::Untrusted) => self.finish(Report::Listened),
            Next::Done(Joined::NotASocket | Joined::WrongType) => self.fail(Failure::NotASlocket),
            Next::Done(Joined::Denied) => self.fail(Failure::Inaccessible),
            Next::Done(Joined::Failed(fault)) => self.fail(Failure::Call(fault)),
        }
    }

    /// Looks what is at the path. Where a datagram socket does not tell that a socket is dead, its word counts for nothing; and a
    /// connection would take a place in the queue.
    pub(super) fn examine(&mut self, next: &Next<inspect::Step, Result<Inspected, Fault>>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::Examining(step)),
            Next::Done(Ok(Inspected::Dead | Inspected::Stale)) if self.memory.known_probe() != Probe::Datagram => {
                self.finish(Report::Inspected(Inspected::Unknown))
            }
            Next::Done(Ok(inspected)) => self.finish(Report::Inspected(inspected)),
            Next::Done(Err(fault)) => self.fail(Failure::Call(fault)),
        }
    }
}
