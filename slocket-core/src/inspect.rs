//! What is at the path, and is it alive? (protocol section 2, "Is a socket alive: the probe")
//!
//! It is held fast, looked at and probed. If it is dead, the mark is read after the probe: its owner may have cleared it, lent
//! the lock and died in between. What is said here is not acted on before a reclaim has looked again.

use crate::call::{Call, Name, Role};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::platform::{Home, Probe};
use crate::probe::{self, Probed};
use crate::report::{Fault, Inspected};
use crate::result::{CallResult, Errno, OpenResult, StatResult};

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Open,
    LookAtFile,
    Probe(probe::Step),
    LookAgain,
    ProbeAgain(probe::Step),
    Clean(Outcome),
}

/// What is at the path; or a system call failed.
type Outcome = Result<Inspected, Fault>;

type Going = Next<Step, Outcome>;

/// Begins.
pub(crate) fn begin(memory: &Memory) -> Going {
    match memory.platform.home {
        Home::Path => Next::Call(Call::Open(Role::Pin, Name::Lock), Step::Open),
        // A name that is in use has a socket which some process, or some message, has open.
        Home::Name => Next::Done(Ok(Inspected::Alive)),
    }
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &Memory) -> Stepped<Step, Outcome> {
    Ok(match step {
        Step::Open => match result.open()? {
            OpenResult::Opened => Next::Call(Call::StatFile(Role::Pin), Step::LookAtFile),
            OpenResult::Missing => clean(memory, Ok(Inspected::Missing)),
            OpenResult::Denied(errno) | OpenResult::Failed(errno) => {
                failed(memory, Call::Open(Role::Pin, Name::Lock), errno)
            }
        },
        Step::LookAtFile => match result.stat()? {
            StatResult::Found(found) if found.is_socket() => {
                probe::begin(Role::Pin, Probe::Datagram).within(Step::Probe, |probed| probed_once(memory, probed))
            }
            StatResult::Found(_) => clean(memory, Ok(Inspected::NotASocket)),
            StatResult::Missing => clean(memory, Ok(Inspected::Missing)),
            StatResult::Failed(errno) => failed(memory, Call::StatFile(Role::Pin), errno),
        },
        Step::Probe(inner) => {
            probe::next(inner, result, memory)?.within(Step::Probe, |probed| probed_once(memory, probed))
        }
        Step::LookAgain => match result.stat()? {
            StatResult::Found(found) if memory.pin.is_some_and(|pin| pin.inode != found.inode) => {
                clean(memory, Ok(Inspected::Alive))
            }
            StatResult::Found(found) if found.is_marked() => clean(memory, Ok(Inspected::Dead)),
            // The first probe may have come before the socket was registered, and the mark was cleared for a loan since.
            StatResult::Found(_) => {
                let probed_twice = |probed| probed_twice(memory, probed);
                probe::begin(Role::Pin, Probe::Datagram).within(Step::ProbeAgain, probed_twice)
            }
            StatResult::Missing => clean(memory, Ok(Inspected::Missing)),
            StatResult::Failed(errno) => failed(memory, Call::Stat(Name::Lock), errno),
        },
        Step::ProbeAgain(inner) => {
            probe::next(inner, result, memory)?.within(Step::ProbeAgain, |probed| probed_twice(memory, probed))
        }
        Step::Clean(outcome) => {
            result.done()?;
            clean(memory, outcome)
        }
    })
}

fn probed_once(memory: &Memory, probed: Probed) -> Going {
    let is_marked = memory.pin.is_some_and(|pin| pin.is_marked());
    let inspected = match probed {
        Probed::Dead => return Next::Call(Call::Stat(Name::Lock), Step::LookAgain),
        Probed::Alive if is_marked => Inspected::Alive,
        Probed::Alive => Inspected::Unmarked,
        Probed::Unsettled => Inspected::Unsettled { is_marked },
        Probed::Denied => Inspected::Denied,
        Probed::Datagram => Inspected::WrongType,
        Probed::Missing => Inspected::Missing,
        Probed::Unknown => Inspected::Unknown,
        Probed::Failed(fault) => return clean(memory, Err(fault)),
    };
    clean(memory, Ok(inspected))
}

fn probed_twice(memory: &Memory, probed: Probed) -> Going {
    let inspected = match probed {
        Probed::Dead => Inspected::Stale,
        Probed::Failed(fault) => return clean(memory, Err(fault)),
        Probed::Alive | Probed::Datagram | Probed::Missing | Probed::Unsettled | Probed::Denied | Probed::Unknown => {
            Inspected::Alive
        }
    };
    clean(memory, Ok(inspected))
}

fn failed(memory: &Memory, call: Call, errno: Errno) -> Going {
    clean(memory, Err(Fault::new(call, errno)))
}

/// Closes what is left open, then ends.
fn clean(memory: &Memory, outcome: Outcome) -> Going {
    match memory.litter(None) {
        Some(call) => Next::Call(call, Step::Clean(outcome)),
        None => Next::Done(outcome),
    }
}
