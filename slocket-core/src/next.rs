//! How a procedure goes on: the next call, or its end.

use crate::call::Call;
use crate::result::Misfit;

/// The next call of a procedure and the step that takes its result; or what the procedure has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next<Step, Outcome> {
    Call(Call, Step),
    Done(Outcome),
}

/// The same; or the result was none of the call that was asked for.
pub(crate) type Stepped<Step, Outcome> = Result<Next<Step, Outcome>, Misfit>;

/// The next call, and the step that takes its result.
#[inline]
pub(crate) const fn call<Step: Copy, Outcome: Copy>(call: Call, step: Step) -> Stepped<Step, Outcome> {
    Ok(Next::Call(call, step))
}

/// What the procedure has come to.
#[inline]
pub(crate) const fn done<Step: Copy, Outcome: Copy>(outcome: Outcome) -> Stepped<Step, Outcome> {
    Ok(Next::Done(outcome))
}

impl<Step, Outcome> Next<Step, Outcome> {
    /// Goes on inside of a larger procedure: `step` wraps the steps, `end` says what follows the end.
    #[inline]
    pub(crate) fn inside<Outer, End>(
        self,
        step: impl FnOnce(Step) -> Outer,
        end: impl FnOnce(Outcome) -> Stepped<Outer, End>,
    ) -> Stepped<Outer, End> {
        match self {
            Self::Call(call, inner) => Ok(Next::Call(call, step(inner))),
            Self::Done(outcome) => end(outcome),
        }
    }

    /// Goes on inside of a larger procedure: `step` wraps the steps, `end` says what follows the end.
    pub(crate) fn within<Outer, End>(
        self,
        step: impl FnOnce(Step) -> Outer,
        end: impl FnOnce(Outcome) -> Next<Outer, End>,
    ) -> Next<Outer, End> {
        match self {
            Self::Call(call, inner) => Next::Call(call, step(inner)),
            Self::Done(outcome) => end(outcome),
        }
    }
}
