//! Releasing a lock. No queue outside can be watched, so none is retained.

use std::sync::Arc;
use std::time::Duration;

use crate::background;
use crate::error::Error;
use crate::local::{LocalQueue, Lock, Participant};
use crate::process::Process;
use crate::trace::warning;

/// How a queue is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    For(Duration),
    UntilAWaiterComes,
}

/// It cannot be watched.
pub(crate) fn arm(_: &Participant, _: &Arc<LocalQueue>, _: Duration, _: How, _: Process) -> Option<u64> {
    None
}

pub(crate) fn disarm(_: &mut Participant, _: Process) {}

/// Releases a lock in full.
pub(crate) fn pass_on(mut participant: Box<Participant>, _: Process) -> (Result<(), Error>, Option<Box<Participant>>) {
    let released = participant.release();
    (released, background::settle_later(participant))
}

/// The same, where no caller is told.
pub(crate) fn give(participant: Box<Participant>, here: Process) {
    if let (Err(_error), _) = pass_on(participant, here) {
        warning!(error = %_error, "the release of a retained lock failed");
    }
}

/// The same, and gives the turn to the next inside.
pub(crate) fn give_up(lock: Lock, here: Process) {
    let (participant, turn) = lock.into_parts();
    give(participant, here);
    turn.end(here, None);
}

/// None is retained.
pub(crate) fn give_all(_: Process) {}
