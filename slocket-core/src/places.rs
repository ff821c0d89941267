//! Which places for descriptors are full.

use crate::call::{Call, Flock, Role};
use crate::result::{AcceptResult, AnswerResult, CallResult, DoneResult, FlockResult, OpenResult, ReceiveResult};

/// Which places are full, so that a leak or a double close is a state that a model can see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Places {
    full: u16,
    /// The guard is had.
    locked: bool,
    /// How many are in [`Role::Queue`].
    queued: u16,
}

/// What a procedure leaves to be closed when it ends.
const TRANSIENT: [Role; 5] = [Role::Probe, Role::Swept, Role::Listing, Role::Pin, Role::Guard];

impl Places {
    pub(crate) const fn is_full(&self, role: Role) -> bool {
        self.full & bit(role) != 0
    }

    /// How many are in [`Role::Queue`].
    pub(crate) const fn queued(&self) -> u16 {
        self.queued
    }

    /// Takes note of what a call has opened or closed.
    pub(crate) fn note(&mut self, call: Call, result: CallResult) {
        match (call, result) {
            (Call::Open(role, _) | Call::OpenFolder(role), CallResult::OpenResult(OpenResult::Opened))
            | (Call::Socket(role, _), CallResult::DoneResult(DoneResult::Done)) => self.fill(role),
            (Call::Accept(Role::Queue), CallResult::AcceptResult(AcceptResult::Accepted { .. })) => {
                self.queued = self.queued.saturating_add(1);
                self.fill(Role::Queue);
            }
            (Call::Accept(role), CallResult::AcceptResult(AcceptResult::Accepted { .. })) => self.fill(role),
            (Call::Reserve, CallResult::DoneResult(DoneResult::Done)) => self.fill(Role::Pin),
            (Call::Watch, CallResult::AnswerResult(AnswerResult::Yes)) => self.fill(Role::Watch),
            (Call::Receive, CallResult::ReceiveResult(ReceiveResult::Listener)) => self.fill(Role::Listener),
            (Call::Receive, CallResult::ReceiveResult(ReceiveResult::Truncated | ReceiveResult::Foreign)) => {
                self.fill(Role::Strays);
            }
            (Call::Flock(Flock::Shared | Flock::Exclusive), CallResult::FlockResult(FlockResult::Locked)) => {
                self.locked = true;
            }
            (Call::Unlock, _) => self.locked = false,
            (Call::Close(Role::Queue) | Call::CloseApart(Role::Queue), _) => {
                self.queued = self.queued.saturating_sub(1);
                if self.queued == 0 {
                    self.full &= !bit(Role::Queue);
                }
            }
            (Call::Close(role) | Call::CloseApart(role), _) => self.full &= !bit(role),
            _ => {}
        }
    }

    fn fill(&mut self, role: Role) {
        self.full |= bit(role);
    }

    /// The next call that closes what a procedure has left open.
    pub(crate) fn next_to_close(&self) -> Option<Call> {
        let role = TRANSIENT.into_iter().find(|role| self.is_full(*role))?;
        Some(if role == Role::Guard && self.locked { Call::Unlock } else { Call::Close(role) })
    }
}

const fn bit(role: Role) -> u16 {
    1 << match role {
        Role::Listener => 0,
        Role::Connection => 1,
        Role::Guest => 2,
        Role::Pin => 3,
        Role::Guard => 4,
        Role::Probe => 5,
        Role::Listing => 6,
        Role::Swept => 7,
        Role::Queue => 8,
        Role::Strays => 9,
        Role::Watch => 10,
    }
}
