//! What the machine remembers.

use core::num::NonZeroU16;

use super::call::{Call, Role};
use super::result::{CallResult, OpenResult};
use crate::event::Occupied;
use crate::report::Report;
use crate::result::{AnswerResult, DoneResult, MakeResult};

/// What a machine needs to know of the system before it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Platform {
    /// A file can be unlinked while it is locked, and every process sees at once that it was: then a released lock leaves nothing. Not so
    /// on a network file system, where a process may see the former file for a while.
    pub removes: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Memory {
    pub(super) platform: Platform,
    pub(super) goal: Goal,
    /// The request is a try.
    pub(super) is_try: bool,
    pub(super) patience: Patience,
    pub(super) occupied: Occupied,
    /// The turn is ours: the file is locked, and has the lock's name.
    pub(super) has_turn: bool,
    /// A share is ours.
    pub(super) has_share: bool,
    /// The slot that was taken.
    pub(super) slot: Option<u16>,
    /// The path is watched, or it was found that it cannot be.
    pub(super) is_armed: bool,
    /// The length of the next pause.
    pub(super) level: u8,
    /// How often in a row the file was another one by the time that it was locked.
    pub(super) moved: u8,
    /// How often files of shares were looked at again.
    pub(super) again: u8,
    /// With the turn in hand, another process was seen to have a share.
    pub(super) has_seen_share: bool,
    /// What the caller is told when all is cleaned up.
    pub(super) owed: Option<Report>,
    pub(super) open: Open,
}

/// What the turn is wanted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    /// To hold the lock.
    #[default]
    Lock,
    /// To take a shared lock.
    Shared,
    /// The lock is held, and is to become a shared one.
    Downgrade,
    /// To take one of so many slots.
    SlotOf(NonZeroU16),
    /// To remove the files of shares, if no process has one.
    CleanUp,
    /// For nothing: to see whether a process has it.
    Look,
}

/// How long a try has looked again at whatever is in the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Patience {
    #[default]
    Fresh,
    Running,
    Over,
}

/// Which places are full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Open {
    turn: bool,
    look: bool,
    share: bool,
    watch: bool,
}

impl Open {
    /// What a holder has open.
    pub(super) const TURN: Self = Self { turn: true, look: false, share: false, watch: false };
}

impl Memory {
    /// Takes note of what a call has opened or closed.
    pub(super) fn note(&mut self, call: Call, result: &CallResult) {
        match (call, result) {
            (Call::Open(role, _), CallResult::OpenResult(OpenResult::Opened))
            | (Call::Make(role, _), CallResult::MakeResult(MakeResult::Made)) => self.set(role, true),
            (Call::Watch, CallResult::AnswerResult(AnswerResult::Yes)) => self.set(Role::Watch, true),
            (Call::Close(role), CallResult::DoneResult(DoneResult::Done | DoneResult::Failed(_))) => {
                self.set(role, false);
            }
            (
                Call::Open(..)
                | Call::Make(..)
                | Call::SetMode(_)
                | Call::See(_)
                | Call::Lock(..)
                | Call::Unlock(_)
                | Call::Compare(..)
                | Call::Record
                | Call::Unlink(_)
                | Call::Touch
                | Call::WasTouched
                | Call::Watch
                | Call::Close(_),
                _,
            ) => {}
        }
    }

    fn set(&mut self, role: Role, is_open: bool) {
        *match role {
            Role::Turn => &mut self.open.turn,
            Role::Look => &mut self.open.look,
            Role::Share => &mut self.open.share,
            Role::Watch => &mut self.open.watch,
        } = is_open;
    }

    pub(super) fn is_open(&self, role: Role) -> bool {
        match role {
            Role::Turn => self.open.turn,
            Role::Look => self.open.look,
            Role::Share => self.open.share,
            Role::Watch => self.open.watch,
        }
    }

    /// What is open beside the turn and is not ours to keep.
    pub(super) fn stray(&self) -> Option<Role> {
        match () {
            () if self.open.look => Some(Role::Look),
            () if self.open.share && !self.has_share => Some(Role::Share),
            () if self.open.watch => Some(Role::Watch),
            () => None,
        }
    }

    /// What is to be closed at the end.
    pub(super) fn next_to_close(&self) -> Option<Role> {
        self.stray().or_else(|| self.open.turn.then_some(Role::Turn))
    }

    /// What it is to remember that holds the lock, or a share.
    pub(super) fn of_holder(&self) -> Self {
        let Self { platform, has_turn, has_share, open, .. } = *self;
        let slot = self.slot.filter(|_| has_share);
        Self { platform, has_turn, has_share, slot, open, ..Self::default() }
    }
}
