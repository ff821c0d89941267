//! A lock that is held.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;

use crate::descriptor;
use crate::error::{Error, ErrorKind, Fault, What};
use crate::grant::Grant;
use crate::grant::sealed::{Granted, Sealed};
use crate::keeper;
use crate::local::{Lock, Participant, Turn, With};
use crate::name::LockName;
use crate::process::Process;
use crate::retain;
use crate::site::Site;
use crate::trace::warning;
use crate::want::Want;

/// Holds the lock as long as it lives.
///
/// Owned, `'static`, `Send` and `Sync`. While the lock is held the library does nothing: no thread, no system call. Dropping
/// the guard releases the lock before `drop` returns, on any thread, inside or outside any runtime, without blocking (as
/// [`release`](Self::release)).
///
/// A killed process releases the lock, too: the next waiter acquires it as soon as the kernel has closed the
/// process's descriptors.
///
/// A program that this process starts does not inherit the lock, unless it is [passed to](Self::pass_to) that program, or
/// [given up](Self::into_fd) to it.
///
/// # Fork
/// The lock belongs to the process that acquired it. A child that was forked from it without exec has a copy of the guard, and
/// no part in the lock: nothing that it does with the copy, nor dropping it, releases the lock. When the parent releases it,
/// it is released, whatever copies there are; but an abstract name is free only when the last of them is closed, if no
/// process waited. If the parent is *killed*, or a later holder of the same listener, the lock is free when the last copy is closed,
/// at a path, too. A child closes its copies when it drops the guard, when it first uses any lock, on
/// [`close_copies`](crate::close_copies), and on exec. [`disown`](Self::disown) is for a daemon that takes its lock along.
///
/// So it is at whatever instant the child was forked, with two exceptions. If a thread of the parent has made a socket and not
/// bound it yet, the first of those calls waits until it is bound or closed; after five seconds (perhaps the parent is stopped) it
/// leaves that to the next of those calls. And what a thread was making or
/// closing in that very instant is found in `/proc`, and not looked for where that is not mounted, where the program was ever
/// given a guard's descriptor ([`AsFd`](std::os::fd::AsFd): it may have a duplicate), or where it has a disowned lock that was not adopted.
///
/// An asynchronous runtime does not survive a fork: an acquire in the child can hang. A child of a process that has one uses the
/// blocking adapter, `slocket-sync`, or calls exec.
#[must_use = "dropping the guard at once releases the lock at once"]
pub struct Guard {
    /// The lock, and this process's turn to have it. `None` once it was released, or left to another.
    held: Option<Lock>,
}

impl Guard {
    pub(crate) fn new(participant: Box<Participant>, turn: Turn) -> Self {
        Self { held: Some(Lock::new(participant, turn)) }
    }

    /// Returns the name of the lock, with the folder of a path resolved.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.site().name()
    }

    /// Returns the path of the lock, with its folder resolved; `None` for an abstract name.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.site().path()
    }

    pub(crate) fn site(&self) -> &Site {
        let Some(participant) = self.participant() else { unreachable!("a guard has its lock until it is dropped") };
        participant.site()
    }

    /// Releases the lock, as `drop` does, and tells whether something was wrong.
    ///
    /// The first waiter holds the lock when this returns. It does not block: if that waiter cannot take the
    /// listener (npm's), a background thread of this process ends the loan later; see [`settle`](crate::settle). (If
    /// neither a thread nor a descriptor is available, this call itself waits until the loan is back.)
    ///
    /// # Errors
    /// [`ErrorKind::LockLost`] if the path was no longer the lock's socket, so that another process may have held the lock as well; or
    /// what the system refused. The lock is not held any more in either case.
    ///
    /// [`ErrorKind::Forked`] in a child of the process that holds the lock, which goes on holding it.
    pub fn release(mut self) -> Result<(), Error> {
        self.held.take().map_or(Ok(()), release)
    }

    /// What it is made of, which does not release the lock when it is dropped, and is not retained.
    pub(crate) fn into_parts(mut self) -> Option<(Box<Participant>, Turn)> {
        let (mut participant, turn) = self.held.take()?.into_parts();
        let here = participant.process();
        keeper::disarm(&mut participant, here);
        Some((participant, turn))
    }

    pub(crate) fn participant(&self) -> Option<&Participant> {
        self.held.as_ref().map(Lock::participant)
    }

    /// Whether this process holds the lock, rather than one that it was forked from.
    pub(crate) fn is_ours(&self) -> bool {
        self.participant().is_some_and(|participant| participant.process().is_current())
    }

    /// Whether a request waits for the lock, inside this process or outside. One system call at most.
    ///
    /// If the lock is on loan from an npm server, only that server knows the waiters outside. A waiter that has given up may
    /// count until the lock is passed on. `false` in a child of the process that holds the lock.
    #[must_use]
    pub fn contended(&self) -> bool {
        self.held.as_ref().is_some_and(|lock| {
            let here = lock.participant().process();
            here.is_current() && (lock.turn().is_contended(here) || lock.participant().is_contended())
        })
    }

    /// Whether the path is still the lock's socket. `false` means that it was removed or replaced: another process may hold the
    /// lock as well. One system call; at an abstract name none, where it is always true.
    ///
    /// # Errors
    /// What the system refused, for example if the folder may not be searched any more. [`ErrorKind::Forked`] in a child of the
    /// process that holds the lock.
    pub fn is_intact(&self) -> Result<bool, Error> {
        let Some(participant) = self.participant() else { return Ok(false) };
        if !self.is_ours() {
            return Err(self.site().failed(What::Forked));
        }
        participant.is_intact().map_err(|errno| self.site().error(Fault::new(errno, "look at the socket")))
    }

    /// Whether the lock is on loan from a server that cannot hand it over (npm's).
    #[must_use]
    pub fn is_loan(&self) -> bool {
        self.participant().is_none_or(Participant::is_loan)
    }
}

impl Grant for Guard {}

impl Sealed for Guard {
    fn granted(granted: Granted) -> Self {
        Self { held: Some(granted.lock) }
    }
}

// It releases the lock when a panic drops it, and is whole until then.
impl UnwindSafe for Guard {}
impl RefUnwindSafe for Guard {}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.participant().map(|participant| participant.site().name());
        f.debug_struct("Guard").field("name", &name).field("loan", &self.is_loan()).finish()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        match self.held.take().map_or(Ok(()), release) {
            Ok(()) => {}
            // Not this process's to release.
            Err(error) if error.kind() == ErrorKind::Forked => {}
            Err(_error) => {
                warning!(error = %_error, "the release failed");
            }
        }
    }
}

/// Retains the lock, if it is to be. Otherwise passes it on: inside the process if a request waits here and no process outside, else outside.
#[inline]
fn release(lock: Lock) -> Result<(), Error> {
    let here = Process::current();
    if lock.participant().process() != here {
        return Err(forked(&lock, here));
    }
    match retain::leave(lock, here) {
        Some(lock) => pass_on(lock, here),
        None => Ok(()),
    }
}

/// It is the lock of a process that this one was forked from.
#[cold]
fn forked(lock: &Lock, here: Process) -> Error {
    descriptor::close_copies(here);
    lock.participant().site().failed(What::Forked)
}

fn pass_on(lock: Lock, here: Process) -> Result<(), Error> {
    let (participant, turn) = lock.into_parts();
    // A request that waits inside must not be given a lock that is lost.
    let may_stay = || !participant.is_loan() && participant.is_uncontended() && participant.is_intact() == Ok(true);
    let stays_inside = turn.queue().retains().is_none() && turn.is_contended(here) && may_stay();
    let kept =
        if stays_inside { turn.pass(participant, With::Lock, Want::Lock, here) } else { Some((turn, participant)) };
    let Some((turn, participant)) = kept else { return Ok(()) };
    let (released, finished) = keeper::pass_on(participant, here);
    turn.end(here, finished);
    released
}
