//! With the lock in hand, a process takes a share (protocol section 8, "Taking a share").
//!
//! *A shared lock*: its FIFO is opened for writing; it is made if it is missing. *A slot*: from the first one up, a missing slot
//! is made and taken, a slot without a writer is taken. So there is no gap below a slot; and before the first of them the
//! FIFO of shared locks is made, so that if it is missing, no process has a share of any kind. It must belong to a
//! trusted user: a stranger could remove its own FIFO while a slot is taken.

use crate::call::{Access, Call, Name, Role};
use crate::event::Share;
use crate::fifo::{self, Looked};
use crate::make::{self, Made};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::report::{Failure, Fault};
use crate::result::{CallResult, Errno, OpenResult};

/// How taking a share ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Taken {
    /// It is ours: the FIFO is open.
    Shared,
    /// All slots are taken. They are open, to wait for the first that is free.
    Full,
    /// It is refused.
    Failed(Failure),
}

/// What open(2) says of a name that is missing, on every system.
const ENOENT: Errno = Errno(2);

const SEE_SHARED: Call = Call::OpenFifo(Role::Look, Access::Read, Name::Shared);

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    /// The slot that is looked at, or taken.
    slot: Option<u16>,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    OpenShared { is_made: bool },
    MakeShared(make::Step),
    SeeShared,
    CloseShared,
    LookAgain,
    Look(fifo::Step),
    Open { is_made: bool },
    Make(make::Step),
    See,
    Clean,
}

type Going = Next<Step, Taken>;

/// Begins.
pub(crate) fn begin(memory: &mut Memory, share: Share) -> Going {
    memory.slot = None;
    // From here on there may be something to look for.
    memory.unshared = false;
    match share {
        Share::Unlimited => open(None, false),
        // Those that were waited for.
        Share::SlotOf(_) if memory.places.is_full(Role::Slots) => {
            Next::Call(Call::Close(Role::Slots), Step { slot: None, at: At::LookAgain })
        }
        Share::SlotOf(_) => open_shared(false),
    }
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &mut Memory) -> Stepped<Step, Taken> {
    let Step { slot, at } = step;
    let name = Name::of_share(slot);
    Ok(match at {
        At::OpenShared { is_made } => match result.open()? {
            OpenResult::Opened => Next::Call(Call::SeeFifo(Role::Look), Step { slot, at: At::SeeShared }),
            OpenResult::Missing if !is_made => make_shared(make::begin(Name::Shared)),
            // Our new FIFO was removed by hand.
            OpenResult::Missing => failed(SEE_SHARED, ENOENT),
            OpenResult::Denied(_) if !is_made => make_shared(make::mend(Name::Shared)),
            OpenResult::Denied(errno) | OpenResult::Failed(errno) => failed(SEE_SHARED, errno),
        },
        At::MakeShared(inner) => make_shared(make::next(inner, result, memory)?),
        At::SeeShared => match fifo::believed(result.fifo()?, Role::Look, Name::Shared) {
            Ok(()) => Next::Call(Call::Close(Role::Look), Step { slot, at: At::CloseShared }),
            Err(failure) => Next::Done(Taken::Failed(failure)),
        },
        At::CloseShared | At::LookAgain => {
            result.done()?;
            look(memory, 0)
        }
        At::Look(inner) => fifo::next(inner, result, memory)?
            .within(|inner| Step { slot, at: At::Look(inner) }, |looked| seen(slot, looked, memory)),
        At::Open { is_made } => match result.open()? {
            OpenResult::Opened => Next::Call(Call::SeeFifo(Role::Share), Step { slot, at: At::See }),
            OpenResult::Missing if !is_made => {
                make::begin(name).within(|inner| Step { slot, at: At::Make(inner) }, |made| is_made_now(slot, made))
            }
            // Our new FIFO was removed by hand.
            OpenResult::Missing => failed(Call::OpenFifo(Role::Share, Access::Both, name), ENOENT),
            OpenResult::Denied(_) if !is_made => {
                make::mend(name).within(|inner| Step { slot, at: At::Make(inner) }, |made| is_made_now(slot, made))
            }
            OpenResult::Denied(errno) | OpenResult::Failed(errno) => {
                failed(Call::OpenFifo(Role::Share, Access::Both, name), errno)
            }
        },
        At::Make(inner) => make::next(inner, result, memory)?
            .within(|inner| Step { slot, at: At::Make(inner) }, |made| is_made_now(slot, made)),
        At::See => match fifo::believed(result.fifo()?, Role::Share, name) {
            Ok(()) => {
                memory.slot = slot;
                clean(slot, memory)
            }
            Err(failure) => Next::Done(Taken::Failed(failure)),
        },
        At::Clean => {
            result.done()?;
            clean(slot, memory)
        }
    })
}

fn look(memory: &Memory, slot: u16) -> Going {
    let slot = Some(slot);
    fifo::begin(Role::Slots, Name::of_share(slot))
        .within(|inner| Step { slot, at: At::Look(inner) }, |looked| seen(slot, looked, memory))
}

/// The FIFO of shared locks is looked at, but not whether it has a writer.
fn open_shared(is_made: bool) -> Going {
    Next::Call(SEE_SHARED, Step { slot: None, at: At::OpenShared { is_made } })
}

fn make_shared(made: Next<make::Step, Made>) -> Going {
    made.within(
        |inner| Step { slot: None, at: At::MakeShared(inner) },
        |made| match made {
            Ok(()) => open_shared(true),
            Err(failure) => Next::Done(Taken::Failed(failure)),
        },
    )
}

/// What there is of a slot.
fn seen(slot: Option<u16>, looked: Looked, memory: &Memory) -> Going {
    match (looked, slot) {
        (Looked::Missing | Looked::Idle, _) => open(slot, false),
        (Looked::Busy, Some(slot)) => match (memory.share, slot.checked_add(1)) {
            (Some(Share::SlotOf(count)), Some(next)) if next < count.get() => look(memory, next),
            (Some(Share::Unlimited | Share::SlotOf(_)) | None, _) => Next::Done(Taken::Full),
        },
        (Looked::Busy, None) => Next::Done(Taken::Full),
        (Looked::Failed(failure), _) => Next::Done(Taken::Failed(failure)),
    }
}

fn open(slot: Option<u16>, is_made: bool) -> Going {
    Next::Call(Call::OpenFifo(Role::Share, Access::Both, Name::of_share(slot)), Step { slot, at: At::Open { is_made } })
}

fn is_made_now(slot: Option<u16>, made: Made) -> Going {
    match made {
        Ok(()) => open(slot, true),
        Err(failure) => Next::Done(Taken::Failed(failure)),
    }
}

fn failed(call: Call, errno: Errno) -> Going {
    Next::Done(Taken::Failed(Failure::Call(Fault::new(call, errno))))
}

/// Closes the slots that were looked at.
fn clean(slot: Option<u16>, memory: &Memory) -> Going {
    if memory.places.is_full(Role::Slots) {
        Next::Call(Call::Close(Role::Slots), Step { slot, at: At::Clean })
    } else {
        Next::Done(Taken::Shared)
    }
}
