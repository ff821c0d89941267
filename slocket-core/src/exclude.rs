//! With the lock in hand, a process waits until no process has a share (protocol section 8, "Excluding shares").
//!
//! No other process can take one meanwhile, because that takes the lock. First the FIFO of shared locks is looked at: it is made before
//! any other, and unlinked last, so if it is missing, no process has a share. Then each slot up to the first that is missing. When none
//! has a writer they are unlinked, the slots from the highest down. One that may not be unlinked stays: it is as good as none; and
//! what is below it stays as well.

use crate::call::{Call, Name, Role};
use crate::fifo::{self, Looked};
use crate::memory::Memory;
use crate::next::{Next, Stepped, done};
use crate::report::{Failure, Fault};
use crate::result::{CallResult, FileSystemResult, StatResult, UnlinkResult};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Excluded {
    /// No process has a share, and nothing is left of any.
    Gone,
    /// No process has a share. A FIFO is left that may not be unlinked.
    Idle,
    /// A process has one: [`Role::Look`] is open, and hangs up when no process has that one any more.
    Shared(Waiting),
    /// It cannot be told.
    Failed(Failure),
}

/// Which share is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Waiting {
    slot: Option<u16>,
}

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    /// The slot that is looked at, if it is one.
    slot: Option<u16>,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    SeeWhetherThere,
    Look(fifo::Step),
    SeeFileSystem { is_busy: bool },
    Close,
    Unlink,
}

type Going = Next<Step, Excluded>;

/// Begins: with a look that takes no descriptor. A waiter may have come to its limit, and mostly there is nothing to open.
pub(crate) fn begin() -> Going {
    Next::Call(Call::Stat(Name::Shared), Step { slot: None, at: At::SeeWhetherThere })
}

/// Goes on when the share that was waited for is gone, or may be.
pub(crate) fn resume(waiting: Waiting) -> Going {
    let Waiting { slot } = waiting;
    // (What the file system is was asked before.)
    fifo::again(Role::Look, Name::of_share(slot))
        .within(|inner| Step { slot, at: At::Look(inner) }, |looked| seen(slot, looked == Looked::Busy))
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &Memory) -> Stepped<Step, Excluded> {
    let Step { slot, at } = step;
    match at {
        At::SeeWhetherThere => match result.stat()? {
            StatResult::Missing => done(Excluded::Gone),
            // (What the system refuses, it refuses again.)
            StatResult::Found(_) | StatResult::Failed(_) => Ok(look(None)),
        },
        At::Look(inner) => Ok(fifo::next(inner, result, memory)?
            .within(|inner| Step { slot, at: At::Look(inner) }, |looked| looked_at(slot, looked))),
        At::SeeFileSystem { is_busy } => match result.file_system()? {
            FileSystemResult::Local => Ok(seen(slot, is_busy)),
            FileSystemResult::Elsewhere => done(Excluded::Failed(Failure::SharedElsewhere)),
            FileSystemResult::Failed(errno) => {
                done(Excluded::Failed(Failure::Call(Fault::new(Call::FileSystem, errno))))
            }
        },
        At::Close => {
            result.done()?;
            Ok(match slot.map_or(Some(0), |slot| slot.checked_add(1)) {
                Some(next) => look(Some(next)),
                None => unlink(slot),
            })
        }
        At::Unlink => match (result.unlink()?, slot) {
            (UnlinkResult::Removed | UnlinkResult::Missing, Some(slot)) => Ok(unlink(slot.checked_sub(1))),
            (UnlinkResult::Removed | UnlinkResult::Missing, None) => done(Excluded::Gone),
            (UnlinkResult::Denied(_) | UnlinkResult::Failed(_), _) => done(Excluded::Idle),
        },
    }
}

fn look(slot: Option<u16>) -> Going {
    fifo::begin(Role::Look, Name::of_share(slot))
        .within(|inner| Step { slot, at: At::Look(inner) }, |looked| looked_at(slot, looked))
}

fn looked_at(slot: Option<u16>, looked: Looked) -> Going {
    match (looked, slot) {
        (Looked::Missing, None) => Next::Done(Excluded::Gone),
        (Looked::Missing, Some(slot)) => unlink(slot.checked_sub(1)),
        (Looked::Idle | Looked::Busy, None) => {
            let is_busy = looked == Looked::Busy;
            Next::Call(Call::FileSystem, Step { slot, at: At::SeeFileSystem { is_busy } })
        }
        (Looked::Idle | Looked::Busy, Some(_)) => seen(slot, looked == Looked::Busy),
        (Looked::Failed(failure), _) => Next::Done(Excluded::Failed(failure)),
    }
}

fn seen(slot: Option<u16>, is_busy: bool) -> Going {
    if is_busy {
        Next::Done(Excluded::Shared(Waiting { slot }))
    } else {
        Next::Call(Call::Close(Role::Look), Step { slot, at: At::Close })
    }
}

/// Unlinks that slot and all below it; then the FIFO of shared locks.
fn unlink(slot: Option<u16>) -> Going {
    Next::Call(Call::Unlink(Name::of_share(slot)), Step { slot, at: At::Unlink })
}
