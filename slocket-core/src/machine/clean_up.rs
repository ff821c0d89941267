//! After a share, or a lock that was not held: are there FIFOs without a share? (protocol section 8, "Cleaning up")

use super::{Machine, Step};
use crate::call::Role;
use crate::clean_up::{self, Cleaned};
use crate::memory::MOST_ROUNDS;
use crate::next::Next;
use crate::publish::{self, Published};
use crate::state::{Calling, Owed};

impl Machine {
    /// After a share, or a turn that came to nothing: are there FIFOs without a share? (Not forever: other processes may
    /// make one after the other.)
    pub(super) fn clean_up(&mut self, owed: Owed) -> Step {
        if self.memory.rounds >= MOST_ROUNDS {
            return self.leave_the_rest(owed);
        }
        self.memory.rounds += 1;
        self.cleaning_up(owed, &clean_up::begin(false))
    }

    pub(super) fn cleaning_up(&mut self, owed: Owed, next: &Next<clean_up::Step, Cleaned>) -> Step {
        let has_lock = self.memory.places.is_full(Role::Listener);
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::CleaningUp(owed, step)),
            Next::Done(Cleaned::Left) => self.taking_turn(owed, &publish::begin()),
            // A process that came meanwhile, and found the lock in our hands, relies on another look.
            Next::Done(Cleaned::Done) if has_lock => self.release(owed),
            Next::Done(Cleaned::Refused) if has_lock => {
                self.memory.rounds = MOST_ROUNDS;
                self.release(owed)
            }
            Next::Done(Cleaned::Done | Cleaned::Refused) => self.leave_the_rest(owed),
        }
    }

    /// Tries for the lock. A holder removes what is left, or has a share itself, or looks again.
    pub(super) fn taking_turn(&mut self, owed: Owed, next: &Next<publish::Step, Published>) -> Step {
        match *next {
            Next::Call(call, step) => self.ask(call, Calling::TakingTurn(owed, step)),
            Next::Done(Published::Listening) => self.cleaning_up(owed, &clean_up::begin(true)),
            Next::Done(Published::Swept) => self.clean_up(owed),
            Next::Done(Published::InUse | Published::Failed(_)) => self.leave_the_rest(owed),
        }
    }

    fn leave_the_rest(&mut self, owed: Owed) -> Step {
        self.memory.cleans_up = false;
        self.close(owed)
    }
}
