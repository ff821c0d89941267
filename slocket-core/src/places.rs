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
const TRANSIENT: [Role; 7] = [Role::Probe, Role::Swept, Role::Listing, Role::Pin, Role::Guard, Role::Look, Role::Slots];

/// All of those: mostly none is full, and that is asked after each procedure.
const ANY_TRANSIENT: u16 = {
    let (mut bits, mut index) = (0, 0);
    while index < TRANSIENT.len() {
        bits |= bit(TRANSIENT[index]);
        index += 1;
    }
    bits
};

impl Places {
    /// One place is full.
    pub(crate) const fn with(role: Role) -> Self {
        Self { full: bit(role), locked: false, queued: 0 }
    }

    pub(crate) const fn is_full(&self, role: Role) -> bool {
        self.full & bit(role) != 0
    }

    /// How many are in [`Role::Queue`].
    pub(crate) const fn queued(&self) -> u16 {
        self.queued
    }

    /// Takes note of what a call has opened or closed. (A result of another type than the call's tells nothing.)
    #[inline]
    pub(crate) fn note(&mut self, call: Call, result: &CallResult) {
        match call {
            Call::Open(role, _) | Call::OpenFolder(role) | Call::OpenFifo(role, ..) => {
                self.fill_if(role, matches!(result, CallResult::OpenResult(OpenResult::Opened)));
            }
            Call::Socket(role, _) => self.fill_if(role, is_done(result)),
            Call::Reserve => self.fill_if(Role::Pin, is_done(result)),
            Call::Watch => {
                self.fill_if(Role::Watch, matches!(result, CallResult::AnswerResult(AnswerResult::Yes)));
            }
            Call::Accept(role) => {
                if let CallResult::AcceptResult(AcceptResult::Accepted { .. }) = result {
                    self.fill(role);
                    self.queued = self.queued.saturating_add(u16::from(role == Role::Queue));
                }
            }
            Call::Receive => {
                if let CallResult::ReceiveResult(received) = result {
                    self.fill_if(Role::Listener, matches!(received, ReceiveResult::Listener { .. }));
                    let has_strays = matches!(received, ReceiveResult::Truncated | ReceiveResult::Foreign);
                    self.fill_if(Role::Strays, has_strays);
                }
            }
            Call::Flock(Flock::Shared | Flock::Exclusive) => {
                self.locked |= matches!(result, CallResult::FlockResult(FlockResult::Locked));
            }
            Call::Unlock => self.locked &= !matches!(result, CallResult::DoneResult(_)),
            Call::Close(role) | Call::CloseApart(role) if matches!(result, CallResult::DoneResult(_)) => {
                self.queued = self.queued.saturating_sub(u16::from(role == Role::Queue));
                if role != Role::Queue || self.queued == 0 {
                    self.full &= !bit(role);
                }
            }
            Call::Stat(_)
            | Call::StatByPath(_)
            | Call::StatFile(_)
            | Call::NextName
            | Call::Unlink(_)
            | Call::Rename(_)
            | Call::Link(_)
            | Call::FileSystem
            | Call::StatProc
            | Call::SetTimesOfName(_)
            | Call::SetTimes(..)
            | Call::SetTimesInProc(..)
            | Call::SetMode(..)
            | Call::MakeFifo(_)
            | Call::SeeFifo(_)
            | Call::Read(_)
            | Call::SetSocketMode
            | Call::Bind(..)
            | Call::BindBadge
            | Call::Listen
            | Call::Connect(..)
            | Call::Shutdown(..)
            | Call::Peer(_)
            | Call::Ask(_)
            | Call::SocketName
            | Call::CompareBoundFile
            | Call::ComparePeerName
            | Call::Poll
            | Call::HasEnded(_)
            | Call::Drain
            | Call::HasUnread(_)
            | Call::Send(_)
            | Call::Random
            | Call::SpendReserve
            | Call::AskKernel
            | Call::Close(_)
            | Call::CloseApart(_) => {}
        }
    }

    fn fill_if(&mut self, role: Role, is_full: bool) {
        if is_full {
            self.fill(role);
        }
    }

    fn fill(&mut self, role: Role) {
        self.full |= bit(role);
    }

    /// The next call that closes what a procedure has left open.
    #[inline]
    pub(crate) fn next_to_close(&self) -> Option<Call> {
        if self.full & ANY_TRANSIENT == 0 {
            return None;
        }
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
        Role::Share => 11,
        Role::Look => 12,
        Role::Slots => 13,
    }
}

const fn is_done(result: &CallResult) -> bool {
    matches!(result, CallResult::DoneResult(DoneResult::Done))
}
