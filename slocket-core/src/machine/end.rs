//! The end of an attempt: the queue is left, all is closed, the caller is told.

use super::{Machine, Step};
use crate::close;
use crate::leave::{self, Left};
use crate::memory::Memory;
use crate::next::Next;
use crate::receive::{self, Received};
use crate::report::{Failure, Report};
use crate::state::{Calling, Owed, Resting};

impl Machine {
    pub(super) fn leave(&mut self, report: Report) -> Step {
        let next = leave::begin(&self.memory);
        self.leaving(report, &next)
    }

    /// A grant that raced with the cancel is passed on.
    pub(super) fn leaving(&mut self, report: Report, next: &Next<leave::Step, Left>) -> Step {
        match *next {
            Next::Call(call, step) if report == Report::Listened => self.ask(call, Calling::LeavingLook(step)),
            Next::Call(call, step) => self.ask(call, Calling::Leaving(report, step)),
            Next::Done(Left::Empty) => self.close(Some(report)),
            Next::Done(Left::Listener) => self.pass_on(Some(report)),
            Next::Done(Left::Lingering) => self.tell(report, Resting::Lingering),
        }
    }

    /// A loan that still comes is given back at once, a listener is passed on.
    pub(super) fn receive_late(&mut self, next: &Next<receive::Step, Received>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::ReceivingLate(step)),
            Next::Done(Received::Listener | Received::Loan) => self.pass_on(None),
            Next::Done(Received::End) => self.close(None),
            Next::Done(Received::Nothing | Received::Truncated | Received::NotOurs | Received::Foreign) => {
                self.rest(Resting::Lingering)
            }
        }
    }

    pub(super) fn fail(&mut self, failure: Failure) -> Step {
        self.finish(Report::Failed(failure))
    }

    pub(super) fn finish(&mut self, report: Report) -> Step {
        self.close(Some(report))
    }

    #[inline]
    pub(super) fn close(&mut self, owed: Owed) -> Step {
        let next = close::begin(&self.memory);
        self.closing(owed, &next)
    }

    #[inline]
    pub(super) fn closing(&mut self, owed: Owed, next: &Next<close::Step, ()>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::Closing(owed, step)),
            Next::Done(()) => {
                let Memory { platform, hints, places, share, slot, has_share, cleans_up, rounds, .. } = self.memory;
                self.memory = Memory { platform, hints, places, ..Memory::default() };
                match owed {
                    Some(report) if has_share => {
                        self.memory = Memory { share, slot, has_share, ..self.memory };
                        self.tell(report, Resting::HoldingShare)
                    }
                    _ if cleans_up => {
                        self.memory = Memory { cleans_up, rounds, ..self.memory };
                        self.clean_up(owed)
                    }
                    Some(report) => self.tell(report, Resting::Finished),
                    None => self.rest(Resting::Finished),
                }
            }
        }
    }
}
