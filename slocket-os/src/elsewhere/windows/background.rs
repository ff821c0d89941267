//! What goes on after the caller has been told: nothing, since no lock is lent.

use std::time::Duration;

use crate::local::Participant;

pub(crate) fn await_loans(_: Option<Duration>) -> bool {
    true
}

/// Tells the servers that may lend (npm's) that no request of this process waits any more. Linux only: it returns at once on other systems.
pub fn depart(_within: Duration) {}

/// Closes the copies that this process has of its parent's files, if it was forked without exec. Unix only: it does nothing on Windows, which
/// has no fork.
pub fn close_copies() {}

pub(crate) fn settle_later(_: Box<Participant>) -> Option<Box<Participant>> {
    None
}
