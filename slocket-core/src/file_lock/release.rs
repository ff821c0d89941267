//! The turn is passed on, or a share is given back (protocol section 10, "Release").
//!
//! Where files can be removed, the file goes: the processes that wait see that the path has changed, and the first that makes it again has the
//! turn. Elsewhere it is unlocked, and touched, so that they look again.

use super::call::{Call, Fault, Role};
use super::machine::{Machine, Step};
use super::memory::Goal;
use super::result::CallResult;
use super::state::{At, Release, Turn};
use crate::call::Name;
use crate::report::{Failure, Report};
use crate::result::{AnswerResult, Misfit, UnlinkResult};

/// How often in a row files of shares are looked at again because another share was given back meanwhile. (What stays then goes with the
/// next use.)
const MOST_AGAIN: u8 = 3;

impl Machine {
    pub(super) fn release(&mut self, owed: Report) -> Step {
        self.ask(Call::Compare(Role::Turn, Name::Lock), At::Release(owed, Release::Compare))
    }

    pub(super) fn released(&mut self, owed: Report, step: Release, result: &CallResult) -> Result<Step, Misfit> {
        Ok(match step {
            Release::Compare => match result.answer()? {
                AnswerResult::Yes if self.memory.platform.removes => {
                    self.ask(Call::Unlink(Name::Lock), At::Release(owed, Release::Unlink))
                }
                AnswerResult::Yes => self.unlock(owed, true),
                AnswerResult::No => self.lost(owed, Failure::LockLost),
                AnswerResult::Failed(errno) => {
                    let call = Call::Compare(Role::Turn, Name::Lock);
                    self.lost(owed, Failure::OfFile(Fault { call, errno }))
                }
            },
            Release::Unlink => match result.unlink()? {
                // The process that has this share may be giving it back, and leave the files to the process with the turn: to us.
                UnlinkResult::Removed | UnlinkResult::Missing if self.memory.has_seen_share => {
                    self.ask(Call::WasTouched, At::Release(owed, Release::WasTouched))
                }
                UnlinkResult::Removed | UnlinkResult::Missing => self.passed_on(owed),
                UnlinkResult::Denied(_) | UnlinkResult::Failed(_) => self.unlock(owed, true),
            },
            Release::Unlock { is_told } => {
                result.done()?;
                if is_told { self.ask(Call::Touch, At::Release(owed, Release::Touch)) } else { self.passed_on(owed) }
            }
            Release::Touch => {
                result.done()?;
                self.passed_on(owed)
            }
            Release::WasTouched => match result.answer()? {
                AnswerResult::Yes if self.memory.again < MOST_AGAIN => self.clean_up_again(owed),
                AnswerResult::Yes | AnswerResult::No | AnswerResult::Failed(_) => self.passed_on(owed),
            },
            Release::UnlockShare => {
                result.done()?;
                self.memory.has_share = false;
                self.unlock(owed, false)
            }
        })
    }

    fn clean_up_again(&mut self, owed: Report) -> Step {
        self.memory.again += 1;
        self.memory.moved = 0;
        self.memory.has_turn = false;
        self.memory.has_seen_share = false;
        self.memory.goal = Goal::CleanUp;
        self.memory.owed = Some(owed);
        self.ask_turn(Call::Close(Role::Turn), Turn::Close { is_moved: true })
    }

    fn unlock(&mut self, owed: Report, is_told: bool) -> Step {
        self.ask(Call::Unlock(Role::Turn), At::Release(owed, Release::Unlock { is_told }))
    }

    fn passed_on(&mut self, owed: Report) -> Step {
        self.memory.has_turn = false;
        self.finish(owed)
    }

    /// The path is not our file any more: another process may have had the turn, too.
    fn lost(&mut self, owed: Report, failure: Failure) -> Step {
        let was_granted = matches!(owed, Report::Released | Report::Shared { .. }) && self.memory.goal != Goal::CleanUp;
        let owed = if was_granted { Report::Failed(failure) } else { owed };
        if self.memory.has_share {
            self.ask(Call::Unlock(Role::Share), At::Release(owed, Release::UnlockShare))
        } else {
            self.unlock(owed, false)
        }
    }

    /// Gives the share back. (A forked child may have a copy of its file: closing ours would not unlock it.)
    pub(super) fn give_back(&mut self, owed: Report) -> Step {
        self.ask(Call::Unlock(Role::Share), At::GiveBack(owed))
    }

    /// Then its file is closed, and removed if no process has a share any more; or the process with the turn is woken, which may wait for
    /// this share.
    pub(super) fn gave_back(&mut self, owed: Report) -> Step {
        if self.memory.is_open(Role::Share) {
            self.memory.has_share = false;
            return self.ask(Call::Close(Role::Share), At::GiveBack(owed));
        }
        self.memory.goal = Goal::CleanUp;
        self.memory.owed = Some(owed);
        self.memory.is_try = true;
        self.take_turn()
    }
}
