//! The turn: the file at the lock's path, locked by this process (protocol section 10, "The turn").
//!
//! A process that has locked the file looks whether the path is still that file: the holder before it may have removed it, and then another
//! process can have the turn by a new file.

use super::call::{Call, Fault, Mode, Role};
use super::machine::{Machine, Step};
use super::memory::Goal;
use super::result::{CallResult, OpenResult, SeeResult};
use super::state::{At, Looked, Obstacle, Turn};
use crate::call::Name;
use crate::event::Occupied;
use crate::report::{Failure, Report};
use crate::result::{AnswerResult, DoneResult, Errno, FlockResult, MakeResult, Misfit};

/// How often in a row the file may have moved before a pause.
const MOST_MOVED: u8 = 3;

impl Machine {
    /// Goes for the turn, from wherever it stands.
    pub(super) fn take_turn(&mut self) -> Step {
        match () {
            () if self.memory.is_open(Role::Turn) => self.lock_turn(),
            // Mostly there is no file.
            () if self.memory.platform.removes && self.memory.goal != Goal::Look => self.make_turn(),
            () => self.open_turn(),
        }
    }

    fn make_turn(&mut self) -> Step {
        self.ask_turn(Call::Make(Role::Turn, Name::Lock), Turn::Make)
    }

    fn open_turn(&mut self) -> Step {
        self.ask_turn(Call::Open(Role::Turn, Name::Lock), Turn::Open)
    }

    fn lock_turn(&mut self) -> Step {
        let mode = if self.memory.goal == Goal::Look { Mode::Shared } else { Mode::Exclusive };
        self.ask_turn(Call::Lock(Role::Turn, mode), Turn::Lock)
    }

    pub(super) fn turn(&mut self, turn: Turn, result: &CallResult) -> Result<Step, Misfit> {
        Ok(match turn {
            Turn::Make => match result.make()? {
                MakeResult::Made => self.ask_turn(Call::SetMode(Role::Turn), Turn::SetMode),
                MakeResult::Exists if self.is_relieved() => self.end_clean_up(),
                MakeResult::Exists => self.open_turn(),
                MakeResult::Failed(errno) => self.fault(Call::Make(Role::Turn, Name::Lock), errno),
            },
            Turn::Open => match (result.open()?, self.memory.goal) {
                (OpenResult::Opened, _) => self.ask_turn(Call::See(Role::Turn), Turn::See),
                (OpenResult::Missing, Goal::Look) => self.finish(Report::Free),
                (OpenResult::Missing, Goal::CleanUp) if !self.memory.platform.removes => self.end_clean_up(),
                (OpenResult::Missing, _) => self.moved(),
                (OpenResult::NotAFile, _) => self.occupied(),
                (OpenResult::Held, Goal::Look) => self.finish(Report::Listened),
                (OpenResult::Held, Goal::CleanUp) => self.end_clean_up(),
                (OpenResult::Held, _) => self.stuck(Obstacle::Turn),
                (OpenResult::Failed(errno), _) => self.fault(Call::Open(Role::Turn, Name::Lock), errno),
            },
            // (A mode that could not be set keeps others out: they are told so.)
            Turn::SetMode => {
                result.done()?;
                self.lock_turn()
            }
            Turn::See => match result.see()? {
                SeeResult::LockFile if self.memory.goal == Goal::CleanUp && !self.memory.platform.removes => {
                    self.ask_turn(Call::Touch, Turn::Touch)
                }
                SeeResult::LockFile => self.lock_turn(),
                SeeResult::Untrusted => self.fail(Failure::UntrustedFile),
                SeeResult::Other => self.ask_turn(Call::Close(Role::Turn), Turn::Close { is_moved: false }),
                SeeResult::Failed(errno) => self.fault(Call::See(Role::Turn), errno),
            },
            Turn::Lock => self.locked(result.flock()?),
            Turn::Compare { is_locked } => match result.answer()? {
                AnswerResult::Yes if is_locked => self.ask_turn(Call::Record, Turn::Record),
                AnswerResult::Yes => self.stuck(Obstacle::Turn),
                AnswerResult::No => self.ask_turn(Call::Close(Role::Turn), Turn::Close { is_moved: true }),
                AnswerResult::Failed(errno) => self.fault(Call::Compare(Role::Turn, Name::Lock), errno),
            },
            Turn::Close { is_moved } => {
                let (DoneResult::Done | DoneResult::Failed(_)) = result.done()?;
                if is_moved { self.moved() } else { self.occupied() }
            }
            // (Without the record others cannot name the holder.)
            Turn::Record => {
                result.done()?;
                self.memory.has_turn = true;
                self.have_turn()
            }
            Turn::Touch => {
                result.done()?;
                if self.memory.platform.removes {
                    self.ask_turn(Call::Compare(Role::Turn, Name::Lock), Turn::Touched)
                } else {
                    self.end_clean_up()
                }
            }
            // If it was removed before it was touched, the process that removed it may not know.
            Turn::Touched => match result.answer()? {
                AnswerResult::No => self.ask_turn(Call::Close(Role::Turn), Turn::Close { is_moved: true }),
                AnswerResult::Yes | AnswerResult::Failed(_) => self.end_clean_up(),
            },
        })
    }

    fn locked(&mut self, locked: FlockResult) -> Step {
        match (locked, self.memory.goal) {
            (FlockResult::Locked, Goal::Look) => self.ask(Call::Unlock(Role::Turn), At::Looked(Looked::Unlock)),
            (FlockResult::Locked, _) => {
                self.ask_turn(Call::Compare(Role::Turn, Name::Lock), Turn::Compare { is_locked: true })
            }
            (FlockResult::Busy, Goal::Look) => self.finish(Report::Listened),
            (FlockResult::Busy, Goal::CleanUp) if self.is_relieved() => self.end_clean_up(),
            // It may be waiting for the share that was just given back.
            (FlockResult::Busy, Goal::CleanUp) => self.ask_turn(Call::Touch, Turn::Touch),
            (FlockResult::Busy, _) => {
                self.ask_turn(Call::Compare(Role::Turn, Name::Lock), Turn::Compare { is_locked: false })
            }
            (FlockResult::Failed(errno), _) => self.fault(Call::Lock(Role::Turn, Mode::Exclusive), errno),
        }
    }

    fn have_turn(&mut self) -> Step {
        match self.memory.goal {
            Goal::Lock | Goal::CleanUp | Goal::Look => self.look_for_shares(None),
            Goal::Shared | Goal::Downgrade | Goal::SlotOf(_) => self.take_share(),
        }
    }

    /// The path was another file, or none, when it was looked at again: at once again for some times, then after a pause.
    fn moved(&mut self) -> Step {
        if self.memory.moved < MOST_MOVED {
            self.memory.moved += 1;
            return match self.memory.platform.removes {
                true => self.take_turn(),
                // It was opened first.
                false => self.make_turn(),
            };
        }
        if self.memory.goal == Goal::CleanUp {
            return self.end_clean_up();
        }
        self.stuck(Obstacle::Turn)
    }

    /// Whether what was given back is the duty of another process: one that has the turn by a file that was made since sees it for itself.
    fn is_relieved(&self) -> bool {
        self.memory.goal == Goal::CleanUp && self.memory.moved > 0
    }

    /// Something else is at the path.
    fn occupied(&mut self) -> Step {
        match (self.memory.goal, self.memory.occupied) {
            (Goal::Lock | Goal::Shared | Goal::SlotOf(_), Occupied::Wait) => self.stuck(Obstacle::Turn),
            (Goal::Lock | Goal::Shared | Goal::SlotOf(_) | Goal::CleanUp | Goal::Look | Goal::Downgrade, _) => {
                self.fail(Failure::Occupied)
            }
        }
    }

    pub(super) fn fault(&mut self, call: Call, errno: Errno) -> Step {
        self.fail(Failure::OfFile(Fault { call, errno }))
    }
}
