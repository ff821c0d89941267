//! What a planted bug does between the machine and the kernel.

use slocket_core::file_lock::{Call, CallResult, Mode, OpenResult, Role};
use slocket_core::{AnswerResult, DoneResult, FlockResult, MakeResult, Name, UnlinkResult};

use super::bug::Bug;
use super::configuration::Configuration;
use super::kernel::{TURN, index};
use super::world::{Asked, Lock, World};

const DONE: CallResult = CallResult::DoneResult(DoneResult::Done);
const YES: CallResult = CallResult::AnswerResult(AnswerResult::Yes);

impl World {
    /// Makes the call, or the one that the planted bug makes instead: nothing is told if that was another call, made before it.
    pub(super) fn filtered(&mut self, process: usize, configuration: &Configuration, call: Call) -> Option<CallResult> {
        let Some(bug) = configuration.bug else { return Some(self.perform(process, configuration, call)) };
        let asked = self.processes[process].asked;
        let late = self.processes[process].late;
        let releases = asked == Some(Asked::Release);
        let instead = match (bug, call) {
            // As before the path was watched.
            (Bug::NoSecondLook, Call::Lock(Role::Turn, _)) if late == 1 => FlockResult::Busy.into(),
            (Bug::NoCompare | Bug::TouchNotCompared | Bug::NoSecondLook, Call::Compare(..)) if late == 1 => {
                self.processes[process].late = 0;
                YES
            }
            (Bug::BusyNotCompared, Call::Compare(..)) if late == 2 => YES,
            (Bug::UnlinkAfterUnlock, Call::Unlink(Name::Lock)) if late == 0 => {
                self.set_lock(process, configuration, Role::Turn, Lock::None);
                self.processes[process].late = 1;
                return None;
            }
            (Bug::SharesTooLate | Bug::DowngradesTooLate, Call::Lock(Role::Share, _)) if late == 0 => {
                self.gives_turn_back(process, configuration);
                self.processes[process].late = 1;
                return None;
            }
            (Bug::SharesTooLate | Bug::DowngradesTooLate, Call::Compare(..)) if late == 1 => YES,
            (Bug::SharesTooLate | Bug::DowngradesTooLate, Call::Unlink(Name::Lock)) if late == 1 => {
                self.processes[process].late = 0;
                UnlinkResult::Removed.into()
            }
            (Bug::MakeReplaces, Call::Make(Role::Turn, name)) => {
                self.names[index(name)] = None;
                self.perform(process, configuration, call)
            }
            (Bug::SlotsNotExcluded, Call::Open(Role::Look, Name::Slot(_))) => OpenResult::Missing.into(),
            (Bug::OneSlotExcluded, Call::Open(Role::Look, Name::Slot(1..))) => OpenResult::Missing.into(),
            (Bug::SlotWithoutBase, Call::Make(Role::Share, Name::Shared)) => {
                self.perform(process, configuration, call);
                self.names[index(Name::Shared)] = None;
                MakeResult::Made.into()
            }
            (Bug::SlotIsShared, Call::Lock(Role::Share, Mode::Exclusive)) => {
                self.perform(process, configuration, Call::Lock(Role::Share, Mode::Shared))
            }
            (Bug::CleansWithoutTurn, Call::Compare(Role::Turn, _) | Call::Record) if releases && late == 2 => {
                if call == Call::Record { DONE } else { YES }
            }
            (Bug::CleansWithoutTurn, Call::Unlink(Name::Lock)) if releases && late == 2 => UnlinkResult::Removed.into(),
            (Bug::ShareNotTouched | Bug::TurnNotTouched, Call::Touch) if releases => DONE,
            (Bug::LookNotTouched, Call::Touch) if asked == Some(Asked::Look) => DONE,
            (Bug::ShareNotUnlocked, Call::Unlock(Role::Share)) | (Bug::LookNotUnlocked, Call::Unlock(Role::Look)) => {
                DONE
            }
            (Bug::NotCleanedAgain, Call::WasTouched) => AnswerResult::No.into(),
            (Bug::UnlinkWithoutCompare | Bug::LossNotSeen, Call::Compare(..)) if releases => YES,
            (Bug::LossNotSeen, Call::Unlink(Name::Lock)) if self.turn(process).is_none() => {
                UnlinkResult::Missing.into()
            }
            _ => self.perform(process, configuration, call),
        };
        Some(self.believed(process, bug, call, instead))
    }

    /// What is believed instead of the result, and what is remembered.
    fn believed(&mut self, process: usize, bug: Bug, call: Call, result: CallResult) -> CallResult {
        const LOCKED: CallResult = CallResult::FlockResult(FlockResult::Locked);
        const BUSY: CallResult = CallResult::FlockResult(FlockResult::Busy);
        let releases = self.processes[process].asked == Some(Asked::Release);
        let late = &mut self.processes[process].late;
        match (bug, call, result) {
            (Bug::NoCompare, Call::Lock(Role::Turn, _), LOCKED)
            | (Bug::TouchNotCompared, Call::Touch, _)
            | (Bug::NoSecondLook, Call::Watch, _) => *late = 1,
            (Bug::NoCompare | Bug::TouchNotCompared, ..) => *late = 0,
            (Bug::UnlinkAfterUnlock, Call::Unlink(Name::Lock), _) => *late = 0,
            (Bug::BusyNotCompared, Call::Lock(Role::Turn, _), _) => *late = if result == BUSY { 2 } else { 0 },
            (Bug::BusyIsFree, Call::Lock(Role::Look, _), BUSY) => return LOCKED,
            (Bug::CleansWithoutTurn, Call::Lock(Role::Turn, _), _) if releases => {
                *late = if result == BUSY { 2 } else { 0 };
                return LOCKED;
            }
            _ => {}
        }
        result
    }

    fn gives_turn_back(&mut self, process: usize, configuration: &Configuration) {
        if self.turn(process).is_some() {
            self.names[index(Name::Lock)] = None;
            self.changes(Name::Lock);
        }
        if self.processes[process].places[TURN].is_some() {
            self.set_lock(process, configuration, Role::Turn, Lock::None);
        }
    }
}
