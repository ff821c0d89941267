//! The FIFO of a share is made (protocol section 8, "The FIFO").
//!
//! Its mode is exact, whatever the umask: so that others can look at it. It is set through a pin, and only of a FIFO of our own
//! with one name: a user who may rename in the folder can have put another file in its place.

use crate::call::{Call, Mode, Name, Role};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::report::{Failure, Fault};
use crate::result::{CallResult, DoneResult, Errno, MakeResult, ModeFit, OpenResult, StatResult};

/// Whether it is there.
pub(crate) type Made = Result<(), Failure>;

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    name: Name,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Make,
    Open,
    LookAtFile,
    SetMode,
    Clean(Made),
}

type Going = Next<Step, Made>;

/// Begins.
pub(crate) fn begin(name: Name) -> Going {
    Next::Call(Call::MakeFifo(name), Step { name, at: At::Make })
}

/// Begins with one that may be there and may not be opened: its maker may have died before its mode was set.
pub(crate) fn mend(name: Name) -> Going {
    Next::Call(Call::Open(Role::Pin, name), Step { name, at: At::Open })
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &Memory) -> Stepped<Step, Made> {
    let Step { name, at } = step;
    let call = |call, at| Next::Call(call, Step { name, at });
    let failed = |call: Call, errno: Errno| clean(name, memory, Err(Failure::Call(Fault::new(call, errno))));
    Ok(match at {
        At::Make => match result.make()? {
            MakeResult::Made => call(Call::Open(Role::Pin, name), At::Open),
            MakeResult::Exists => Next::Done(Ok(())),
            MakeResult::Failed(errno) => failed(Call::MakeFifo(name), errno),
        },
        At::Open => match result.open()? {
            OpenResult::Opened => call(Call::StatFile(Role::Pin), At::LookAtFile),
            OpenResult::Missing => Next::Done(Ok(())),
            OpenResult::Denied(errno) | OpenResult::Failed(errno) => failed(Call::Open(Role::Pin, name), errno),
        },
        At::LookAtFile => match result.stat()? {
            StatResult::Found(found) if found.is_our_fifo() && found.mode != ModeFit::Exact => {
                call(Call::SetMode(Role::Pin, Mode::OfFifo), At::SetMode)
            }
            // (Its owner is asked for when it is opened.)
            StatResult::Found(_) | StatResult::Missing => clean(name, memory, Ok(())),
            StatResult::Failed(errno) => failed(Call::StatFile(Role::Pin), errno),
        },
        At::SetMode => match result.done()? {
            DoneResult::Done => clean(name, memory, Ok(())),
            DoneResult::Failed(errno) => failed(Call::SetMode(Role::Pin, Mode::OfFifo), errno),
        },
        At::Clean(made) => {
            result.done()?;
            Next::Done(made)
        }
    })
}

fn clean(name: Name, memory: &Memory, made: Made) -> Going {
    if memory.places.is_full(Role::Pin) {
        Next::Call(Call::Close(Role::Pin), Step { name, at: At::Clean(made) })
    } else {
        Next::Done(made)
    }
}
