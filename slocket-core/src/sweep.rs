//! The sweep of dead temporary names (protocol section 2, "Publishing the socket": aside).
//!
//! Each temporary name in the folder is held fast and probed; of a dead socket it is removed, marked or not. What cannot be
//! removed, or is one too many, stays for the next participant.

use crate::call::{Call, Name, Role};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::platform::Probe;
use crate::probe::{self, Probed};
use crate::result::{CallResult, NextNameResult, OpenResult, StatResult};

/// How many names are held fast: any user who may write to the folder can fill it.
const MOST: u8 = 64;

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    /// What tells a live socket from a dead one.
    probe: Probe,
    /// How many names may still be held fast.
    left: u8,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    OpenFolder,
    NextName,
    Open,
    Look,
    Probe(probe::Step),
    Unlink,
    Close,
    CloseFolder,
}

/// Begins.
pub(crate) fn begin(probe: Probe) -> Next<Step, ()> {
    Next::Call(Call::OpenFolder(Role::Listing), Step { probe, left: MOST, at: At::OpenFolder })
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &Memory) -> Stepped<Step, ()> {
    let Step { probe, left, at } = step;
    let call = |call, at| Next::Call(call, Step { probe, left, at });
    let close = || call(Call::Close(Role::Swept), At::Close);
    let next_name = |left| match left {
        0 => Next::Call(Call::Close(Role::Listing), Step { probe, left, at: At::CloseFolder }),
        _ => Next::Call(Call::NextName, Step { probe, left, at: At::NextName }),
    };
    Ok(match at {
        At::OpenFolder => match result.open()? {
            OpenResult::Opened => next_name(left),
            OpenResult::Missing | OpenResult::Denied(_) | OpenResult::Failed(_) => Next::Done(()),
        },
        At::NextName => match result.next_name()? {
            NextNameResult::Temporary => {
                let left = left.saturating_sub(1);
                Next::Call(Call::Open(Role::Swept, Name::Swept), Step { probe, left, at: At::Open })
            }
            NextNameResult::End => call(Call::Close(Role::Listing), At::CloseFolder),
        },
        At::Open => match result.open()? {
            OpenResult::Opened => call(Call::StatFile(Role::Swept), At::Look),
            OpenResult::Missing | OpenResult::Denied(_) | OpenResult::Failed(_) => next_name(left),
        },
        At::Look => match result.stat()? {
            StatResult::Found(found) if found.is_socket() => {
                probe::begin(Role::Swept, probe).within(|inner| Step { probe, left, at: At::Probe(inner) }, |_| close())
            }
            StatResult::Found(_) | StatResult::Missing | StatResult::Failed(_) => close(),
        },
        At::Probe(inner) => probe::next(inner, result, memory)?.within(
            |inner| Step { probe, left, at: At::Probe(inner) },
            |probed| match probed {
                // One that is not settled may be alive; then its owner tries again, under another name.
                Probed::Dead | Probed::Unsettled => call(Call::Unlink(Name::Swept), At::Unlink),
                Probed::Alive
                | Probed::Datagram
                | Probed::Missing
                | Probed::Unknown
                | Probed::Denied
                | Probed::Failed(_) => close(),
            },
        ),
        At::Unlink => {
            result.unlink()?;
            close()
        }
        At::Close => {
            result.done()?;
            next_name(left)
        }
        At::CloseFolder => {
            result.done()?;
            Next::Done(())
        }
    })
}
