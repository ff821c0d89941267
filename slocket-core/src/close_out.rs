//! The path is given up (protocol section 2, "Release, in full": close out; section 6).
//!
//! It is unlinked if it is still ours, then newcomers are refused, then queued waiters are ended, then the listener is closed: in
//! this order. At an abstract name the listener is closed first, because this makes the kernel free the name; the queued waiters were
//! accepted before, and are ended after it. (If the kernel ended them, it would close what they have sent, which could take forever.)

use crate::call::{Call, Half, Name, Role};
use crate::memory::Memory;
use crate::next::{Next, Stepped, call, done};
use crate::part;
use crate::report::Fault;
use crate::result::{AcceptResult, AnswerResult, CallResult, StatResult, UnlinkResult};

/// How giving up the path ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Removal {
    /// As it should.
    Done,
    /// What was at the path was not ours any more.
    NotOurs,
    /// A system call failed.
    Failed(Fault),
    /// A share was to be kept, and a baseline client was in the queue: it acquires now, and knows nothing of shares.
    MetBaseline,
}

/// How many can be in a queue, unless the system's administrator has raised `net.core.somaxconn`.
const MOST_QUEUED: u16 = 4_097;

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    removal: Removal,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    DismissGuest(part::Step),
    Look,
    Unlink,
    Refuse,
    Accept { has_reserve: bool },
    SpendReserve,
    SeeWhetherEnded,
    End(part::Step),
    CloseListener,
    // At an abstract name.
    AcceptAll,
    CloseName,
    EndQueued(part::Step),
}

type Going = Next<Step, Removal>;

/// Begins.
#[inline]
pub(crate) fn begin(memory: &Memory) -> Going {
    let at = |at| Step { removal: Removal::Done, at };
    if memory.places.is_full(Role::Guest) {
        part::end(Role::Guest).within(|inner| at(At::DismissGuest(inner)), |()| give_up(memory))
    } else {
        give_up(memory)
    }
}

/// Takes a result.
#[inline]
pub(crate) fn next(step: Step, result: &CallResult, memory: &Memory) -> Stepped<Step, Removal> {
    let Step { removal, at } = step;
    match at {
        At::DismissGuest(inner) => Ok(part::next(inner, result)?
            .within(|inner| Step { removal, at: At::DismissGuest(inner) }, |()| give_up(memory))),
        At::Look => Ok(match result.stat()? {
            StatResult::Found(found) if Some(found.inode) == memory.listener => unlink(),
            StatResult::Found(_) | StatResult::Missing => refuse(Removal::NotOurs),
            StatResult::Failed(errno) => refuse(Removal::Failed(Fault::new(Call::Stat(Name::Lock), errno))),
        }),
        At::Unlink => Ok(refuse(match result.unlink()? {
            UnlinkResult::Removed => Removal::Done,
            UnlinkResult::Missing => Removal::NotOurs,
            UnlinkResult::Denied(errno) | UnlinkResult::Failed(errno) => {
                Removal::Failed(Fault::new(Call::Unlink(Name::Lock), errno))
            }
        })),
        At::Refuse => {
            result.done()?;
            Ok(accept(removal, true))
        }
        At::Accept { has_reserve } => match result.accept()? {
            // (One that has gone acquires nothing.)
            AcceptResult::Accepted { has_badge: false } if memory.has_share => {
                call(Call::HasEnded(Role::Guest), Step { removal, at: At::SeeWhetherEnded })
            }
            AcceptResult::Accepted { .. } => Ok(end(removal)),
            AcceptResult::Exhausted if has_reserve => call(Call::SpendReserve, Step { removal, at: At::SpendReserve }),
            AcceptResult::Exhausted | AcceptResult::Nobody | AcceptResult::Failed => {
                call(Call::Close(Role::Listener), Step { removal, at: At::CloseListener })
            }
        },
        At::SpendReserve => {
            result.done()?;
            Ok(accept(removal, false))
        }
        At::SeeWhetherEnded => Ok(end(match result.answer()? {
            AnswerResult::Yes => removal,
            AnswerResult::No | AnswerResult::Failed(_) => met_baseline(removal),
        })),
        At::End(inner) => {
            Ok(part::next(inner, result)?
                .within(|inner| Step { removal, at: At::End(inner) }, |()| accept(removal, true)))
        }
        At::CloseListener => {
            result.done()?;
            done(removal)
        }
        At::AcceptAll => Ok(match result.accept()? {
            AcceptResult::Accepted { .. } if memory.places.queued() < MOST_QUEUED => accept_all(),
            // (The kernel ends clients that still come meanwhile.)
            AcceptResult::Accepted { .. } | AcceptResult::Nobody | AcceptResult::Exhausted | AcceptResult::Failed => {
                close_name()
            }
        }),
        At::CloseName => {
            result.done()?;
            Ok(end_queued(memory))
        }
        At::EndQueued(inner) => Ok(part::next(inner, result)?
            .within(|inner| Step { removal, at: At::EndQueued(inner) }, |()| end_queued(memory))),
    }
}

#[inline]
fn give_up(memory: &Memory) -> Going {
    match memory.listener {
        // A process that saw that it is not ours looks once more: the socket would be left behind.
        Some(_) if !memory.intact => Next::Call(Call::Stat(Name::Lock), Step { removal: Removal::Done, at: At::Look }),
        Some(_) => unlink(),
        None if memory.empty => close_name(),
        None => accept_all(),
    }
}

fn unlink() -> Going {
    Next::Call(Call::Unlink(Name::Lock), Step { removal: Removal::Done, at: At::Unlink })
}

fn refuse(removal: Removal) -> Going {
    Next::Call(Call::Shutdown(Role::Listener, Half::Read), Step { removal, at: At::Refuse })
}

/// (That the lock is lost is worse; and of a removal that failed a caller that has a share is not told.)
const fn met_baseline(removal: Removal) -> Removal {
    match removal {
        Removal::Done | Removal::Failed(_) | Removal::MetBaseline => Removal::MetBaseline,
        Removal::NotOurs => Removal::NotOurs,
    }
}

/// Sends away an accepted client.
fn end(removal: Removal) -> Going {
    part::end(Role::Guest).within(|inner| Step { removal, at: At::End(inner) }, |()| accept(removal, true))
}

fn accept(removal: Removal, has_reserve: bool) -> Going {
    Next::Call(Call::Accept(Role::Guest), Step { removal, at: At::Accept { has_reserve } })
}

fn accept_all() -> Going {
    Next::Call(Call::Accept(Role::Queue), Step { removal: Removal::Done, at: At::AcceptAll })
}

fn close_name() -> Going {
    Next::Call(Call::Close(Role::Listener), Step { removal: Removal::Done, at: At::CloseName })
}

#[inline]
fn end_queued(memory: &Memory) -> Going {
    if memory.places.is_full(Role::Queue) {
        part::end(Role::Queue)
            .within(|inner| Step { removal: Removal::Done, at: At::EndQueued(inner) }, |()| Next::Done(Removal::Done))
    } else {
        Next::Done(Removal::Done)
    }
}
