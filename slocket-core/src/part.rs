//! A connection is ended or closed, without waiting for what the peer sent (protocol section 5, "A connection that is ended on
//! purpose"; section 2, "Received").
//!
//! Closing a descriptor can take forever: a file of a file system in user space, a TCP socket that lingers. So the unread messages of a
//! peer are closed on a separate thread.

use crate::call::{Call, Half, Role};
use crate::next::{Next, Stepped};
use crate::result::{AnswerResult, CallResult};

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    role: Role,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    ShutDown,
    SeeUnread,
    Close,
}

/// Ends it: the peer sees the end of the stream, although a forked child may have a copy.
pub(crate) fn end(role: Role) -> Next<Step, ()> {
    Next::Call(Call::Shutdown(role, Half::Both), Step { role, at: At::ShutDown })
}

/// Closes it.
pub(crate) fn close(role: Role) -> Next<Step, ()> {
    Next::Call(Call::HasUnread(role), Step { role, at: At::SeeUnread })
}

/// Closes a connection that was never read from, or that belongs to our own user: this takes no time.
pub(crate) fn close_at_once(role: Role) -> Next<Step, ()> {
    Next::Call(Call::Close(role), Step { role, at: At::Close })
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult) -> Stepped<Step, ()> {
    let Step { role, at } = step;
    Ok(match at {
        At::ShutDown => {
            result.done()?;
            close(role)
        }
        At::SeeUnread => {
            let has_unread = match result.answer()? {
                AnswerResult::Yes => true,
                AnswerResult::No | AnswerResult::Failed(_) => false,
            };
            let close = if has_unread { Call::CloseApart(role) } else { Call::Close(role) };
            Next::Call(close, Step { role, at: At::Close })
        }
        At::Close => {
            result.done()?;
            Next::Done(())
        }
    })
}
