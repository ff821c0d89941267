//! What happens by itself, in each state that rests.

use super::{Machine, Step};
use crate::call::Call;
use crate::event::{Notice, Timer};
use crate::report::Report;
use crate::result::Misfit;
use crate::state::{Calling, Going, Resting, State, Wish};
use crate::{exclude, receive};

impl Machine {
    /// What happens by itself. What no longer matters is legal, and changes nothing.
    pub(super) fn notice(&mut self, notice: Notice) -> Result<Step, Misfit> {
        let State::Resting(resting) = &self.state else { return Err(Misfit) };
        Ok(match (*resting, notice) {
            (Resting::Queued(attempt), Notice::Readable) => {
                let next = receive::begin(&self.memory);
                self.receive(attempt, &next)
            }
            (Resting::Queued(_), Notice::TimerFired(Timer::Deadline)) => self.leave(Report::TimedOut),

            (Resting::Watching(attempt), Notice::FsChange | Notice::TimerFired(Timer::Recheck)) => {
                self.inspect(attempt)
            }
            (Resting::Watching(attempt), Notice::TimerFired(Timer::Stale)) => {
                self.inspect(attempt.impatient(Timer::Stale))
            }
            (Resting::Watching(_) | Resting::Pausing(..), Notice::TimerFired(Timer::Deadline)) => {
                self.finish(Report::TimedOut)
            }

            (Resting::Pausing(attempt, Going::Publish, _), Notice::TimerFired(Timer::Retry)) => self.publish(attempt),
            (Resting::Pausing(attempt, Going::Join, _), Notice::TimerFired(Timer::Retry)) => self.join(attempt),
            (Resting::Pausing(attempt, going, level), Notice::TimerFired(timer @ (Timer::Stale | Timer::Try))) => {
                self.rest(Resting::Pausing(attempt.impatient(timer), going, level))
            }

            (Resting::AwaitingShares(waiting), Notice::HungUp) => {
                self.excluding(Wish::Acquire, &exclude::resume(waiting))
            }
            (Resting::AwaitingSlot(share), Notice::HungUp) => self.take_share(Wish::Acquire, share),
            (Resting::AwaitingShares(_) | Resting::AwaitingSlot(_), Notice::TimerFired(Timer::Deadline)) => {
                self.give_up(Report::TimedOut)
            }

            (Resting::Lingering, Notice::Readable) => {
                let next = receive::begin(&self.memory);
                self.receive_late(&next)
            }
            (Resting::Lent, Notice::Readable) => self.ask(Call::Drain, Calling::SeeingLoan(1)),

            (
                Resting::Idle
                | Resting::Queued(_)
                | Resting::Watching(_)
                | Resting::Pausing(..)
                | Resting::Lingering
                | Resting::Holding
                | Resting::Borrowing
                | Resting::Lent
                | Resting::AwaitingShares(_)
                | Resting::AwaitingSlot(_)
                | Resting::HoldingShare
                | Resting::Finished,
                Notice::Readable | Notice::FsChange | Notice::HungUp | Notice::TimerFired(_),
            ) => self.stay(),
        })
    }
}
