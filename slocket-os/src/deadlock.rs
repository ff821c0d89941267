//! Threads that would wait for themselves, where that can be known.
//!
//! A guard may go to another thread, which releases it. So that a thread has acquired a lock does not tell that it still holds it.
//! It is certain if the thread is inside of a [`with_lock`](crate::Lock::with_lock) of that lock; or if the process has no other
//! thread.

use std::cell::RefCell;
use std::fs;
use std::task::{Context, Waker};

use crate::error::{Error, What};
use crate::grant::Grant;
use crate::lock::Lock;
use crate::process::Process;
use crate::session::Session;
use crate::want::Want;

thread_local! {
    /// The locks inside of whose `with_lock` this thread is. Those of a process that it was forked from count for nothing.
    static INSIDE: RefCell<Vec<(Process, Lock)>> = const { RefCell::new(Vec::new()) };
}

/// The thread is inside of a `with_lock`, until this is dropped.
pub(crate) struct Inside;

impl Inside {
    pub(crate) fn of(lock: &Lock) -> Self {
        if cfg!(debug_assertions) {
            INSIDE.with_borrow_mut(|inside| inside.push((Process::current(), lock.clone())));
        }
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if cfg!(debug_assertions) {
            INSIDE.with_borrow_mut(|inside| drop(inside.pop()));
        }
    }
}

/// Fails if this thread is inside a `with_lock` of the lock, and is about to wait for the lock or for a share. Also if it wants the
/// lock while its process, which has no other thread, has a share.
pub(crate) fn check(lock: &Lock, want: Want) -> Result<(), Error> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    let here = Process::current();
    // By name: another handle of the same path is as good.
    let is_inside = INSIDE
        .with_borrow(|inside| inside.iter().any(|(process, other)| *process == here && other.name() == lock.name()));
    if is_inside {
        return Err(lock.site().failed(What::Deadlock));
    }
    let waits_for_itself = want == Want::Lock && lock.queue().has_share(here) && is_only_thread();
    if waits_for_itself { Err(lock.site().failed(What::DeadlockOfShare)) } else { Ok(()) }
}

/// Fails if a request waits behind another of this process, and there is no thread but the caller's, which is about to wait.
pub(crate) fn check_waiting<G: Grant>(lock: &Lock, session: &mut Session<G>) -> Result<(), Error> {
    if !cfg!(debug_assertions) || !session.is_inside() || !is_only_thread() {
        return Ok(());
    }
    // Another thread may have given it the turn, and ended, before they were counted.
    let turn = session.poll_turn(&mut Context::from_waker(Waker::noop()));
    if turn.is_pending() { Err(lock.site().failed(What::Deadlock)) } else { Ok(()) }
}

/// Whether the process has no other thread; `false` where that cannot be told.
fn is_only_thread() -> bool {
    // (Programs of Windows can find the /proc of the Linux below Wine, which counts other threads.)
    cfg!(target_os = "linux") && fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1)
}
