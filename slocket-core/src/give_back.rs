//! A client ends its loan (protocol section 1, RELEASE; section 2, "Release, in full").
//!
//! The server sees the end of the connection. If the server is gone, the path is ours to unlink, as long as it is still the
//! socket that we connected to and no process has that open.

use crate::call::{Call, Name, Role};
use crate::close_out::Removal;
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::part;
use crate::platform::{Home, Probe};
use crate::probe::{self, Probed};
use crate::report::Fault;
use crate::result::{AnswerResult, CallResult, Errno, OpenResult, ProbeResult, StatResult, UnlinkResult};

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    SeeWhetherEnded,
    End(part::Step),
    Open,
    LookAtFile,
    Probe(probe::Step),
    AskKernel,
    Unlink,
    Clean(Removal),
}

type Going = Next<Step, Removal>;

/// Begins.
pub(crate) fn begin(memory: &Memory) -> Going {
    // A server that was told that we are done may have granted the lock to the next before it went.
    if memory.dismissed { end() } else { Next::Call(Call::HasEnded(Role::Connection), Step::SeeWhetherEnded) }
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &mut Memory) -> Stepped<Step, Removal> {
    Ok(match step {
        Step::SeeWhetherEnded => match (result.answer()?, memory.platform.home) {
            (AnswerResult::No | AnswerResult::Failed(_), _) => end(),
            (AnswerResult::Yes, Home::Name) => clean(memory, Removal::Done),
            (AnswerResult::Yes, Home::Path) => Next::Call(Call::Open(Role::Pin, Name::Lock), Step::Open),
        },
        Step::End(inner) => part::next(inner, result)?.within(Step::End, |()| Next::Done(Removal::Done)),
        Step::Open => match result.open()? {
            OpenResult::Opened => Next::Call(Call::StatFile(Role::Pin), Step::LookAtFile),
            OpenResult::Missing => clean(memory, Removal::NotOurs),
            OpenResult::Denied(errno) | OpenResult::Failed(errno) => {
                failed(memory, Call::Open(Role::Pin, Name::Lock), errno)
            }
        },
        Step::LookAtFile => match result.stat()? {
            // (By a datagram socket alone: a server that lends is not asked by a connection.)
            StatResult::Found(found) if Some(found.inode) == memory.server => {
                probe::begin(Role::Pin, Probe::Datagram).within(Step::Probe, |probed| answered(memory, probed))
            }
            StatResult::Found(_) | StatResult::Missing => clean(memory, Removal::NotOurs),
            StatResult::Failed(errno) => failed(memory, Call::StatFile(Role::Pin), errno),
        },
        Step::Probe(inner) => {
            probe::next(inner, result, memory)?.within(Step::Probe, |probed| answered(memory, probed))
        }
        Step::AskKernel => match result.probe()? {
            ProbeResult::Known(probe) => {
                memory.learn(probe);
                unlink_if(memory, probe)
            }
            ProbeResult::Busy | ProbeResult::Denied => clean(memory, Removal::Done),
            ProbeResult::Failed(errno) => failed(memory, Call::AskKernel, errno),
        },
        Step::Unlink => match result.unlink()? {
            UnlinkResult::Removed => clean(memory, Removal::Done),
            UnlinkResult::Missing => clean(memory, Removal::NotOurs),
            UnlinkResult::Denied(errno) | UnlinkResult::Failed(errno) => {
                failed(memory, Call::Unlink(Name::Lock), errno)
            }
        },
        Step::Clean(removal) => {
            result.done()?;
            clean(memory, removal)
        }
    })
}

fn end() -> Going {
    part::end(Role::Connection).within(Step::End, |()| Next::Done(Removal::Done))
}

fn answered(memory: &Memory, probed: Probed) -> Going {
    match (probed, memory.platform.probe) {
        (Probed::Dead, Some(probe)) => unlink_if(memory, probe),
        (Probed::Dead, None) => Next::Call(Call::AskKernel, Step::AskKernel),
        (Probed::Failed(fault), _) => clean(memory, Removal::Failed(fault)),
        (
            Probed::Alive | Probed::Datagram | Probed::Missing | Probed::Unsettled | Probed::Denied | Probed::Unknown,
            _,
        ) => clean(memory, Removal::Done),
    }
}

/// Unlinks the path, if the kernel tells the truth by a datagram socket.
fn unlink_if(memory: &Memory, probe: Probe) -> Going {
    match probe {
        Probe::Datagram => Next::Call(Call::Unlink(Name::Lock), Step::Unlink),
        Probe::Stream | Probe::None => clean(memory, Removal::Done),
    }
}

fn failed(memory: &Memory, call: Call, errno: Errno) -> Going {
    clean(memory, Removal::Failed(Fault::new(call, errno)))
}

/// Closes what is left open, then ends.
fn clean(memory: &Memory, removal: Removal) -> Going {
    match memory.litter(Some(Role::Connection)) {
        Some(call) => Next::Call(call, Step::Clean(removal)),
        None => Next::Done(removal),
    }
}
