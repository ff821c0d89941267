//! The listener is sent to the waiter that was accepted: the lock is its (protocol section 2, "Release, in full").

use crate::call::{Call, Cargo, Half, Role};
use crate::memory::Memory;
use crate::next::{Next, Stepped};
use crate::result::{CallResult, SendResult};

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Wake { unshared: bool },
    Send,
}

/// Begins: the waiter is woken first, because waking up takes longer than sending. It never writes, so this half of the
/// connection has no other use. (The message wakes it, too, but as if the sender were about to sleep: on this
/// processor, behind us.)
pub(crate) fn begin(memory: &Memory) -> Next<Step, SendResult> {
    Next::Call(Call::Shutdown(Role::Guest, Half::Read), Step::Wake { unshared: memory.unshared })
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult) -> Stepped<Step, SendResult> {
    Ok(match step {
        Step::Wake { unshared } => {
            result.done()?;
            Next::Call(Call::Send(Cargo::Listener { unshared }), Step::Send)
        }
        Step::Send => Next::Done(result.send()?),
    })
}
