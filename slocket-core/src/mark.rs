//! The mark of our socket is set or cleared (protocol section 2, "May a dead socket be removed: the mark").
//!
//! The file at the path is held fast, and touched only if it is our socket. First the sticky bit, then the times: a touch of the
//! socket in between would otherwise leave it unmarked while it is held.

use crate::call::{Call, Mode, Name, Role, Times};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::result::{CallResult, DoneResult, OpenResult, StatResult};
use crate::times;

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    marked: bool,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    Open,
    LookAtFile,
    SetMode,
    SetTimes(times::Step),
    Clean(bool),
}

/// Whether the socket is that way now.
type Going = Next<Step, bool>;

/// Begins. (At an abstract name there is no mark to clear: so from there nothing is lent.)
pub(crate) fn begin(memory: &Memory, marked: bool) -> Going {
    match memory.listener {
        Some(_) => Next::Call(Call::Open(Role::Pin, Name::Lock), Step { marked, at: At::Open }),
        None => Next::Done(false),
    }
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult, memory: &Memory) -> Stepped<Step, bool> {
    let Step { marked, at } = step;
    let call = |call, at| Next::Call(call, Step { marked, at });
    Ok(match at {
        At::Open => match result.open()? {
            OpenResult::Opened => call(Call::StatFile(Role::Pin), At::LookAtFile),
            OpenResult::Missing | OpenResult::Denied(_) | OpenResult::Failed(_) => clean(step, memory, false),
        },
        At::LookAtFile => match result.stat()? {
            StatResult::Found(found) if Some(found.inode) == memory.listener => {
                let mode = if marked { Mode::Sticky } else { Mode::NotSticky };
                call(Call::SetMode(Role::Pin, mode), At::SetMode)
            }
            StatResult::Found(_) | StatResult::Missing | StatResult::Failed(_) => clean(step, memory, false),
        },
        At::SetMode => match result.done()? {
            DoneResult::Done => {
                let times = if marked { Times::Marked } else { Times::Lent };
                times::begin(Role::Pin, times)
                    .within(|inner| Step { marked, at: At::SetTimes(inner) }, |set| clean(step, memory, set.is_ok()))
            }
            DoneResult::Failed(_) => clean(step, memory, false),
        },
        At::SetTimes(inner) => times::next(inner, result)?
            .within(|inner| Step { marked, at: At::SetTimes(inner) }, |set| clean(step, memory, set.is_ok())),
        At::Clean(is_set) => {
            result.done()?;
            clean(step, memory, is_set)
        }
    })
}

/// Closes what is left open, then ends.
fn clean(step: Step, memory: &Memory, is_set: bool) -> Going {
    match memory.litter(None) {
        Some(call) => Next::Call(call, Step { at: At::Clean(is_set), ..step }),
        None => Next::Done(is_set),
    }
}
