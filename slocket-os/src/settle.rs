//! What a process does before it ends.

use std::time::Duration;

use crate::background::await_loans;
use crate::keeper;
use crate::process::Process;

/// Waits until every lock that this process has lent is back and has been passed on. Gives back what it retains first.
///
/// A process that has released a lock to a client which cannot take the listener (npm's) is the server of that loan: if
/// it ends before the loan does, the waiters behind are sent away, and the order is lost. So a program that shares its lock
/// with npm's calls this before it exits; and so does one that [retains](crate::Builder::retain) locks by handles that live as long as it
/// does: else its sockets stay at their paths until the next use. It returns at once if nothing is lent.
pub fn settle() {
    keeper::give_all(Process::current());
    await_loans(None);
}

/// Waits as [`settle`] does, for `within` at most. Returns whether all locks are back.
#[must_use]
pub fn settle_timeout(within: Duration) -> bool {
    keeper::give_all(Process::current());
    await_loans(Some(within))
}
