//! A lock that a process leaves to one that it forks: for a daemon that puts itself into the background.

use std::os::fd::OwnedFd;

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{Errno, read, retry_on_intr};

use crate::descriptor;
use crate::error::{Error, Fault, What};
use crate::guard::Guard;
use crate::participant::Participant;
use crate::process::Process;

/// A lock that is held, and waits for a process that adopts it.
///
/// Every process that has a copy can adopt it: the one that disowned it, and those that were forked afterwards. The first does; the
/// kernel sees to it that there is no second. Dropping a copy only closes it: the process that forks drops its own, or ends.
/// If all copies are dropped and none was adopted, it is as if the holder had been killed.
///
/// ```no_run
/// # fn fork() -> std::io::Result<i32> { Ok(0) }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let lock = slocket_os::Builder::new("/run/daemon/lock").build()?;
/// # let guard = loop {
/// #     if let Some(Ok(slocket_os::Outcome::Acquired(guard))) = slocket_os::Session::try_acquire(&lock).outcome() { break guard; }
/// # };
/// let disowned = guard.disown()?; // `guard` is what `acquire` gave
/// if fork()? > 0 {
///     std::process::exit(0); // the parent: the lock is not its own any more
/// }
/// let guard = disowned.adopt()?; // the daemon
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a lock that nobody adopts is lost when this is dropped"]
pub struct Disowned {
    participant: Box<Participant>,
    /// An eventfd(2) with a one in it: who reads that has the lock.
    token: OwnedFd,
}

impl Disowned {
    pub(crate) fn token() -> rustix::io::Result<OwnedFd> {
        eventfd(1, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
    }

    pub(crate) fn new(mut participant: Box<Participant>, token: OwnedFd, here: Process) -> Self {
        participant.disown();
        participant.lock().queue().leave(here);
        Self { participant, token }
    }

    /// Makes the lock this process's: it is named as the holder, and releases the lock.
    ///
    /// # Errors
    /// [`ErrorKind::Adopted`](crate::ErrorKind::Adopted) if another process was first; or what the system refused.
    pub fn adopt(self) -> Result<Guard, Error> {
        let Self { mut participant, token } = self;
        let lock = participant.lock().clone();
        match retry_on_intr(|| read(&token, &mut [0; 8])) {
            Ok(_) => {}
            Err(Errno::WOULDBLOCK) => return Err(lock.failed(What::Adopted)),
            Err(errno) => return Err(lock.error(Fault::new(errno, "take the token of a lock that was disowned"))),
        }
        let here = Process::current();
        descriptor::close_copies(here);
        // If somebody of this process is outside already, it waits for this lock, and its place there stays as it is.
        let _ = lock.queue().try_enter(here);
        participant.adopt(here);
        Ok(Guard::new(participant))
    }
}
