//! Has a share's FIFO a writer? (protocol section 8, "The FIFO")
//!
//! It is opened for reading, and trusted only if it is a FIFO of a trusted user. Then it is read: if the read ends at once, the FIFO
//! has no writer. A hang-up is waited for only after a read has reported a writer: poll(2) does not report the hang-up of a FIFO that
//! had no writer since it was opened.

use crate::call::{Access, Call, Name, Role};
use crate::make;
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::report::{Failure, Fault};
use crate::result::{CallResult, Errno, FifoResult, OpenResult, ReadResult};

/// What a look has found. Unless it is missing it may be open still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Looked {
    /// Nothing has the name.
    Missing,
    /// A FIFO that no process has open for writing.
    Idle,
    /// A process has a share.
    Busy,
    /// It cannot be told.
    Failed(Failure),
}

/// How often bytes are discarded that do not belong there.
const MOST_BYTES: u8 = 16;

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    role: Role,
    name: Name,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Open { is_mended: bool },
    Mend(make::Step),
    See,
    Read { left: u8 },
}

type Going = Next<Step, Looked>;

/// Begins: opens the FIFO of that name.
pub(crate) fn begin(role: Role, name: Name) -> Going {
    open(role, name, false)
}

/// Begins with one that is open.
pub(crate) fn again(role: Role, name: Name) -> Going {
    read(role, name, MOST_BYTES)
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &Memory) -> Stepped<Step, Looked> {
    let Step { role, name, at } = step;
    Ok(match at {
        At::Open { is_mended } => match result.open()? {
            OpenResult::Opened => Next::Call(Call::SeeFifo(role), Step { at: At::See, ..step }),
            OpenResult::Missing => Next::Done(Looked::Missing),
            OpenResult::Denied(_) if !is_mended => {
                make::mend(name).within(|inner| Step { at: At::Mend(inner), ..step }, |_| open(role, name, true))
            }
            OpenResult::Denied(errno) | OpenResult::Failed(errno) => {
                failed(Call::OpenFifo(role, Access::Read, name), errno)
            }
        },
        At::Mend(inner) => make::next(inner, result, memory)?
            .within(|inner| Step { at: At::Mend(inner), ..step }, |_| open(role, name, true)),
        At::See => match believed(result.fifo()?, role, name) {
            Ok(()) => read(role, name, MOST_BYTES),
            Err(failure) => Next::Done(Looked::Failed(failure)),
        },
        At::Read { left } => match result.read()? {
            ReadResult::NoWriter => Next::Done(Looked::Idle),
            ReadResult::Bytes if left > 0 => read(role, name, left - 1),
            ReadResult::Writer | ReadResult::Bytes => Next::Done(Looked::Busy),
            ReadResult::Failed(errno) => failed(Call::Read(role), errno),
        },
    })
}

/// Whether what was opened under that name can be the FIFO of a share.
pub(crate) fn believed(result: FifoResult, role: Role, name: Name) -> Result<(), Failure> {
    match result {
        FifoResult::Trusted => Ok(()),
        FifoResult::Untrusted => Err(Failure::UntrustedFifo(name)),
        FifoResult::Other => Err(Failure::NotAFifo(name)),
        FifoResult::Failed(errno) => Err(Failure::Call(Fault::new(Call::SeeFifo(role), errno))),
    }
}

fn open(role: Role, name: Name, is_mended: bool) -> Going {
    Next::Call(Call::OpenFifo(role, Access::Read, name), Step { role, name, at: At::Open { is_mended } })
}

fn read(role: Role, name: Name, left: u8) -> Going {
    Next::Call(Call::Read(role), Step { role, name, at: At::Read { left } })
}

fn failed(call: Call, errno: Errno) -> Going {
    Next::Done(Looked::Failed(Failure::Call(Fault::new(call, errno))))
}
