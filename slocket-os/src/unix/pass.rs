//! Passing a lock that is held, or a share of one, to another program.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::Command;

use command_fds::CommandFdExt;
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{self, Errno, FdFlags, fcntl_dupfd_cloexec, fcntl_setfd, ioctl_fionbio};
use slocket_core::FlockResult;
use slocket_core::file_lock::{Mode, Platform};

use crate::at_path::Which;
use crate::descriptor::close_copies;
use crate::error::{Error, Fault, What};
use crate::file_participant::FileParticipant;
use crate::guard::Guard;
use crate::held_share::HeldShare;
use crate::lock::Lock;
use crate::process::Process;
use crate::semaphore::Permit;
use crate::shared_guard::SharedGuard;
use crate::socket_adopt::{ADOPT, adopt_socket};
use crate::sys::lock_files;

/// Scripts use the low numbers as they like (`exec 3>log`), and would close the lock without knowing.
const FIRST: RawFd = 100;

impl Guard {
    /// Lets the program that `command` starts keep the lock, too: if this process is killed, the lock stays held as long as
    /// that program runs, or a process that it starts. Returns the number of its descriptor.
    ///
    /// This process is still the holder, and releases the lock. It should do so when the program has ended.
    ///
    /// Only what this very command starts inherits the descriptor, whatever other threads start meanwhile. The command has a
    /// duplicate until it is dropped: drop it as soon as it has started, for at an abstract name the duplicate keeps the lock after
    /// the release.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("backup.lock");
    /// use std::process::Command;
    ///
    /// # let lock = slocket_os::Builder::new(&path).build()?;
    /// # let guard = lock.try_acquire()?;
    /// let mut command = Command::new("true");
    /// guard.pass_to(&mut command)?; // `guard` is what `acquire` gave
    /// let mut child = command.spawn()?;
    /// drop(command);
    /// child.wait()?;
    /// guard.release()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// With Tokio, `command` is what `tokio::process::Command::as_std_mut` gives; with smol, make its `Command` from this one.
    ///
    /// # Errors
    /// [`ErrorKind::Forked`](crate::ErrorKind::Forked) in a child of the process that holds the lock; or what the system refused, if
    /// there is no descriptor left.
    pub fn pass_to(&self, command: &mut Command) -> Result<RawFd, Error> {
        Ok(preserve(self.duplicate()?, command))
    }

    /// Turns the guard into a descriptor: the lock is held as long as a copy of the descriptor is open, and the
    /// process that [adopts](Lock::adopt) the descriptor releases it properly. So another program can take the lock over without a gap.
    ///
    /// The descriptor is closed on exec. To hand it to one program and no other, make it that program's standard input:
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("backup.lock");
    /// use std::os::fd::AsFd;
    /// use std::process::Command;
    ///
    /// # let lock = slocket_os::Builder::new(&path).build()?;
    /// # let guard = lock.try_acquire()?;
    /// let mut command = Command::new("true"); // a program that calls `adopt`
    /// let child = command.stdin(guard.into_fd()?).spawn(); // `guard` is what `acquire` gave
    /// drop(command); // has the descriptor, too
    /// # child?.wait()?;
    ///
    /// // In that program, `slocket.adopt(fd)` gives the guard of this:
    /// let fd = std::io::stdin().as_fd().try_clone_to_owned()?;
    /// # assert!(lock.adopt(fd).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// If all copies are closed and none was adopted, it is as if the holder had been killed.
    ///
    /// # Errors
    /// [`ErrorKind::Forked`](crate::ErrorKind::Forked) in a child of the process that holds the lock. Else the lock is released, as
    /// if the guard had been dropped: [`ErrorKind::OnLoan`](crate::ErrorKind::OnLoan) if it is an npm server's, or what the system
    /// refused, if there is no descriptor left.
    pub fn into_fd(self) -> Result<OwnedFd, Error> {
        if self.is_ours() && self.is_loan() {
            return Err(self.site().failed(What::OnLoan));
        }
        let descriptor = self.duplicate()?;
        // The mark of one that is nobody's yet: see `Lock::adopt`. (A forked child closes copies of those alone that never block.)
        ioctl_fionbio(&descriptor, false).map_err(|errno| self.site().error(Fault::new(errno, PASS)))?;
        drop(self.into_parts());
        Ok(descriptor)
    }

    /// Another descriptor of the lock, which is closed on exec.
    fn duplicate(&self) -> Result<OwnedFd, Error> {
        if !self.is_ours() {
            return Err(self.site().failed(What::Forked));
        }
        duplicate(self.as_fd()).map_err(|errno| self.site().error(Fault::new(errno, PASS)))
    }
}

impl SharedGuard {
    /// Lets the program that `command` starts keep the shared lock, too: it is given back when this guard is dropped *and* that
    /// program has ended, and whatever that starts. Returns the number of its descriptor.
    ///
    /// Only what this very command starts inherits the descriptor, whatever other threads start meanwhile. The command has a
    /// duplicate until it is dropped: drop it as soon as it has started.
    ///
    /// # Errors
    /// [`ErrorKind::Forked`](crate::ErrorKind::Forked) in a child of the process that has the shared lock; or what the system
    /// refused, if there is no descriptor left.
    pub fn pass_to(&self, command: &mut Command) -> Result<RawFd, Error> {
        share_to(&self.share, command)
    }
}

impl Permit {
    /// Lets the program that `command` starts keep the slot, too: it is given back when this permit is dropped *and* that program has
    /// ended, and whatever that starts. Returns the number of its descriptor.
    ///
    /// Only what this very command starts inherits the descriptor, whatever other threads start meanwhile. The command has a
    /// duplicate until it is dropped: drop it as soon as it has started.
    ///
    /// # Errors
    /// [`ErrorKind::Forked`](crate::ErrorKind::Forked) in a child of the process that has the slot; or what the system refused, if
    /// there is no descriptor left.
    pub fn pass_to(&self, command: &mut Command) -> Result<RawFd, Error> {
        share_to(&self.share, command)
    }
}

/// Lets the program that `command` starts keep a share, too.
fn share_to(share: &HeldShare, command: &mut Command) -> Result<RawFd, Error> {
    let duplicate =
        duplicate(share.descriptor()?.as_fd()).map_err(|errno| share.site().error(Fault::new(errno, PASS)))?;
    Ok(preserve(duplicate, command))
}

/// Another descriptor of a file, which is closed on exec.
fn duplicate(file: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    match fcntl_dupfd_cloexec(file, FIRST) {
        // The limit for descriptors is below FIRST.
        Err(Errno::INVAL) => fcntl_dupfd_cloexec(file, 3),
        duplicate => duplicate,
    }
}

/// Lets the program that `command` starts inherit a descriptor, and no other.
fn preserve(descriptor: OwnedFd, command: &mut Command) -> RawFd {
    let number = descriptor.as_raw_fd();
    command.preserved_fds(vec![descriptor]);
    number
}

/// What is being done when a descriptor is passed on.
const PASS: &str = "pass on the descriptor of the lock";

impl Lock {
    /// Makes the lock this process's whose descriptor another has [given up](Guard::into_fd), or this one: it is named as the
    /// holder, and releases the lock.
    ///
    /// A descriptor is adopted once. One that still has a guard, such as [`Guard::pass_to`] passes, is refused; but of two processes
    /// that adopt copies of one descriptor in the same instant both may succeed. So pass it to one of them.
    ///
    /// # Errors
    /// [`ErrorKind::NotTheLock`](crate::ErrorKind::NotTheLock) if the descriptor does not carry this lock, or still has a guard. At
    /// a path, that is also said of the descriptor of another network namespace, whose file the kernel does not tell. In any case
    /// the descriptor is closed.
    pub fn adopt(&self, descriptor: OwnedFd) -> Result<Guard, Error> {
        let here = Process::current();
        close_copies(here);
        if let Some(platform) = self.site().lock_file() {
            return self.adopt_file(descriptor, platform, here);
        }
        adopt_socket(self, descriptor, here)
    }
}

impl Lock {
    /// The same, of a lock that is a locked file: the file that is open must be the one at the path, and be locked by that very descriptor, or
    /// by none.
    fn adopt_file(&self, file: OwnedFd, platform: Platform, here: Process) -> Result<Guard, Error> {
        let failed = |errno| self.site().error(Fault::new(errno, ADOPT));
        let not_the_lock = || self.site().failed(What::NotTheLock);
        let at = self.site().at_path().ok_or_else(not_the_lock)?;
        if fcntl_getfl(&file).map_err(failed)?.contains(OFlags::NONBLOCK)
            || !lock_files::compare(file.as_fd(), at, Which::Lock).map_err(failed)?
            || lock_files::lock(file.as_fd(), Mode::Exclusive) != FlockResult::Locked
        {
            return Err(not_the_lock());
        }
        fcntl_setfd(&file, FdFlags::CLOEXEC).map_err(failed)?;
        ioctl_fionbio(&file, true).map_err(failed)?;
        let turn = self.queue().enter_beside(here);
        let participant = FileParticipant::holding(self.site(), platform, here, file).map_err(failed)?;
        Ok(Guard::new(participant.into(), turn))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::ErrorKind;
    use crate::builder::Builder;
    use crate::name::LockName;
    use crate::session::{Outcome, Session};

    /// How long a release may take that does not wait.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Two locks at one path or name, as two processes have them.
    fn two(name: impl Into<LockName>) -> [Lock; 2] {
        let name = name.into();
        [(); 2].map(|()| Builder::new(name.clone()).build().unwrap())
    }

    /// The first holds the lock, and a process with a copy of its listener makes that block. Then it is handed over to the second.
    fn handed_over_blocking([one, other]: &[Lock; 2]) -> Guard {
        let guard = one.try_acquire().unwrap();
        let copy = guard.as_fd().try_clone_to_owned().unwrap();
        let mut next = Session::acquire(other, None);
        ioctl_fionbio(&copy, false).unwrap();
        guard.release().unwrap();
        next.wake();
        let Some(Ok(Outcome::Acquired(guard))) = next.outcome() else { panic!("it waited") };
        guard
    }

    #[test]
    fn what_still_has_a_guard_is_not_adopted_even_if_it_came_blocking() {
        let folder = TempDir::with_prefix("slocket-pass-").unwrap();
        let locks = two(folder.path().join("lock"));
        let guard = handed_over_blocking(&locks);
        let copy = guard.as_fd().try_clone_to_owned().unwrap();
        assert_eq!(locks[0].adopt(copy).map(drop).unwrap_err().kind(), ErrorKind::NotTheLock);
        guard.release().unwrap();

        // (As `pass_to` does.)
        let guard = handed_over_blocking(&locks);
        let copy = guard.duplicate().unwrap();
        assert_eq!(locks[0].adopt(copy).map(drop).unwrap_err().kind(), ErrorKind::NotTheLock);
        guard.release().unwrap();
    }

    #[test]
    fn a_listener_that_came_blocking_is_given_up_without_a_wait() {
        let name = format!("slocket-pass-{}", std::process::id());
        let guard = handed_over_blocking(&two(LockName::abstract_name(&name)));
        // One without a badge: the name is closed out.
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let mut stray = UnixStream::connect_addr(&address).unwrap();
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || done.send(guard.release().is_ok()));
        assert_eq!(is_done.recv_timeout(PATIENCE), Ok(true));
        assert_eq!(stray.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn whoever_adopts_lets_no_second_handle_go_outside() {
        let folder = TempDir::with_prefix("slocket-pass-").unwrap();
        let lock: Lock = Builder::new(folder.path().join("lock")).build().unwrap();
        let descriptor = lock.try_acquire().unwrap().into_fd().unwrap();
        let mut outside = Session::acquire(&lock, None);
        let guard = lock.adopt(descriptor).unwrap();
        let mut inside = Session::acquire(&lock, None);
        assert!(!outside.is_inside() && inside.is_inside());
        guard.release().unwrap();
        inside.wake();
        assert!(inside.is_inside(), "the other is outside for both");
        outside.wake();
        let Some(Ok(Outcome::Acquired(guard))) = outside.outcome() else { panic!("it was first") };
        guard.release().unwrap();
        inside.wake();
        assert!(matches!(inside.outcome(), Some(Ok(Outcome::Acquired(_)))));
    }
}
