//! Waiting by blocking the thread: until something comes, a time is over, or another thread calls.

use std::sync::Arc;
use std::task::{Context, Waker};

use crate::cancel::Canceller;
use crate::local::Ticket;
use crate::process::Process;
use crate::wait::{Ringer, Wait};

/// What a thread that blocks waits for, besides a bell and a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calls<'a> {
    /// Its turn inside the process. (There is no bell then.)
    pub(crate) ticket: Option<&'a Ticket>,
    pub(crate) canceller: Option<&'a Canceller>,
}

impl Calls<'_> {
    /// Has the waker woken when one of them comes. Whether one has come already.
    fn have_come(self, waker: &Waker, here: Process) -> bool {
        let mut context = Context::from_waker(waker);
        self.ticket.is_some_and(|ticket| ticket.poll(&mut context).is_ready())
            || self.canceller.is_some_and(|canceller| canceller.poll(&mut context, here).is_ready())
    }
}

/// Blocks the thread until one of them has come: no CPU. `here` is this process.
pub(crate) fn block(wait: Wait<'_>, calls: Calls<'_>, here: Process) {
    let ringer = Arc::new(Ringer::default());
    let waker = Waker::from(Arc::clone(&ringer));
    if wait.poll(&mut Context::from_waker(&waker)).is_ready() || calls.have_come(&waker, here) {
        return;
    }
    ringer.block(wait.time());
}
