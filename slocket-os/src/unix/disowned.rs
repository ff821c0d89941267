//! A lock that a process leaves to one that it forks: for a daemon that puts itself into the background.

use std::sync::Arc;

use crate::bell::Bell;
use crate::descriptor;
use crate::error::{Error, Fault, What};
use crate::guard::Guard;
use crate::local::{LocalQueue, Participant};
use crate::process::Process;

/// A lock that is held, and waits for a process that adopts it.
///
/// Every process with a copy can adopt it: the process that disowned it, and processes that were forked afterwards. The kernel
/// ensures that only the first one succeeds. Dropping a copy only closes it: the process that forks drops its own, or ends.
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
#[must_use = "a lock that no process adopts is lost when this is dropped"]
pub struct Disowned {
    participant: Box<Participant>,
    queue: Arc<LocalQueue>,
    /// It was rung once: the process that takes note of that holds the lock.
    token: Bell,
}

impl Guard {
    /// Leaves the lock to another process: one that this one forks afterwards, without exec, and that
    /// [adopts](Disowned::adopt) it. So a daemon that puts itself into the background keeps its lock.
    ///
    /// # Errors
    /// [`ErrorKind::Forked`](crate::ErrorKind::Forked) in a child of the process that holds the lock; or what the system refused, if it has no descriptor
    /// left: then the lock is released, as if the guard had been dropped.
    pub fn disown(self) -> Result<Disowned, Error> {
        if !self.is_ours() {
            return Err(self.site().failed(What::Forked));
        }
        let token = Bell::rung()
            .map_err(|errno| self.site().error(Fault::new(errno, "make a token for the process that adopts it")))?;
        let Some((mut participant, turn)) = self.into_parts() else {
            unreachable!("a guard has its lock until it is dropped")
        };
        participant.disown();
        Ok(Disowned { participant, queue: Arc::clone(turn.queue()), token })
    }
}

impl Disowned {
    /// Makes the lock this process's: it is named as the holder, and releases the lock.
    ///
    /// # Errors
    /// [`ErrorKind::Adopted`](crate::ErrorKind::Adopted) if another process was first; or what the system refused.
    pub fn adopt(self) -> Result<Guard, Error> {
        let Self { mut participant, queue, token } = self;
        match token.take() {
            Ok(true) => {}
            Ok(false) => return Err(participant.site().failed(What::Adopted)),
            Err(errno) => {
                return Err(participant.site().error(Fault::new(errno, "take the token of a lock that was disowned")));
            }
        }
        let here = Process::current();
        descriptor::close_copies(here);
        let turn = queue.enter_beside(here);
        participant.adopt(here);
        Ok(Guard::new(participant, turn))
    }
}
