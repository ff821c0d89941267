//! Whatever is left open is closed: the participant has finished.

use crate::call::{Call, Role};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::part;
use crate::result::CallResult;

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Close,
    Part(part::Step),
}

/// Begins.
#[inline]
pub(crate) fn begin(memory: &Memory) -> Next<Step, ()> {
    let plain = [Role::Listener, Role::Guest, Role::Watch].into_iter().find(|role| memory.places.is_full(*role));
    let share = if memory.has_share { None } else { Some(Role::Share) };
    if let Some(call) = plain.map(Call::Close).or_else(|| memory.litter(share)) {
        return Next::Call(call, Step::Close);
    }
    if memory.places.is_full(Role::Connection) {
        return part_from_server(memory).within(Step::Part, |()| begin(memory));
    }
    Next::Done(())
}

/// Takes a result.
#[inline]
pub(crate) fn next(step: Step, result: &CallResult, memory: &Memory) -> Stepped<Step, ()> {
    match step {
        Step::Close => {
            result.done()?;
            Ok(begin(memory))
        }
        Step::Part(inner) => Ok(part::next(inner, result)?.within(Step::Part, |()| begin(memory))),
    }
}

/// Closes the connection to the server. What a stranger has sent, and is not read, is closed apart.
pub(crate) fn part_from_server(memory: &Memory) -> Next<part::Step, ()> {
    if memory.peer_is_ours { part::close_at_once(Role::Connection) } else { part::end(Role::Connection) }
}
