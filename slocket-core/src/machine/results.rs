//! What a call has come to: each procedure takes its own.

use super::{Machine, Step};
use crate::next::Next;
use crate::report::{Failure, Report};
use crate::result::{CallResult, Misfit};
use crate::state::{Attempt, Calling, Going, Resting, State};
use crate::{
    accept, clean_up, close, close_out, exclude, give_back, hand_over, inspect, join, leave, mark, part, publish,
    receive, reclaim, share,
};

impl Machine {
    /// Tells the machine what the call that it has asked for came to; returns what is to be done next. The same as
    /// [`handle`](Self::handle) with [`Event::Result`](crate::Event::Result), in less time.
    ///
    /// # Errors
    /// [`Misfit`] if no call, or one with another result, was asked for; nothing changes then.
    // (What each procedure returns is passed on where it is, and each `Ok` is made where its step is: to copy these values, once for
    // each call, takes more time than all else that the machine does.)
    #[inline]
    pub fn answer(&mut self, result: &CallResult) -> Result<Step, Misfit> {
        let State::Calling(call, calling) = &self.state else { return Err(Misfit) };
        let memory = &mut self.memory;
        memory.note(*call, result);
        match *calling {
            Calling::Publishing(attempt, step) => {
                let next = publish::next(step, result, memory);
                Ok(self.publishing(attempt, next.as_ref()?))
            }
            Calling::Joining(attempt, step) => {
                let next = join::next(step, result, memory);
                Ok(self.joining(attempt, next.as_ref()?))
            }
            Calling::Looking(step) => {
                let next = join::next(step, result, memory);
                Ok(self.look(next.as_ref()?))
            }
            Calling::Examining(step) => {
                let next = inspect::next(step, result, memory);
                Ok(self.examine(next.as_ref()?))
            }
            Calling::Receiving(attempt, step) => {
                let next = receive::next(step, result, memory);
                Ok(self.receive(attempt, next.as_ref()?))
            }
            Calling::ReceivingLate(step) => {
                let next = receive::next(step, result, memory);
                Ok(self.receive_late(next.as_ref()?))
            }
            Calling::Inspecting(attempt, step) => {
                let next = inspect::next(step, result, memory);
                Ok(self.inspecting(attempt, next.as_ref()?))
            }
            // Watch first, then look again: without the second look a wake-up is lost.
            Calling::ArmingWatch(attempt) => {
                result.answer()?;
                Ok(self.inspect(Attempt { watched: true, ..attempt }))
            }
            Calling::Reclaiming(attempt, step) => {
                let next = reclaim::next(step, result, memory);
                Ok(self.reclaiming(attempt, next.as_ref()?))
            }
            Calling::Unwatching(attempt, going) => {
                result.done()?;
                match going {
                    Going::Publish => Ok(self.publish(attempt)),
                    Going::Join => Ok(self.join(attempt)),
                }
            }
            Calling::Parting(attempt, step) => {
                let next = part::next(step, result);
                Ok(self.part(attempt, next.as_ref()?))
            }
            Calling::LeavingLook(step) => {
                let next = leave::next(step, result, memory);
                Ok(self.leaving(Report::Listened, next.as_ref()?))
            }
            Calling::Leaving(report, step) => {
                let next = leave::next(step, result, memory);
                Ok(self.leaving(report, next.as_ref()?))
            }
            Calling::Dismissing => {
                result.done()?;
                Ok(self.rest(Resting::Lingering))
            }
            Calling::Accepting(owed, step) => {
                let next = accept::next(step, result, memory);
                Ok(self.accepting(owed, next.as_ref()?))
            }
            Calling::DroppingShare(accepted) => {
                result.done()?;
                Ok(self.accepting(Some(Report::Failed(Failure::Baseline)), &Next::Done(accepted)))
            }
            Calling::HandingOver(owed, step) => {
                let next = hand_over::next(step, result);
                Ok(self.handing_over(owed, next.as_ref()?))
            }
            Calling::ClearingMark(owed, step) => {
                let next = mark::next(step, result, memory);
                Ok(self.clearing_mark(owed, next.as_ref()?))
            }
            Calling::Lending(owed) => {
                let sent = result.send()?;
                Ok(self.lending(owed, sent))
            }
            Calling::SeeingLoan(count) => {
                let drained = result.drain()?;
                Ok(self.seeing_loan(count, drained))
            }
            Calling::SettingMark(owed, step) => {
                let next = mark::next(step, result, memory);
                Ok(self.setting_mark(owed, next.as_ref()?))
            }
            Calling::ClosingOut(owed, step) => {
                let next = close_out::next(step, result, memory);
                Ok(self.closing_out(owed, next.as_ref()?))
            }
            Calling::GivingBack(owed, step) => {
                let next = give_back::next(step, result, memory);
                Ok(self.giving_back(owed, next.as_ref()?))
            }
            Calling::Closing(owed, step) => {
                let next = close::next(step, result, memory);
                Ok(self.closing(owed, next.as_ref()?))
            }
            Calling::Surveying(attempt) => {
                let file_system = result.file_system()?;
                Ok(self.surveying(attempt, file_system))
            }
            Calling::SurveyingHeld => {
                let file_system = result.file_system()?;
                Ok(self.surveying_held(file_system))
            }
            Calling::Excluding(wish, step) => {
                let next = exclude::next(step, result, memory);
                Ok(self.excluding(wish, next.as_ref()?))
            }
            Calling::Sharing(wish, step) => {
                let next = share::next(step, result, memory);
                Ok(self.sharing(wish, next.as_ref()?))
            }
            Calling::GivingUp(report) => {
                result.done()?;
                Ok(self.give_up(report))
            }
            Calling::Downgrading(step) => {
                let next = share::next(step, result, memory);
                Ok(self.downgrading(next.as_ref()?))
            }
            Calling::NotDowngrading(failure) => {
                result.done()?;
                Ok(self.keep_hold(failure))
            }
            Calling::CleaningUp(owed, step) => {
                let next = clean_up::next(step, result, memory);
                Ok(self.cleaning_up(owed, next.as_ref()?))
            }
            Calling::TakingTurn(owed, step) => {
                let next = publish::next(step, result, memory);
                Ok(self.taking_turn(owed, next.as_ref()?))
            }
        }
    }
}
