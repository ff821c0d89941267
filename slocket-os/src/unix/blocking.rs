//! Waiting by blocking the thread: until something comes, a time is over, or another thread calls.
//!
//! The package `mio` waits for a descriptor, beside a waker for other threads. Where there is no descriptor (the turn inside the
//! process, a pause), a condition variable does: it needs none, and a thousand threads in the queue of one lock would need two
//! each.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::io::Errno;

use crate::cancel::Canceller;
use crate::local::Ticket;
use crate::process::{Inherit, PerProcess, Process};
use crate::wait::{Wait, block_on_any};

/// How often a request is looked at that another thread cannot wake.
const RECHECK: Duration = Duration::from_millis(10);

const DESCRIPTOR: Token = Token(0);
const BELL: Token = Token(1);

/// What a thread that blocks waits for, besides a descriptor and a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calls<'a> {
    /// Its turn inside the process. (There is no descriptor then.)
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

/// Blocks the thread until one of them has come: no CPU. It may return early. `here` is this process.
pub(crate) fn block(wait: Wait<'_>, calls: Calls<'_>, here: Process) {
    let Some(descriptor) = wait.descriptor else { return block_on_calls(wait.time(), calls, here) };
    let Ok(mut poller) = Poller::take(here) else { return block_without_poller(wait, calls) };
    let blocked = match poller.register(descriptor) {
        Ok(()) if calls.have_come(&Waker::from(Arc::clone(&poller.bell)), here) => Ok(()),
        Ok(()) => poller.block(wait.time()),
        Err(error) => {
            block_without_poller(wait, calls);
            Err(error)
        }
    };
    match blocked.err().as_ref().and_then(Errno::from_io_error) {
        // The handler of the signal may have made a fork, and this be it: then it is the parent's.
        Some(Errno::INTR) if !here.is_current() => mem::forget(poller),
        // A process that closes all that it does not know has other files at these numbers.
        Some(Errno::BADF | Errno::INVAL) => mem::forget(poller),
        None | Some(_) => poller.give_back(here),
    }
}

/// No descriptor is available for a poller, or epoll has no room (`max_user_watches` of epoll(7)).
fn block_without_poller(wait: Wait<'_>, calls: Calls<'_>) {
    let recheck = calls.canceller.and_then(|_| Instant::now().checked_add(RECHECK));
    block_on_any(&[Wait { until: wait.until.into_iter().chain(recheck).min(), ..wait }]);
}

fn block_on_calls(until: Option<Instant>, calls: Calls<'_>, here: Process) {
    let bell = Arc::new(Ringer::default());
    if calls.have_come(&Waker::from(Arc::clone(&bell)), here) {
        return;
    }
    let rung = bell.rung.lock().unwrap_or_else(PoisonError::into_inner);
    match until {
        None => drop(bell.rings.wait_while(rung, |rung| !*rung)),
        Some(until) => {
            let left = until.saturating_duration_since(Instant::now());
            drop(bell.rings.wait_timeout_while(rung, left, |rung| !*rung));
        }
    }
}

#[derive(Default)]
struct Ringer {
    rung: Mutex<bool>,
    rings: Condvar,
}

impl Wake for Ringer {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.rings.notify_one();
    }
}

/// The one that the thread which waits next uses. More are there only while more threads wait for descriptors, as those of
/// different locks.
static IDLE: PerProcess<Idle> = PerProcess::new();

struct Idle(Option<Poller>);

impl Inherit for Idle {
    const NEW: Self = Self(None);

    /// It is the parent's: a child that waited by its copy would take events from the parent.
    fn inherit(&mut self) {
        mem::forget(self.0.take());
    }
}

/// An epoll instance with a waker, for one thread at a time.
///
/// What it was used for before may still be registered, or wake it: that is a wake-up without a reason.
struct Poller {
    poll: Poll,
    events: Events,
    bell: Arc<Bell>,
}

struct Bell(mio::Waker);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.wake();
    }
}

impl Poller {
    fn take(here: Process) -> io::Result<Self> {
        let idle = IDLE.lock(here).0.take();
        idle.map_or_else(Self::new, Ok)
    }

    fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let bell = Arc::new(Bell(mio::Waker::new(poll.registry(), BELL)?));
        Ok(Self { poll, events: Events::with_capacity(4), bell })
    }

    fn give_back(self, here: Process) {
        let replaced = IDLE.lock(here).0.replace(self);
        drop(replaced);
    }

    /// Has the next wait end when the descriptor is readable, if it is so already, too. That lasts until the descriptor is
    /// closed: to undo it would be one more system call.
    fn register(&self, descriptor: BorrowedFd<'_>) -> io::Result<()> {
        let number = descriptor.as_raw_fd();
        let registry = self.poll.registry();
        match registry.register(&mut SourceFd(&number), DESCRIPTOR, Interest::READABLE) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                registry.reregister(&mut SourceFd(&number), DESCRIPTOR, Interest::READABLE)
            }
            registered => registered,
        }
    }

    fn block(&mut self, until: Option<Instant>) -> io::Result<()> {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        match self.poll.poll(&mut self.events, left) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                // Not a reason to spin.
                thread::sleep(RECHECK);
                Err(error)
            }
            blocked => blocked,
        }
    }
}
