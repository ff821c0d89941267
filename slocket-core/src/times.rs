//! The times of the mark are set (protocol section 2, "May a dead socket be removed: the mark"), on every Linux.

use crate::call::{Call, Role, Times};
use crate::next::{Next, Stepped};
use crate::report::Fault;
use crate::result::{CallResult, TimesResult};

/// The result that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    call: Call,
    role: Role,
    times: Times,
}

/// Begins: the times of an open file.
pub(crate) fn begin(role: Role, times: Times) -> Next<Step, Result<(), Fault>> {
    let call = Call::SetTimes(role, times);
    Next::Call(call, Step { call, role, times })
}

/// Takes a result.
pub(crate) fn next(step: Step, result: &CallResult) -> Stepped<Step, Result<(), Fault>> {
    let in_proc = Call::SetTimesInProc(step.role, step.times);
    Ok(match result.times()? {
        TimesResult::Done => Next::Done(Ok(())),
        TimesResult::Unsupported(_) if step.call != in_proc => Next::Call(in_proc, Step { call: in_proc, ..step }),
        TimesResult::Unsupported(errno) | TimesResult::Failed(errno) => Next::Done(Err(Fault::new(step.call, errno))),
    })
}
