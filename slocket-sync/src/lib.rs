//! A cross-process mutex for one machine, with shared locks and semaphores, for blocking code.
//!
//! ```
//! use slocket_sync::Slocket;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("build.lock");
//!
//! let slocket = Slocket::new(&path)?;
//! let guard = slocket.acquire()?; // waits its turn
//! // ... no other process is here ...
//! guard.release()?; // or drop it
//! # assert!(!path.exists());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Many readers at a time, or N jobs at a time:
//!
//! ```
//! use slocket_sync::{Semaphore, Slocket};
//! # let folder = tempfile::tempdir()?;
//! # let (path, other) = (folder.path().join("cache.lock"), folder.path().join("gpus.lock"));
//!
//! let shared = Slocket::new(&path)?.acquire_shared()?; // beside other readers; a writer calls `acquire`
//! # drop(shared);
//!
//! let permit = Semaphore::new(&other, 4)?.acquire()?; // waits while 4 processes have one
//! println!("on GPU {}", permit.index()); // from 0 to 3
//! # drop(permit);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * **Order.** First come, first served among the processes of one user, until a holder is killed or cannot pass the lock on:
//!   the next in line is another user's, or no descriptor is to be had. Then the waiters race. Clones of one [`Slocket`] queue
//!   inside the process, with one connection to the outside for all of them, and the lock is passed on inside only while no
//!   process waits outside.
//! * **A holder that dies**, however it dies, releases the lock; the next waiter has it at once. There is no lease, no
//!   heartbeat, and no poisoning: what the lock protects may be half-written, as after any crash.
//! * **Readers and writers.** [`Slocket::acquire_shared`] is for readers: many have a [`SharedGuard`] at a time, and nobody holds the
//!   lock meanwhile. Both stand in one queue, so a reader that comes after a writer waits behind it, and no writer is starved.
//!   [`Guard::downgrade`] makes a lock a shared one, without a gap. There is no upgrade: see [`SharedGuard`].
//! * **At most N at once.** A [`Semaphore`] has up to N [`Permit`]s out at a time, in the order of the same queue, and each has a
//!   [number](Permit::index) that no other has. N is each process's own word. Shared locks and permits are had at a path, not at an
//!   abstract name; and npm's slocket does not look for them, so keep it away from such a path.
//! * **While it holds**, a process runs nothing for the lock: no thread, no system call. While it waits, it uses no CPU.
//! * **Fork** without exec: the lock belongs to the process that acquired it. A forked child has no part in it: nothing that
//!   the child does or drops releases it, and the child acquires the lock as any other process does. The parent's release is
//!   complete; but an abstract name is free only when the last copy of the listener is closed, if no process waited. If the
//!   parent is *killed*, or a later holder of the same listener, the lock is free when the last copy is closed, at a path, too:
//!   a child closes its copies when it first uses any lock, or by [`close_copies`]. Exec closes all of them.
//!   [`Guard::disown`] is for a daemon that forks itself and takes its lock along.
//! * **Passing it on.** What this process starts does not inherit the lock. [`Guard::pass_to`] lets one command keep it, so that it
//!   stays held if this process is killed; [`Guard::into_fd`] and [`Slocket::adopt`] hand it over to another program.
//! * **Without a file**, if you like: [`Slocket::abstract_name`] names a lock that the kernel alone keeps, at less cost, for
//!   processes of one network namespace.
//! * **Interoperates** with the npm package `slocket`. Its clients can only be *lent* the lock, which this process must
//!   outlive: see [`settle`].
//! * **A wait can be called off** by another thread, and resumed after a time-out without losing its place: see
//!   [`Slocket::request`].
//! * **Not reentrant**: a thread that acquires a lock which it holds, or has a shared lock of, waits for itself, a deadlock.
//!   In builds with debug assertions, that is an error where it can be known: see [`Slocket::acquire`].
//!
//! # Features
//!
//! `tracing` (off by default) emits [`tracing`](https://docs.rs/tracing) events with the words of the protocol, in a span for each
//! request.
//!
//! # Platform support
//!
//! Linux, on all of its architectures; checked on Linux 5.10, 6.1 and later, and in gVisor. [docs/environment.md][environment] says
//! what works where: file systems, users, namespaces, limits. Rust 1.88 or later.
//!
//! [environment]: https://github.com/slocket/slocket/blob/main/docs/environment.md

use std::time::{Duration, Instant};

#[doc(inline)]
pub use slocket_os::{
    Canceller, Disowned, DowngradeError, Error, ErrorKind, Grant, Guard, Holder, LockName, OccupiedPolicy, Permit,
    Request, SharedGuard, Sharer, StalePolicy, Trust, TryAcquireError, Waiting, close_copies, depart, settle,
    settle_timeout,
};

slocket_os::adapter! {
    /// A lock that processes of this machine share by its path, or by an abstract name.
    ///
    /// Cheap to clone, `Send` and `Sync`. Nothing is held and nothing is on disk until it is acquired. Clones share one queue inside
    /// the process, and so do the handles of other adapters that were made from it (`From`).
    "slocket_sync"
}

impl Slocket {
    /// Acquires the lock, blocking the thread until its turn comes.
    ///
    /// Not reentrant: a thread that acquires a lock which it holds waits for itself, a deadlock. With debug assertions this is
    /// [`ErrorKind::Deadlock`] where it can be known: inside of [`with_lock`](Self::with_lock); and in a process of one thread that
    /// holds the lock, or has a shared lock or a permit, by a clone of this handle. Elsewhere it cannot: a guard may be released by
    /// any thread.
    ///
    /// # Errors
    /// `Occupied`, `NotASlocket`, `Untrusted`, `Stale`, `PermissionDenied`, `ParentMissing`, or what else the system refused: see
    /// [`ErrorKind`]. The lock is not held then, and nothing is left behind.
    pub fn acquire(&self) -> Result<Guard, Error> {
        self.lock.acquire_blocking(None)
    }

    /// Acquires the lock, blocking the thread until its turn comes, for `timeout` at most, measured on the monotonic clock. A lock
    /// that is free is acquired even with a time-out of zero.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`]: the error names the holder, or the processes that have shares, if they are known. And those of
    /// [`acquire`](Self::acquire).
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Guard, Error> {
        // A time too far away to be told never comes.
        self.lock.acquire_blocking(Instant::now().checked_add(timeout))
    }

    /// Acquires the lock, blocking the thread until its turn comes, until `deadline` at most. A lock that is free is acquired even
    /// after that.
    ///
    /// # Errors
    /// Those of [`acquire_timeout`](Self::acquire_timeout).
    pub fn acquire_until(&self, deadline: Instant) -> Result<Guard, Error> {
        self.lock.acquire_blocking(Some(deadline))
    }

    /// Asks for the lock, and takes a place in the queue, without waiting. The [`Request`] is waited for in as many parts as you
    /// like, and another thread can cancel it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use slocket_sync::{ErrorKind, Slocket};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("build.lock");
    ///
    /// let slocket = Slocket::new(&path)?;
    /// # let held = slocket.acquire()?;
    /// let mut request = slocket.request();
    /// if request.wait_timeout(Duration::from_millis(10))?.is_none() {
    ///     println!("still waiting"); // in the same place of the queue
    /// }
    ///
    /// let canceller = request.canceller();
    /// std::thread::spawn(move || canceller.cancel()); // when the user presses a key, say
    /// assert_eq!(request.wait().unwrap_err().kind(), ErrorKind::Cancelled);
    /// # drop(held);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&self) -> Request {
        Request::new(&self.lock)
    }

    /// Acquires the lock, runs `body` while holding it, and releases it. Returns what the body returns.
    ///
    /// ```
    /// use slocket_sync::Slocket;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("counter.lock");
    ///
    /// let sum = Slocket::new(&path)?.with_lock(|| 1 + 1)?;
    /// assert_eq!(sum, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire): the body has not run. Those of [`Guard::release`]: it has run, and after
    /// [`ErrorKind::LockLost`] another process may have been at what the lock protects.
    pub fn with_lock<T>(&self, body: impl FnOnce() -> T) -> Result<T, Error> {
        self.lock.with_lock(body)
    }

    /// Acquires the lock if that is possible without queueing.
    ///
    /// Whoever is in the way may be only passing through, such as another process that repairs a crash. So it looks again for up
    /// to about 10 milliseconds before it answers [`TryAcquireError::WouldBlock`]. If this process has the lock, it answers at once.
    ///
    /// ```
    /// use slocket_sync::{Slocket, TryAcquireError};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("job.lock");
    ///
    /// match Slocket::new(&path)?.try_acquire() {
    ///     Ok(guard) => guard.release()?,
    ///     Err(TryAcquireError::WouldBlock) => println!("it is running already"),
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`TryAcquireError::WouldBlock`] if the lock is held; else [`TryAcquireError::Error`], as of [`acquire`](Self::acquire).
    pub fn try_acquire(&self) -> Result<Guard, TryAcquireError> {
        self.lock.try_acquire()
    }

    /// Acquires a shared lock, blocking the thread until its turn comes: many have one at a time, and while anybody has, nobody holds
    /// the lock.
    ///
    /// ```
    /// use slocket_sync::{ErrorKind, Slocket, TryAcquireError};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("cache.lock");
    ///
    /// let slocket = Slocket::new(&path)?;
    /// let one = slocket.acquire_shared()?;
    /// let other = slocket.acquire_shared()?; // in another process, as a rule
    /// assert!(matches!(slocket.try_acquire(), Err(TryAcquireError::WouldBlock)));
    /// # drop((one, other));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Whoever waits for the lock itself is not overtaken by those who come later for a shared one. So a thread that has a shared
    /// lock and waits for another of the same lock may wait for itself, a deadlock.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire); and [`ErrorKind::NoShares`].
    pub fn acquire_shared(&self) -> Result<SharedGuard, Error> {
        self.lock.acquire_shared_blocking(None)
    }

    /// Acquires a shared lock, blocking the thread until its turn comes, for `timeout` at most, measured on the monotonic clock.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`]; and those of [`acquire_shared`](Self::acquire_shared).
    pub fn acquire_shared_timeout(&self, timeout: Duration) -> Result<SharedGuard, Error> {
        self.lock.acquire_shared_blocking(Instant::now().checked_add(timeout))
    }

    /// Acquires a shared lock, blocking the thread until its turn comes, until `deadline` at most.
    ///
    /// # Errors
    /// Those of [`acquire_shared_timeout`](Self::acquire_shared_timeout).
    pub fn acquire_shared_until(&self, deadline: Instant) -> Result<SharedGuard, Error> {
        self.lock.acquire_shared_blocking(Some(deadline))
    }

    /// Asks for a shared lock, and takes a place in the queue, without waiting: as [`request`](Self::request).
    pub fn request_shared(&self) -> Request<SharedGuard> {
        Request::shared(&self.lock)
    }

    /// Acquires a shared lock if that is possible without queueing. It looks again for up to about 10 milliseconds, as
    /// [`try_acquire`](Self::try_acquire).
    ///
    /// # Errors
    /// [`TryAcquireError::WouldBlock`] if the lock is held, or if a process waits for it; else [`TryAcquireError::Error`], as of
    /// [`acquire_shared`](Self::acquire_shared).
    pub fn try_acquire_shared(&self) -> Result<SharedGuard, TryAcquireError> {
        self.lock.try_acquire_shared()
    }
}

impl Semaphore {
    /// Acquires a permit, blocking the thread until its turn comes.
    ///
    /// ```
    /// use slocket_sync::Semaphore;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("gpus.lock");
    ///
    /// let gpus = Semaphore::new(&path, 4)?;
    /// let permit = gpus.acquire()?; // waits while 4 processes have one
    /// println!("this job runs on GPU {}", permit.index()); // from 0 to 3, and no other job has the same
    /// permit.release()?; // or drop it
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Slocket::acquire_shared`].
    pub fn acquire(&self) -> Result<Permit, Error> {
        self.semaphore.acquire_blocking(None)
    }

    /// Acquires a permit, blocking the thread until its turn comes, for `timeout` at most, measured on the monotonic clock.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`]; and those of [`acquire`](Self::acquire).
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Permit, Error> {
        self.semaphore.acquire_blocking(Instant::now().checked_add(timeout))
    }

    /// Acquires a permit, blocking the thread until its turn comes, until `deadline` at most.
    ///
    /// # Errors
    /// Those of [`acquire_timeout`](Self::acquire_timeout).
    pub fn acquire_until(&self, deadline: Instant) -> Result<Permit, Error> {
        self.semaphore.acquire_blocking(Some(deadline))
    }

    /// Asks for a permit, and takes a place in the queue, without waiting: as [`Slocket::request`].
    pub fn request(&self) -> Request<Permit> {
        Request::permit(&self.semaphore)
    }

    /// Acquires a permit if that is possible without queueing. It looks again for up to about 10 milliseconds, as
    /// [`Slocket::try_acquire`].
    ///
    /// # Errors
    /// [`TryAcquireError::WouldBlock`] if all permits are out, or if a process waits; else [`TryAcquireError::Error`], as of
    /// [`acquire`](Self::acquire).
    pub fn try_acquire(&self) -> Result<Permit, TryAcquireError> {
        self.semaphore.try_acquire()
    }
}
