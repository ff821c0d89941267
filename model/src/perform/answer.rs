//! The result of a call.

use slocket_core::{AnswerResult, CallResult, DoneResult, Errno};

/// What a call has done.
pub(crate) enum Done {
    /// This.
    Answer(CallResult),
    /// This, for want of something.
    Fault(CallResult),
    /// The kernel has made the first part, which others can see.
    Half(&'static str),
}

/// The number of an error. (The machine reads none; it is for the message.)
pub(super) const ERRNO: Errno = Errno(1);

/// That it was done.
pub(crate) const DONE: CallResult = CallResult::DoneResult(DoneResult::Done);

pub(super) const FAILED: CallResult = CallResult::DoneResult(DoneResult::Failed(ERRNO));

pub(super) fn yes(yes: bool) -> CallResult {
    if yes { AnswerResult::Yes.into() } else { AnswerResult::No.into() }
}
