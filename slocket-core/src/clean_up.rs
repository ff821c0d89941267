//! FIFOs without a share are removed (protocol section 8, "Cleaning up").
//!
//! After a share was given back, and after the lock was passed on without having been held. First without the lock: is there
//! something to remove? That is the highest slot without a writer, or the FIFO of shared locks if there is no slot. Then try for the
//! lock; a holder removes the rest itself. With the lock in hand, look again and remove: the slots from the highest
//! down to the first that has a writer, and the FIFO of shared locks last.

use crate::call::{Call, Name, Role};
use crate::fifo::{self, Looked};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::result::{CallResult, FileSystemResult, StatResult, UnlinkResult};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cleaned {
    /// There is nothing to remove; or, with the lock in hand, not any more.
    Done,
    /// Without the lock in hand: there is something to remove.
    Left,
    /// What there is cannot be removed by us.
    Refused,
}

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    /// The lock is in hand.
    has_lock: bool,
    /// A process has a shared lock.
    is_shared: bool,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Look(fifo::Step),
    SeeFileSystem,
    Close,
    /// Is there a slot of this number?
    Count(u16),
    LookAtSlot(u16, fifo::Step),
    CloseSlot(u16, Looked),
    Unlink(Option<u16>),
    Clean(Cleaned),
}

type Going = Next<Step, Cleaned>;

/// Begins.
pub(crate) fn begin(has_lock: bool) -> Going {
    let step = |at| Step { has_lock, is_shared: false, at };
    fifo::begin(Role::Look, Name::Shared).within(|inner| step(At::Look(inner)), |_| Next::Done(Cleaned::Done))
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &Memory) -> Stepped<Step, Cleaned> {
    let Step { has_lock, at, .. } = step;
    let call = |call, at| Next::Call(call, Step { at, ..step });
    Ok(match at {
        At::Look(inner) => fifo::next(inner, result, memory)?.within(
            |inner| Step { at: At::Look(inner), ..step },
            |looked| match looked {
                Looked::Missing => Next::Done(Cleaned::Done),
                Looked::Idle | Looked::Busy => {
                    let is_shared = looked == Looked::Busy;
                    Next::Call(Call::FileSystem, Step { has_lock, is_shared, at: At::SeeFileSystem })
                }
                Looked::Failed(_) => clean(step, memory, Cleaned::Refused),
            },
        ),
        At::SeeFileSystem => match result.file_system()? {
            FileSystemResult::Local => call(Call::Close(Role::Look), At::Close),
            FileSystemResult::Elsewhere | FileSystemResult::Failed(_) => clean(step, memory, Cleaned::Refused),
        },
        At::Close => {
            result.done()?;
            call(Call::Stat(Name::Slot(0)), At::Count(0))
        }
        At::Count(slot) => match (result.stat()?, slot.checked_add(1)) {
            (StatResult::Found(_), Some(next)) => call(Call::Stat(Name::Slot(next)), At::Count(next)),
            (StatResult::Found(_), None) => look_at(step, Some(slot)),
            (StatResult::Missing, _) => look_at(step, slot.checked_sub(1)),
            // There may be higher ones: without those below, no process would see them.
            (StatResult::Failed(_), _) => Next::Done(Cleaned::Refused),
        },
        At::LookAtSlot(slot, inner) => fifo::next(inner, result, memory)?.within(
            |inner| Step { at: At::LookAtSlot(slot, inner), ..step },
            |looked| looked_at(step, memory, slot, looked),
        ),
        At::CloseSlot(slot, looked) => {
            result.done()?;
            match looked {
                Looked::Idle if has_lock => call(Call::Unlink(Name::Slot(slot)), At::Unlink(Some(slot))),
                Looked::Idle => Next::Done(Cleaned::Left),
                Looked::Busy => Next::Done(Cleaned::Done),
                Looked::Missing | Looked::Failed(_) => Next::Done(Cleaned::Refused),
            }
        }
        At::Unlink(slot) => match (result.unlink()?, slot) {
            (UnlinkResult::Removed | UnlinkResult::Missing, Some(slot)) => look_at(step, slot.checked_sub(1)),
            (UnlinkResult::Removed | UnlinkResult::Missing, None) => Next::Done(Cleaned::Done),
            (UnlinkResult::Denied(_) | UnlinkResult::Failed(_), _) => Next::Done(Cleaned::Refused),
        },
        At::Clean(cleaned) => {
            result.done()?;
            Next::Done(cleaned)
        }
    })
}

/// Is there something to remove, from that slot down?
fn look_at(step: Step, slot: Option<u16>) -> Going {
    match slot {
        Some(slot) => {
            let at = |inner| Step { at: At::LookAtSlot(slot, inner), ..step };
            fifo::begin(Role::Look, Name::Slot(slot)).within(at, |_| Next::Done(Cleaned::Done))
        }
        None if step.is_shared => Next::Done(Cleaned::Done),
        None if step.has_lock => Next::Call(Call::Unlink(Name::Shared), Step { at: At::Unlink(None), ..step }),
        None => Next::Done(Cleaned::Left),
    }
}

fn looked_at(step: Step, memory: &Memory, slot: u16, looked: Looked) -> Going {
    match looked {
        Looked::Idle | Looked::Busy => {
            Next::Call(Call::Close(Role::Look), Step { at: At::CloseSlot(slot, looked), ..step })
        }
        Looked::Missing if step.has_lock => look_at(step, slot.checked_sub(1)),
        // The holder removes them, and looks again.
        Looked::Missing => Next::Done(Cleaned::Done),
        Looked::Failed(_) => clean(step, memory, Cleaned::Refused),
    }
}

fn clean(step: Step, memory: &Memory, cleaned: Cleaned) -> Going {
    if memory.places.is_full(Role::Look) {
        Next::Call(Call::Close(Role::Look), Step { at: At::Clean(cleaned), ..step })
    } else {
        Next::Done(cleaned)
    }
}
