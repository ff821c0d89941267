//! The lock is passed on: handed over, lent, given back or given up (protocol section 2, "Release, in full").

use super::{Machine, Step};
use crate::accept::{self, Accepted};
use crate::call::{Call, Cargo, Role};
use crate::close_out::{self, Removal};
use crate::hand_over;
use crate::next::Next;
use crate::report::{Failure, Report};
use crate::result::{DrainResult, SendResult};
use crate::state::{Calling, Owed, Resting};
use crate::{give_back, mark};

impl Machine {
    /// The lock came, and is not wanted any more.
    pub(super) fn pass_on(&mut self, owed: Owed) -> Step {
        self.memory.cleans_up = self.memory.can_be_shared();
        self.release(owed)
    }

    #[inline]
    pub(super) fn release(&mut self, owed: Owed) -> Step {
        if self.memory.places.is_full(Role::Listener) { self.accept(owed) } else { self.give_back(owed) }
    }

    #[inline]
    fn accept(&mut self, owed: Owed) -> Step {
        let next = accept::begin(&mut self.memory);
        self.accepting(owed, &next)
    }

    /// Looks for the next waiter.
    #[inline]
    pub(super) fn accepting(&mut self, owed: Owed, next: &Next<accept::Step, Accepted>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::Accepting(owed, step)),
            Next::Done(Accepted::Waiter) => self.handing_over(owed, &hand_over::begin(&self.memory)),
            // It knows nothing of shares, and will hold the lock beside ours.
            Next::Done(accepted @ (Accepted::Client | Accepted::Stranger { has_badge: false }))
                if self.memory.has_share =>
            {
                self.drop_share();
                self.ask(Call::Close(Role::Share), Calling::DroppingShare(accepted))
            }
            Next::Done(Accepted::Client) => {
                // A loan takes its time: whatever was seen before it is old.
                self.memory.intact = false;
                let next = mark::begin(&self.memory, false);
                self.clearing_mark(owed, &next)
            }
            Next::Done(Accepted::Gone) => self.accept(owed),
            Next::Done(Accepted::Stranger { .. } | Accepted::Nobody | Accepted::Lost | Accepted::Failed) => {
                let next = close_out::begin(&self.memory);
                self.closing_out(owed, &next)
            }
        }
    }

    /// Once the listener is sent, we are out of the story.
    pub(super) fn handing_over(&mut self, owed: Owed, next: &Next<hand_over::Step, SendResult>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::HandingOver(owed, step)),
            Next::Done(SendResult::Sent) => {
                // The new holder removes what is left behind.
                self.memory.cleans_up = false;
                self.close(owed)
            }
            Next::Done(SendResult::Gone) => self.accept(owed),
            Next::Done(SendResult::Failed) => self.close_out(owed),
        }
    }

    /// From here until the mark is set again, dead does not mean free.
    pub(super) fn clearing_mark(&mut self, owed: Owed, next: &Next<mark::Step, bool>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::ClearingMark(owed, step)),
            Next::Done(true) => self.ask(Call::Send(Cargo::Nothing), Calling::Lending(owed)),
            Next::Done(false) => self.close_out(owed),
        }
    }

    /// The server outlives its own release.
    pub(super) fn lending(&mut self, owed: Owed, sent: SendResult) -> Step {
        match sent {
            SendResult::Sent => {
                // When it is back, another release begins.
                self.memory.accepted = 0;
                match owed {
                    Some(report) => self.tell(report, Resting::Lent),
                    None => self.rest(Resting::Lent),
                }
            }
            SendResult::Gone => self.set_mark(owed),
            // Nothing can be sent to the next one, either; and npm's clients come again at once.
            SendResult::Failed => {
                self.memory.accepted = accept::MOST;
                self.set_mark(owed)
            }
        }
    }

    /// Is the loan back? (Not all is read that a borrower sent, if that is much: others wait, too.)
    pub(super) fn seeing_loan(&mut self, count: u8, drained: DrainResult) -> Step {
        match drained {
            DrainResult::Ended => self.set_mark(None),
            DrainResult::More if count < 16 => self.ask(Call::Drain, Calling::SeeingLoan(count + 1)),
            DrainResult::More | DrainResult::Nothing => self.rest(Resting::Lent),
        }
    }

    fn set_mark(&mut self, owed: Owed) -> Step {
        self.memory.intact = false;
        let next = mark::begin(&self.memory, true);
        self.setting_mark(owed, &next)
    }

    /// Dead means free again. A process that may not set the mark hands nothing over.
    pub(super) fn setting_mark(&mut self, owed: Owed, next: &Next<mark::Step, bool>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::SettingMark(owed, step)),
            Next::Done(true) => self.accept(owed),
            Next::Done(false) => self.close_out(owed),
        }
    }

    fn close_out(&mut self, owed: Owed) -> Step {
        let next = close_out::begin(&self.memory);
        self.closing_out(owed, &next)
    }

    #[inline]
    pub(super) fn closing_out(&mut self, owed: Owed, next: &Next<close_out::Step, Removal>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::ClosingOut(owed, step)),
            Next::Done(removal) => self.removed(owed, removal),
        }
    }

    fn give_back(&mut self, owed: Owed) -> Step {
        let next = give_back::begin(&self.memory);
        self.giving_back(owed, &next)
    }

    pub(super) fn giving_back(&mut self, owed: Owed, next: &Next<give_back::Step, Removal>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::GivingBack(owed, step)),
            Next::Done(removal) => self.removed(owed, removal),
        }
    }

    /// A release that found the path in other hands is a lost lock; and a share that was taken meanwhile is worthless. (A request that
    /// was cancelled or timed out has lost nothing.)
    #[inline]
    fn removed(&mut self, owed: Owed, removal: Removal) -> Step {
        let owed = match (owed, removal) {
            // What is removed now is only a turn that was had to clean up.
            _ if self.memory.rounds > 0 => owed,
            (Some(Report::Released), Removal::NotOurs) => Some(Report::Failed(Failure::LockLost)),
            (Some(Report::Released), Removal::Failed(fault)) => Some(Report::Failed(Failure::Call(fault))),
            (_, Removal::NotOurs) if self.memory.has_share => {
                self.drop_share();
                Some(Report::Failed(Failure::LockLost))
            }
            (_, Removal::MetBaseline) => {
                self.drop_share();
                Some(Report::Failed(Failure::Baseline))
            }
            (_, Removal::Done | Removal::NotOurs | Removal::Failed(_)) => owed,
        };
        self.close(owed)
    }
}
