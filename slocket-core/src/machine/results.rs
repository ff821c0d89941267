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
    /// A call has come to this: on with its procedure.
    pub(super) fn result(&mut self, result: &CallResult) -> Result<Step, Misfit> {
        let State::Calling(call, calling) = &self.state else { return Err(Misfit) };
        let memory = &mut self.memory;
        memory.note(*call, result);
        Ok(match *calling {
            Calling::Publishing(attempt, step) => {
                let next = publish::next(step, result, memory)?;
                self.publishing(attempt, next)
            }
            Calling::Joining(attempt, step) => {
                let next = join::next(step, result, memory)?;
                self.joining(attempt, next)
            }
            Calling::Looking(step) => {
                let next = join::next(step, result, memory)?;
                self.look(next)
            }
            Calling::Examining(step) => {
                let next = inspect::next(step, result, memory)?;
                self.examine(next)
            }
            Calling::Receiving(attempt, step) => {
                let next = receive::next(step, result, memory)?;
                self.receive(attempt, next)
            }
            Calling::ReceivingLate(step) => {
                let next = receive::next(step, result, memory)?;
                self.receive_late(next)
            }
            Calling::Inspecting(attempt, step) => {
                let next = inspect::next(step, result, memory)?;
                self.inspecting(attempt, next)
            }
            // Watch first, then look again: without the second look a wake-up is lost.
            Calling::ArmingWatch(attempt) => {
                result.answer()?;
                self.inspect(Attempt { watched: true, ..attempt })
            }
            Calling::Reclaiming(attempt, step) => {
                let next = reclaim::next(step, result, memory)?;
                self.reclaiming(attempt, next)
            }
            Calling::Unwatching(attempt, going) => {
                result.done()?;
                match going {
                    Going::Publish => self.publish(attempt),
                    Going::Join => self.join(attempt),
                }
            }
            Calling::Parting(attempt, step) => {
                let next = part::next(step, result)?;
                self.part(attempt, next)
            }
            Calling::LeavingLook(step) => {
                let next = leave::next(step, result, memory)?;
                self.leaving(Report::Listened, next)
            }
            Calling::Leaving(report, step) => {
                let next = leave::next(step, result, memory)?;
                self.leaving(report, next)
            }
            Calling::Dismissing => {
                result.done()?;
                self.rest(Resting::Lingering)
            }
            Calling::Accepting(owed, step) => {
                let next = accept::next(step, result, memory)?;
                self.accepting(owed, next)
            }
            Calling::DroppingShare(accepted) => {
                result.done()?;
                self.accepting(Some(Report::Failed(Failure::Baseline)), Next::Done(accepted))
            }
            Calling::HandingOver(owed, step) => {
                let next = hand_over::next(step, result)?;
                self.handing_over(owed, next)
            }
            Calling::ClearingMark(owed, step) => {
                let next = mark::next(step, result, memory)?;
                self.clearing_mark(owed, next)
            }
            Calling::Lending(owed) => {
                let sent = result.send()?;
                self.lending(owed, sent)
            }
            Calling::SeeingLoan(count) => {
                let drained = result.drain()?;
                self.seeing_loan(count, drained)
            }
            Calling::SettingMark(owed, step) => {
                let next = mark::next(step, result, memory)?;
                self.setting_mark(owed, next)
            }
            Calling::ClosingOut(owed, step) => {
                let next = close_out::next(step, result, memory)?;
                self.closing_out(owed, next)
            }
            Calling::GivingBack(owed, step) => {
                let next = give_back::next(step, result, memory)?;
                self.giving_back(owed, next)
            }
            Calling::Closing(owed, step) => {
                let next = close::next(step, result, memory)?;
                self.closing(owed, next)
            }
            Calling::Surveying(attempt) => {
                let file_system = result.file_system()?;
                self.surveying(attempt, file_system)
            }
            Calling::SurveyingHeld => {
                let file_system = result.file_system()?;
                self.surveying_held(file_system)
            }
            Calling::Excluding(wish, step) => {
                let next = exclude::next(step, result, memory)?;
                self.excluding(wish, next)
            }
            Calling::Sharing(wish, step) => {
                let next = share::next(step, result, memory)?;
                self.sharing(wish, next)
            }
            Calling::GivingUp(report) => {
                result.done()?;
                self.give_up(report)
            }
            Calling::Downgrading(step) => {
                let next = share::next(step, result, memory)?;
                self.downgrading(next)
            }
            Calling::NotDowngrading(failure) => {
                result.done()?;
                self.keep_hold(failure)
            }
            Calling::CleaningUp(owed, step) => {
                let next = clean_up::next(step, result, memory)?;
                self.cleaning_up(owed, next)
            }
            Calling::TakingTurn(owed, step) => {
                let next = publish::next(step, result, memory)?;
                self.taking_turn(owed, next)
            }
        })
    }
}
