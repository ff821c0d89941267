//! With the turn in hand, a share is taken: a locked file beside the lock (protocol section 10, "Shares").

use super::call::{Call, Mode, Role};
use super::machine::{Machine, Step};
use super::memory::Goal;
use super::result::{CallResult, OpenResult, SeeResult};
use super::state::{At, Obstacle, Share, Want};
use crate::report::{Failure, Report};
use crate::result::{FlockResult, MakeResult, Misfit};

impl Machine {
    /// Takes a share of the kind that is wanted. The file of the shared locks is there before that of any slot.
    pub(super) fn take_share(&mut self) -> Step {
        let is_slot = matches!(self.memory.goal, Goal::SlotOf(_));
        self.open_share(if is_slot { Want::Base } else { Want::Shared })
    }

    /// Makes the lock that is held a shared one.
    pub(super) fn downgrade(&mut self) -> Step {
        self.memory.goal = Goal::Downgrade;
        self.take_share()
    }

    fn open_share(&mut self, want: Want) -> Step {
        self.ask(Call::Open(Role::Share, want.name()), At::Share(want, Share::Open))
    }

    pub(super) fn share(&mut self, want: Want, step: Share, result: &CallResult) -> Result<Step, Misfit> {
        let name = want.name();
        Ok(match step {
            Share::Open => match result.open()? {
                OpenResult::Opened => self.ask(Call::See(Role::Share), At::Share(want, Share::See)),
                OpenResult::Missing => self.ask(Call::Make(Role::Share, name), At::Share(want, Share::Make)),
                OpenResult::NotAFile => self.fail(Failure::NotALockFile(name)),
                OpenResult::Held => return Err(Misfit),
                OpenResult::Failed(errno) => self.fault(Call::Open(Role::Share, name), errno),
            },
            Share::Make => match result.make()? {
                MakeResult::Made => self.ask(Call::SetMode(Role::Share), At::Share(want, Share::SetMode)),
                // (Only a process with the turn makes one: this is of a process that has lost the lock, and does not know yet.)
                MakeResult::Exists if self.memory.goal == Goal::Downgrade => self.fail(Failure::NotALockFile(name)),
                MakeResult::Exists => self.stuck(Obstacle::Share),
                MakeResult::Failed(errno) => self.fault(Call::Make(Role::Share, name), errno),
            },
            Share::SetMode => {
                result.done()?;
                self.lock_share(want)
            }
            Share::See => match result.see()? {
                SeeResult::LockFile => self.lock_share(want),
                SeeResult::Untrusted => self.fail(Failure::UntrustedFifo(name)),
                SeeResult::Other => self.fail(Failure::NotALockFile(name)),
                SeeResult::Failed(errno) => self.fault(Call::See(Role::Share), errno),
            },
            Share::Lock => match (result.flock()?, want) {
                (FlockResult::Locked, Want::Shared | Want::Base) => self.have_share(None),
                (FlockResult::Locked, Want::Slot(slot)) => self.have_share(Some(slot)),
                (FlockResult::Busy, _) => self.ask(Call::Close(Role::Share), At::Share(want, Share::Close)),
                (FlockResult::Failed(errno), _) => self.fault(Call::Lock(Role::Share, mode(want)), errno),
            },
            Share::Close => {
                result.done()?;
                match (want, self.memory.goal) {
                    (Want::Base, _) => self.open_share(Want::Slot(0)),
                    (Want::Slot(slot), Goal::SlotOf(count)) if slot + 1 < count.get() => {
                        self.open_share(Want::Slot(slot + 1))
                    }
                    // A program that is not a participant has it locked.
                    (Want::Shared, Goal::Downgrade) => self.fail(Failure::NotALockFile(name)),
                    (Want::Slot(_) | Want::Shared, _) => self.stuck(Obstacle::Share),
                }
            }
        })
    }

    fn lock_share(&mut self, want: Want) -> Step {
        match want {
            Want::Base => self.ask(Call::Close(Role::Share), At::Share(want, Share::Close)),
            Want::Shared | Want::Slot(_) => self.ask(Call::Lock(Role::Share, mode(want)), At::Share(want, Share::Lock)),
        }
    }

    /// The share is ours: the turn is passed on.
    fn have_share(&mut self, slot: Option<u16>) -> Step {
        self.memory.has_share = true;
        self.memory.slot = slot;
        self.release(Report::Shared { slot })
    }
}

const fn mode(want: Want) -> Mode {
    match want {
        Want::Shared | Want::Base => Mode::Shared,
        Want::Slot(_) => Mode::Exclusive,
    }
}
