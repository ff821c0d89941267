//! With the turn in hand, a process waits until no process has a share (protocol section 10, "Shares").
//!
//! A share is a locked file beside the lock. No process can take one meanwhile, because that takes the turn. The file of the shared locks is
//! made before any other, and removed last, so if it is missing, no process has a share. Then each slot up to the first that is missing.

use super::call::{Call, Mode, Role};
use super::machine::{Machine, Step};
use super::memory::Goal;
use super::result::{CallResult, OpenResult, SeeResult};
use super::state::{At, Exclude, Obstacle, Then};
use crate::call::Name;
use crate::report::{Failure, Report};
use crate::result::{FlockResult, Misfit, UnlinkResult};

impl Machine {
    /// Is there a file of that share?
    pub(super) fn look_for_shares(&mut self, slot: Option<u16>) -> Step {
        self.ask(Call::Open(Role::Look, Name::of_share(slot)), At::Exclude(slot, Exclude::Open))
    }

    /// Has a process that share still?
    pub(super) fn look_again(&mut self, slot: Option<u16>) -> Step {
        self.ask(Call::Lock(Role::Look, Mode::Exclusive), At::Exclude(slot, Exclude::Lock))
    }

    /// Removes the files of shares, if no process has one, and passes the turn on.
    pub(super) fn clean_up(&mut self, owed: Report) -> Step {
        if !self.memory.platform.removes {
            return self.release(owed);
        }
        self.memory.goal = Goal::CleanUp;
        self.memory.owed = Some(owed);
        self.look_for_shares(None)
    }

    pub(super) fn exclude(&mut self, slot: Option<u16>, step: Exclude, result: &CallResult) -> Result<Step, Misfit> {
        let name = Name::of_share(slot);
        Ok(match step {
            Exclude::Open => match (result.open()?, slot) {
                (OpenResult::Opened, _) => self.ask(Call::See(Role::Look), At::Exclude(slot, Exclude::See)),
                (OpenResult::Missing, None) => self.excluded(),
                (OpenResult::Missing, Some(slot)) => self.unlink(slot.checked_sub(1)),
                (OpenResult::NotAFile, _) => self.fail(Failure::NotALockFile(name)),
                (OpenResult::Held, _) => return Err(Misfit),
                (OpenResult::Failed(errno), _) => self.fault(Call::Open(Role::Look, name), errno),
            },
            Exclude::See => match result.see()? {
                SeeResult::LockFile => self.look_again(slot),
                SeeResult::Untrusted => self.fail(Failure::UntrustedFifo(name)),
                SeeResult::Other => self.fail(Failure::NotALockFile(name)),
                SeeResult::Failed(errno) => self.fault(Call::See(Role::Look), errno),
            },
            Exclude::Lock => match (result.flock()?, self.memory.goal) {
                (FlockResult::Locked, _) => self.ask(Call::Unlock(Role::Look), At::Exclude(slot, Exclude::Unlock)),
                (FlockResult::Busy, goal) => {
                    self.memory.has_seen_share = true;
                    if goal == Goal::CleanUp { self.end_clean_up() } else { self.stuck(Obstacle::Shares(slot)) }
                }
                (FlockResult::Failed(errno), _) => self.fault(Call::Lock(Role::Look, Mode::Exclusive), errno),
            },
            // (A forked child may have a copy: closing ours would not unlock it.)
            Exclude::Unlock => {
                result.done()?;
                self.ask(Call::Close(Role::Look), At::Exclude(slot, Exclude::Close))
            }
            Exclude::Close => {
                result.done()?;
                match slot.map_or(Some(0), |slot| slot.checked_add(1)) {
                    Some(next) => self.look_for_shares(Some(next)),
                    None => self.unlink(slot),
                }
            }
            Exclude::Unlink => match (result.unlink()?, slot) {
                (UnlinkResult::Removed | UnlinkResult::Missing, Some(slot)) => self.unlink(slot.checked_sub(1)),
                // One that may not be removed is as good as none; and what is below it stays as well.
                (UnlinkResult::Removed | UnlinkResult::Missing, None)
                | (UnlinkResult::Denied(_) | UnlinkResult::Failed(_), _) => self.excluded(),
            },
        })
    }

    /// Removes that slot and all below it; then the file of the shared locks.
    fn unlink(&mut self, slot: Option<u16>) -> Step {
        if !self.memory.platform.removes {
            return self.excluded();
        }
        self.ask(Call::Unlink(Name::of_share(slot)), At::Exclude(slot, Exclude::Unlink))
    }

    /// No process has a share.
    fn excluded(&mut self) -> Step {
        match self.memory.goal {
            Goal::CleanUp => self.end_clean_up(),
            Goal::Lock | Goal::Shared | Goal::SlotOf(_) | Goal::Look | Goal::Downgrade => self.tidy(Then::Hold),
        }
    }
}
