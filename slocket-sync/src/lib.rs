//! A cross-process lock for one Linux machine, with shared locks and semaphores, for blocking code.
//!
//! A lock is a path. The holder listens on a Unix socket at that path; waiters connect to it and sleep. Waiters are served in the order in
//! which they came, a killed holder releases the lock at once, and a released lock leaves nothing on disk.
//!
//! ```
//! use slocket_sync::Slocket;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("build.lock");
//!
//! let slocket = Slocket::new(&path)?;
//! let guard = slocket.acquire()?; // waits in the queue
//! // ... no other process is here ...
//! guard.release()?; // or drop it
//! # assert!(!path.exists());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Time-outs and tries
//!
//! ```
//! use std::time::Duration;
//!
//! use slocket_sync::{Slocket, TryAcquireError};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("build.lock");
//!
//! let slocket = Slocket::new(&path)?;
//! match slocket.try_acquire() {
//!     Ok(guard) => guard.release()?,
//!     Err(TryAcquireError::WouldBlock) => println!("another process holds it"),
//!     Err(error) => return Err(error.into()),
//! }
//! match slocket.acquire_timeout(Duration::from_secs(5)) {
//!     Ok(guard) => guard.release()?,
//!     Err(error) if error.is_timed_out() => eprintln!("{error}"), // names the holder: pid 4711 (make)
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Readers and writers; at most N at once
//!
//! ```
//! use slocket_sync::{Semaphore, Slocket};
//! # let folder = tempfile::tempdir()?;
//! # let (path, other) = (folder.path().join("cache.lock"), folder.path().join("gpus.lock"));
//!
//! let cache = Slocket::new(&path)?;
//! let shared = cache.acquire_shared()?; // with other readers; a writer calls `acquire`
//! shared.release()?;
//!
//! let gpus = Semaphore::new(&other, 4)?;
//! let permit = gpus.acquire()?; // waits while 4 processes have one
//! println!("on GPU {}", permit.index()); // from 0 to 3
//! permit.release()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which method
//!
//! | to | call |
//! |---|---|
//! | wait for the lock | [`acquire`](Slocket::acquire), [`acquire_timeout`](Slocket::acquire_timeout), [`acquire_until`](Slocket::acquire_until) |
//! | hold it while a closure runs | [`with_lock`](Slocket::with_lock) |
//! | take it only if it is free | [`try_acquire`](Slocket::try_acquire) |
//! | share it with other readers | [`acquire_shared`](Slocket::acquire_shared), [`try_acquire_shared`](Slocket::try_acquire_shared) |
//! | let readers in without a gap | [`Guard::downgrade`] |
//! | run at most N at once | [`Semaphore::acquire`], [`Semaphore::try_acquire`] |
//! | see which process holds it | [`holder`](Slocket::holder), [`sharers`](Slocket::sharers) |
//! | let a command inherit it | [`Guard::pass_to`] |
//! | hand it to another program | [`Guard::into_fd`], [`Slocket::adopt`] |
//! | set the mode, or trust other users | [`Slocket::builder`], [`Builder`] |
//! | insist on a socket, or on a file | [`Builder::home`] |
//! | cancel a wait, or wait in parts | [`Slocket::request`], [`Semaphore::request`] |
//!
//! # Behaviour
//!
//! * **Order.** First come, first served among the processes of one user, until a holder is killed or cannot pass the lock on: the next waiter is
//!   another user's, or no descriptor is available. Then the waiters race. Clones of one [`Slocket`] queue inside the process, with one
//!   connection to the outside for all of them. The lock passes from clone to clone only while no other process waits.
//! * **Crashes.** When a holder dies, for whatever reason, the next waiter acquires the lock at once. There is no lease, no heartbeat and no
//!   poisoning: the data that the lock protects may be half-written, as after any crash.
//! * **Cost.** A holder runs nothing for the lock: no thread, no system call. A waiter uses no processor time.
//! * **Not reentrant.** A thread that acquires a lock that it already holds, or has a shared lock on, waits for itself: a deadlock.
//!   With debug assertions this is an error where it can be detected: see [`Slocket::acquire`].
//! * **Shared locks.** Many processes can have a [`SharedGuard`] at a time, and no process holds the lock meanwhile. Readers and writers stand in
//!   one queue: a reader that comes after a writer waits behind it, so no writer starves. There is no upgrade: see [`SharedGuard`].
//! * **Semaphores.** At most N processes have a [`Permit`] at a time. Each permit has a [number](Permit::index) that no other has. Each process
//!   chooses its own N.
//! * **Without a file.** [`Slocket::abstract_name`] names a lock that the kernel alone keeps, at less cost, for processes of one network
//!   namespace. It has no shared locks, no permits and no permissions.
//! * **Asynchronous code** of the same process can use the same lock: a handle converts to and from those of `slocket-tokio`, `slocket-smol`
//!   and `slocket-async-std`, by `Slocket::from(&other)`, and both share one queue.
//!
//! # Cancel safety
//!
//! Another thread can cancel a wait: [`Slocket::request`] takes a place in the queue, and the [`Request`] gives a [`Canceller`]. A request that
//! timed out can go on waiting in the same place. A request that is dropped or cancelled leaves the queue, and passes on a lock that was
//! granted meanwhile.
//!
//! # Errors
//!
//! Every operation returns [`Error`]. [`Error::kind`] says what happened; the text names the lock and says what to do.
//!
//! | [`ErrorKind`] | cause |
//! |---|---|
//! | [`TimedOut`](ErrorKind::TimedOut) | the time ran out; [`Error::holder`] or [`Error::sharers`] names the processes in the way |
//! | [`ParentMissing`](ErrorKind::ParentMissing), [`PermissionDenied`](ErrorKind::PermissionDenied) | the folder of the lock is missing, or not writable |
//! | [`Occupied`](ErrorKind::Occupied), [`NotASlocket`](ErrorKind::NotASlocket) | an old lock file, or another program's socket, is at the path |
//! | [`Untrusted`](ErrorKind::Untrusted) | another user holds the lock; [`Trust`] decides which users to trust |
//! | [`UnsupportedFileSystem`](ErrorKind::UnsupportedFileSystem) | the file system has neither sockets nor file locks; or the lock is to be a socket ([`Home`]), and other machines see the file system, too |
//! | [`LockLost`](ErrorKind::LockLost) | on release: the socket was removed or replaced while the lock was held |
//!
//! The rest is in [`ErrorKind`]; [docs/troubleshooting.md][troubleshooting] explains every message. After an error the lock is not held, unless
//! the method says otherwise.
//!
//! # Comparison
//!
//! | | this crate | [`std::fs::File::lock`][file-lock] | [`std::sync::Mutex`] |
//! |---|---|---|---|
//! | excludes | processes, threads and tasks of one machine | open files, so mostly processes | threads of one process |
//! | order of waiters | first come, first served | not promised | not promised |
//! | a waiter | blocks the thread | blocks the thread | blocks the thread |
//! | wait with a time-out | yes | no | no |
//! | its process is killed | the next waiter acquires it | released | gone with the process |
//! | shared locks | yes; readers do not pass a waiting writer | yes; readers can starve a writer | as `RwLock` |
//! | at most N at once | [`Semaphore`] | no | no |
//! | names the holder | yes | no | no |
//! | left on disk | nothing | the file | nothing |
//! | uncontended acquire and release | tens of µs; abstract name: a few µs | about 1 µs | far below 1 µs |
//! | systems | Linux | all | all |
//!
//! Use a mutex inside one process. Use `File::lock` to lock a file that exists anyway, on other systems than Linux, and for a lock that is almost
//! always free. [docs/choosing.md][choosing] compares more.
//!
//! # Fork and exec
//!
//! * **Fork without exec.** The lock belongs to the process that acquired it. Nothing that a forked child does or drops releases it; the child
//!   acquires the lock as any other process does.
//! * **After the parent's release** the lock is free at a path. An abstract name is free when the last copy of the listener is closed, if no
//!   process waited. If the parent is *killed*, or a later holder of the same listener, the lock is free when the last copy is closed, at a
//!   path, too. A child closes its copies when it first uses any lock, or calls [`close_copies`]. Exec closes all of them.
//! * **Daemons.** [`Guard::disown`] lets a daemon that forks itself take its lock along.
//! * **Commands** that this process starts do not inherit the lock. [`Guard::pass_to`] lets one command keep it, so that the lock stays held if
//!   this process is killed.
//!
//! # With npm's slocket
//!
//! The npm package `slocket` 1.0.5 uses the same path for the same lock. An npm client can only be *lent* the lock: this process must live until
//! the client returns it, so call [`settle`] last. npm's slocket ignores shared locks and permits; do not use it at a path that has them.
//!
//! # Features
//!
//! `tracing` emits [`tracing`](https://docs.rs/tracing) events in the words of the protocol, in a span for each request. Off by default.
//!
//! # Platform support
//!
//! Linux, on all of its architectures. Tested on x86-64 with Linux 5.10, 6.1 and later, and in gVisor. [docs/environment.md][environment] lists
//! file systems, users, namespaces and limits. On network file systems the lock is a locked file ([`Home`]). Rust 1.88 or later.
//!
//! The crate compiles for macOS, the BSDs, illumos, Android and Windows, too. There each lock is a locked file:
//! [docs/platforms.md][platforms] says what was tried.
//!
//! [environment]: https://github.com/slocket/slocket/blob/main/docs/environment.md
//! [platforms]: https://github.com/slocket/slocket/blob/main/docs/platforms.md
//! [troubleshooting]: https://github.com/slocket/slocket/blob/main/docs/troubleshooting.md
//! [choosing]: https://github.com/slocket/slocket/blob/main/docs/choosing.md
//! [file-lock]: https://doc.rust-lang.org/std/fs/struct.File.html#method.lock

use std::time::{Duration, Instant};

#[cfg(unix)]
#[doc(inline)]
pub use slocket_os::Disowned;
#[doc(inline)]
pub use slocket_os::{
    Canceller, DowngradeError, Error, ErrorKind, Grant, Guard, Holder, Home, LockName, OccupiedPolicy, Permit, Request,
    SharedGuard, Sharer, StalePolicy, Trust, TryAcquireError, Waiting, close_copies, depart, settle, settle_timeout,
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
    /// Not reentrant: acquiring the same lock twice deadlocks. With debug assertions this is [`ErrorKind::Deadlock`] where it can be
    /// detected: inside [`with_lock`](Self::with_lock), and in a process of one thread that holds the lock, or has a shared lock or a
    /// permit, by a clone of this handle. Elsewhere it cannot be detected, because any thread can release a guard.
    ///
    /// # Errors
    /// `Occupied`, `NotASlocket`, `Untrusted`, `Stale`, `PermissionDenied`, `ParentMissing`, or another refusal of the system: see
    /// [`ErrorKind`]. The lock is then not held, and nothing is left behind.
    pub fn acquire(&self) -> Result<Guard, Error> {
        self.lock.acquire_blocking(None)
    }

    /// Acquires the lock, blocking the thread until its turn comes, for `timeout` at most, measured on the monotonic clock. A lock
    /// that is free is acquired even with a time-out of zero.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`], which names the holder, or the processes with shares, if they are known; and the errors of
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

    /// Takes a place in the queue without waiting. The returned [`Request`] can wait in several parts, and another thread can
    /// cancel it.
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
    /// [`ErrorKind::LockLost`] another process may have held the lock meanwhile.
    pub fn with_lock<T>(&self, body: impl FnOnce() -> T) -> Result<T, Error> {
        self.lock.with_lock(body)
    }

    /// Acquires the lock if that is possible without queueing.
    ///
    /// A process in the way may be only passing through, such as one that repairs a crash. So this method looks again for up
    /// to about 10 milliseconds before it returns [`TryAcquireError::WouldBlock`]. If this process holds the lock, it returns at once.
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
    /// [`TryAcquireError::WouldBlock`] if the lock is held or shared; else [`TryAcquireError::Error`], with the errors of
    /// [`acquire`](Self::acquire).
    pub fn try_acquire(&self) -> Result<Guard, TryAcquireError> {
        self.lock.try_acquire()
    }

    /// Acquires a shared lock, blocking the thread until its turn comes. Many processes can have one at a time; meanwhile no process
    /// holds the lock.
    ///
    /// ```
    /// use slocket_sync::{ErrorKind, Slocket, TryAcquireError};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("cache.lock");
    ///
    /// let slocket = Slocket::new(&path)?;
    /// let one = slocket.acquire_shared()?;
    /// let other = slocket.acquire_shared()?; // usually in another process
    /// assert!(matches!(slocket.try_acquire(), Err(TryAcquireError::WouldBlock)));
    /// # drop((one, other));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Processes that come later for a shared lock do not overtake a waiter for the lock itself. So a thread that has a shared
    /// lock and waits for another one can wait for itself: a deadlock.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire); and [`ErrorKind::NoShares`]. After that error this process may have lent
    /// the lock to an npm client: call [`settle`] before the process ends.
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
    /// [`TryAcquireError::WouldBlock`] if the lock is held, or if a process waits for it; else [`TryAcquireError::Error`], with the errors of
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
    /// [`TryAcquireError::WouldBlock`] if all permits are out, or if a process waits; else [`TryAcquireError::Error`], with the errors of
    /// [`acquire`](Self::acquire).
    pub fn try_acquire(&self) -> Result<Permit, TryAcquireError> {
        self.semaphore.try_acquire()
    }
}
