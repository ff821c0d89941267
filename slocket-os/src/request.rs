//! A request for a lock or a share, for which a thread can wait in several parts.

use std::time::{Duration, Instant};

use crate::cancel::Canceller;
use crate::error::{Error, What};
use crate::grant::Grant;
use crate::guard::Guard;
use crate::lock::Lock;
use crate::semaphore::{Permit, Semaphore};
use crate::session::{Outcome, SHARED, Session};
use crate::shared_guard::SharedGuard;
use crate::want::Want;

/// A request for a lock, a shared lock or a permit, for blocking code that waits in several parts, or that another thread can cancel.
///
/// It stands in the queue from the beginning until it is dropped, or has returned its guard, whether a thread waits for it or not.
/// A wait that times out does not end the request: the next wait continues in the same place of the queue.
///
/// **While no thread waits for it**, the request still keeps its place. When its turn comes, it holds the lock without using it,
/// and all waiters behind it wait. Continue to wait, or drop it.
///
/// Dropping it leaves the queue, and passes on a lock that was granted meanwhile.
#[derive(Debug)]
#[must_use = "dropping a request cancels it"]
pub struct Request<G: Grant = Guard> {
    lock: Lock,
    /// `None` once it has come to its end.
    session: Option<Session<G>>,
    canceller: Canceller,
}

impl Request<Guard> {
    /// Asks for the lock, and takes a place in the queue.
    pub fn new(lock: &Lock) -> Self {
        Self::begin(lock, Want::Lock)
    }
}

impl Request<SharedGuard> {
    /// Asks for a shared lock, and takes a place in the queue.
    pub fn shared(lock: &Lock) -> Self {
        Self::begin(lock, SHARED)
    }
}

impl Request<Permit> {
    /// Asks for a permit, and takes a place in the queue.
    pub fn permit(semaphore: &Semaphore) -> Self {
        Self::begin(semaphore.lock(), semaphore.want())
    }
}

impl<G: Grant> Request<G> {
    fn begin(lock: &Lock, want: Want) -> Self {
        let session = Some(Session::begin(lock, want, None, Instant::now));
        Self { lock: lock.clone(), session, canceller: Canceller::default() }
    }

    /// Ends the request at that time: a wait that goes on until then fails with [`ErrorKind::TimedOut`](crate::ErrorKind::TimedOut), and
    /// its place in the queue is given up.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        if let Some(session) = &mut self.session {
            session.set_deadline(deadline);
        }
        self
    }

    /// Returns what cancels the request, for another thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Blocks the thread until the lock is acquired.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled); at its [deadline](Self::deadline)
    /// [`ErrorKind::TimedOut`](crate::ErrorKind::TimedOut); and those of an acquire. The lock is not held then, and nothing is left
    /// behind.
    ///
    /// # Panics
    /// If an earlier wait has returned the guard, or an error.
    pub fn wait(mut self) -> Result<G, Error> {
        match self.block(None)? {
            Some(guard) => Ok(guard),
            None => unreachable!("there is no deadline"),
        }
    }

    /// Blocks the thread until the lock is acquired, for `timeout` at most: `None` if that is over. The request keeps its place in
    /// the queue. With a time-out of zero it looks whether its turn has come.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&mut self, timeout: Duration) -> Result<Option<G>, Error> {
        // A time too far away to be told never comes.
        self.block(Instant::now().checked_add(timeout))
    }

    /// Blocks the thread until the lock is acquired, until `deadline` at most, as [`wait_timeout`](Self::wait_timeout).
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    pub fn wait_until(&mut self, deadline: Instant) -> Result<Option<G>, Error> {
        self.block(Some(deadline))
    }

    fn block(&mut self, deadline: Option<Instant>) -> Result<Option<G>, Error> {
        loop {
            let Some(session) = &mut self.session else { panic!("this request has come to its end") };
            if let Some(outcome) = session.outcome() {
                self.session = None;
                return match outcome? {
                    Outcome::Acquired(guard) => Ok(Some(guard)),
                    Outcome::WouldBlock => unreachable!("an acquire ends with the lock or an error"),
                };
            }
            if self.canceller.is_cancelled() {
                self.session = None;
                return Err(Error::new(self.lock.name(), What::Cancelled));
            }
            let is_over = deadline.is_some_and(|deadline| deadline <= Instant::now());
            if !is_over {
                session.block_until(deadline, Some(&self.canceller));
            }
            session.wake();
            if is_over && !session.has_outcome() {
                return Ok(None);
            }
        }
    }
}
