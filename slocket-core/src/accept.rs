//! The next waiter (protocol section 2, "Release, in full").
//!
//! If the path is still our socket, the head of the queue is accepted, and its kind is determined. A socket that has lost its
//! mark while it was held first gets the mark again: an administrator has touched the socket. If the mark cannot be set again, the path is
//! looked at once more.

use crate::call::{Call, Name, Role};
use crate::memory::Memory;
use crate::next::{Next, Stepped, call, done};
use crate::result::{AcceptResult, AnswerResult, CallResult, PeerResult, StatResult};
use crate::{mark, part};

/// The head of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Accepted {
    /// A waiter with a badge, of our user: it can take the listener.
    Waiter,
    /// A baseline client of our user: it can be lent the lock.
    Client,
    /// A peer of another user: one of our participants if it has a badge, else a baseline client.
    Stranger { has_badge: bool },
    /// A peer that has ended its stream already.
    Gone,
    /// The queue is empty.
    Nobody,
    /// None was accepted: the path is not our socket any more, so the lock is lost and must not be passed on.
    Lost,
    /// The queue cannot be accepted from, or too many ended connections were passed over.
    Failed,
}

/// How many are accepted for one release, at most: as many as the queue can hold when it begins (4,097, unless the system's
/// administrator has raised `net.core.somaxconn`), and one. Clients that come and go meanwhile must not keep it from its end.
pub(crate) const MOST: u16 = 4_098;

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    DismissGuest(part::Step),
    Look,
    SetMark(mark::Step),
    LookAgain,
    Poll,
    Accept,
    SpendReserve,
    AcceptAgain,
    SeePeer { has_badge: bool },
    SeeWhetherEnded { is_ours: bool, has_badge: bool },
}

type Going = Next<Step, Accepted>;

/// Begins. A client that was accepted before, and was not given the lock, is sent away.
pub(crate) fn begin(memory: &mut Memory) -> Going {
    if memory.places.is_full(Role::Guest) {
        part::end(Role::Guest).within(Step::DismissGuest, |()| look(memory))
    } else {
        look(memory)
    }
}

/// Takes a result.
#[inline]
pub(crate) fn next(step: Step, result: &CallResult, memory: &mut Memory) -> Stepped<Step, Accepted> {
    match step {
        Step::DismissGuest(inner) => Ok(part::next(inner, result)?.within(Step::DismissGuest, |()| look(memory))),
        Step::Look => match at_path(result.stat()?, memory) {
            AtPath::Ours { is_marked: false } => {
                Ok(mark::begin(memory, true).within(Step::SetMark, |is_set| marked(memory, is_set)))
            }
            // (Where it is not known, the process that closes out looks once more.)
            AtPath::Ours { is_marked: true } | AtPath::Unknown => Ok(poll()),
            AtPath::Another => done(Accepted::Lost),
        },
        Step::SetMark(inner) => {
            Ok(mark::next(inner, result, memory)?.within(Step::SetMark, |is_set| marked(memory, is_set)))
        }
        Step::LookAgain => match at_path(result.stat()?, memory) {
            AtPath::Ours { .. } | AtPath::Unknown => Ok(poll()),
            AtPath::Another => done(Accepted::Lost),
        },
        // accept(2) makes a socket before it looks for a waiter: that takes ten times as long as to ask.
        Step::Poll => {
            memory.empty = match result.answer()? {
                AnswerResult::Yes => false,
                AnswerResult::No | AnswerResult::Failed(_) => true,
            };
            if memory.empty { done(Accepted::Nobody) } else { call(Call::Accept(Role::Guest), Step::Accept) }
        }
        Step::Accept => match result.accept()? {
            // A holder can still pass the lock on when descriptors have run out.
            AcceptResult::Exhausted => call(Call::SpendReserve, Step::SpendReserve),
            result @ (AcceptResult::Accepted { .. } | AcceptResult::Nobody | AcceptResult::Failed) => {
                Ok(accepted(result))
            }
        },
        Step::SpendReserve => {
            result.done()?;
            call(Call::Accept(Role::Guest), Step::AcceptAgain)
        }
        Step::AcceptAgain => Ok(accepted(result.accept()?)),
        Step::SeePeer { has_badge } => match result.peer()? {
            // (One that has gone is met when the lock is sent to it.)
            PeerResult::Peer { is_ours: true, .. } if has_badge => done(Accepted::Waiter),
            PeerResult::Peer { is_ours, .. } => {
                call(Call::HasEnded(Role::Guest), Step::SeeWhetherEnded { is_ours, has_badge })
            }
            PeerResult::Unknown => done(Accepted::Gone),
        },
        Step::SeeWhetherEnded { is_ours, has_badge } => done(match (result.answer()?, is_ours) {
            (AnswerResult::Yes, _) => Accepted::Gone,
            (AnswerResult::No | AnswerResult::Failed(_), true) => Accepted::Client,
            (AnswerResult::No | AnswerResult::Failed(_), false) => Accepted::Stranger { has_badge },
        }),
    }
}

fn look(memory: &mut Memory) -> Going {
    memory.accepted = memory.accepted.saturating_add(1);
    if memory.accepted > MOST {
        return Next::Done(Accepted::Failed);
    }
    match memory.listener {
        Some(_) => {
            memory.intact = false;
            Next::Call(Call::Stat(Name::Lock), Step::Look)
        }
        // (An abstract name cannot be taken from the socket that has it.)
        None => poll(),
    }
}

/// What is at the path.
enum AtPath {
    /// Our socket.
    Ours { is_marked: bool },
    /// Something else, or nothing.
    Another,
    /// The system did not tell.
    Unknown,
}

fn at_path(result: StatResult, memory: &mut Memory) -> AtPath {
    let at_path = match result {
        StatResult::Found(found) if Some(found.inode) == memory.listener => {
            AtPath::Ours { is_marked: found.is_marked() }
        }
        StatResult::Found(_) | StatResult::Missing => AtPath::Another,
        StatResult::Failed(_) => AtPath::Unknown,
    };
    memory.intact = matches!(at_path, AtPath::Ours { .. });
    at_path
}

/// If the mark could not be set, it may be because something else is at the path by now.
fn marked(memory: &mut Memory, is_set: bool) -> Going {
    if is_set {
        return poll();
    }
    memory.intact = false;
    Next::Call(Call::Stat(Name::Lock), Step::LookAgain)
}

fn poll() -> Going {
    Next::Call(Call::Poll, Step::Poll)
}

fn accepted(result: AcceptResult) -> Going {
    match result {
        AcceptResult::Accepted { has_badge } => Next::Call(Call::Peer(Role::Guest), Step::SeePeer { has_badge }),
        AcceptResult::Nobody => Next::Done(Accepted::Nobody),
        AcceptResult::Exhausted | AcceptResult::Failed => Next::Done(Accepted::Failed),
    }
}
