//! What all adapters have alike: their own `Slocket`, `Semaphore` and `Builder`, so that each crate's documentation shows all
//! methods.

/// Defines an adapter's `Slocket`, `Semaphore` and `Builder`, without the ways to acquire: `adapter!("slocket_sync")`.
///
/// Attributes before the name of the crate are those of `Slocket`.
#[doc(hidden)]
#[macro_export]
macro_rules! adapter {
    ($(#[$attribute:meta])* $name:literal) => {
        $(#[$attribute])*
        #[derive(Clone)]
        pub struct Slocket {
            lock: $crate::Lock,
        }

        impl Slocket {
            /// Names a lock by its path, with the default options. Resolves the folder of the path, which must exist; touches
            /// nothing.
            ///
            /// # Errors
            /// `InvalidName`, `ParentMissing`, `PermissionDenied` or `PathTooLong`: see [`ErrorKind`].
            pub fn new(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
                Self::builder(path.as_ref()).build()
            }

            /// Names a lock by an abstract name instead of a path, with the default options. Touches nothing. Linux only.
            ///
            /// The same lock without a file, and with nothing to reclaim: the kernel frees the name when its socket is gone.
            /// Acquiring and releasing a free lock takes 5 system calls, where a path takes 15. In return:
            ///
            /// * **Its scope is the network namespace**: processes in two containers with networks of their own do not share
            ///   it, processes that share the network do, whatever files they see.
            /// * **It has no permissions**: any user of the machine can take the name, and so keep others from the lock. Such a
            ///   server is refused, unless it is root's ([`Trust`]).
            /// * **npm's slocket cannot use it.**
            /// * **It has no shares**: no shared lock, and no semaphore.
            /// * **A copy of the listener keeps it held**: a process that was forked without exec while the lock was
            ///   held, or that another thread is just starting, holds the lock until it ends or calls exec, even if
            ///   no process waited and this process has released it.
            ///
            /// ```
            #[doc = concat!("use ", $name, "::Slocket;")]
            ///
            /// let slocket = Slocket::abstract_name("my-app")?; // `slocket run @my-app` shares it
            /// assert_eq!(slocket.name().to_string(), "@my-app");
            #[doc = concat!("# Ok::<(), ", $name, "::Error>(())")]
            /// ```
            ///
            /// # Errors
            /// [`ErrorKind::InvalidName`] if the name is empty, is longer than 107 bytes, or contains a NUL byte.
            pub fn abstract_name(name: impl AsRef<std::ffi::OsStr>) -> Result<Self, Error> {
                Self::builder(LockName::abstract_name(name.as_ref())).build()
            }

            /// Starts a builder, to name a lock with options: by its path, or by an abstract name.
            ///
            /// ```
            /// use std::time::Duration;
            ///
            #[doc = concat!("use ", $name, "::{LockName, OccupiedPolicy, Slocket};")]
            /// # let folder = tempfile::tempdir()?;
            /// # let path = folder.path().join("shared.lock");
            ///
            /// let shared = Slocket::builder(&path).mode(0o660).occupied(OccupiedPolicy::Wait).build()?;
            /// let named = Slocket::builder(LockName::abstract_name("my-app"))
            ///     .on_wait(Duration::from_secs(1), |waiting| eprintln!("{waiting}"))
            ///     .build()?;
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            pub fn builder(name: impl Into<LockName>) -> Builder {
                Builder { options: $crate::Builder::new(name) }
            }

            /// Returns the lock's name, with the folder of a path resolved.
            #[must_use]
            pub fn name(&self) -> &LockName {
                self.lock.name()
            }

            /// Returns the lock's path, with its folder resolved; `None` for an abstract name.
            #[must_use]
            pub fn path(&self) -> Option<&std::path::Path> {
                self.lock.path()
            }

            /// Returns the holder of the lock; `None` if no process listens there. Does not wait.
            ///
            /// While the lock is shared, no process holds it: see [`sharers`](Self::sharers). The first waiter, which waits until all
            /// shares are given back, has the lock in hand, and counts as its holder.
            ///
            /// This method stands in the queue for an instant, without taking the lock. If the lock is lent to an npm client, it
            /// returns the lender.
            ///
            /// # Errors
            /// [`ErrorKind::Occupied`] or [`ErrorKind::NotASlocket`] if something else is at the path; or what the system
            /// refused.
            pub fn holder(&self) -> Result<Option<Holder>, Error> {
                self.lock.holder()
            }

            /// Returns the processes that have shares of the lock: a shared lock, or a slot of a semaphore. Those with a shared lock
            /// come first, then by the number of the slot. A program that has inherited one is among them.
            ///
            /// It finds them in `/proc`, where this process may look: at least the processes of its own user.
            ///
            /// # Errors
            /// What the system refused, for example if the folder may not be searched any more.
            pub fn sharers(&self) -> Result<Vec<Sharer>, Error> {
                self.lock.sharers()
            }

            /// Returns the semaphore at the path of this lock, of so many permits: see [`Semaphore::new`]. It has the lock's
            /// options, and shares its queue inside the process.
            ///
            /// # Errors
            /// [`ErrorKind::InvalidPermits`] if it is none, or more than 65,535.
            pub fn semaphore(&self, permits: usize) -> Result<Semaphore, Error> {
                Ok(Semaphore { semaphore: $crate::Semaphore::new(&self.lock, permits)? })
            }

            /// Makes the lock this process's whose descriptor another has given up by [`Guard::into_fd`], or this one. It does not
            /// wait.
            ///
            /// A descriptor is adopted once. One that still has a guard, such as [`Guard::pass_to`] passes, is refused; but of two
            /// processes that adopt copies of one descriptor in the same instant both may succeed. So pass it to one of them.
            ///
            /// # Errors
            /// [`ErrorKind::NotTheLock`] if the descriptor does not carry this lock, or still has a guard. At a path, that is also
            /// said of the descriptor of another network namespace, whose file the kernel does not tell. In any case the
            /// descriptor is closed.
            #[cfg(unix)]
            pub fn adopt(&self, descriptor: impl Into<std::os::fd::OwnedFd>) -> Result<Guard, Error> {
                self.lock.adopt(descriptor.into())
            }
        }

        impl std::fmt::Debug for Slocket {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("Slocket").field("name", self.name()).finish_non_exhaustive()
            }
        }

        impl AsRef<$crate::Lock> for Slocket {
            fn as_ref(&self) -> &$crate::Lock {
                &self.lock
            }
        }

        /// Makes another handle of the same lock, from a handle of any adapter. Both share one queue inside the process.
        impl<T: AsRef<$crate::Lock>> From<&T> for Slocket {
            fn from(handle: &T) -> Self {
                Self { lock: handle.as_ref().clone() }
            }
        }

        impl From<$crate::Lock> for Slocket {
            fn from(lock: $crate::Lock) -> Self {
                Self { lock }
            }
        }

        impl From<Slocket> for $crate::Lock {
            fn from(slocket: Slocket) -> Self {
                slocket.lock
            }
        }

        /// A semaphore that processes of this machine share by its path: at most N of them have a [`Permit`] at a time, and each
        /// knows its [number](Permit::index).
        ///
        /// It uses the path of a lock, and the lock is its turnstile: waiters for a permit stand in the lock's queue,
        /// first come, first served. While a permit is out, no process acquires the lock itself; while the lock is held, no
        /// process acquires a permit.
        ///
        /// Each process chooses the number of permits: a process that chooses 2 takes slot 0 or 1, one that chooses 8 any slot from
        /// 0 to 7, at the same path.
        ///
        /// Cheap to clone, `Send` and `Sync`. Clones share one queue inside the process. A thousand waiting tasks have one place
        /// outside, and no thread.
        #[derive(Clone)]
        pub struct Semaphore {
            semaphore: $crate::Semaphore,
        }

        impl Semaphore {
            /// Names a semaphore by its path, with the default options: up to `permits` are out at a time. Resolves the folder of the
            /// path, which must exist; touches nothing. With other options: [`Slocket::semaphore`].
            ///
            /// # Errors
            /// [`ErrorKind::InvalidPermits`] if `permits` is zero or more than 65,535; and those of [`Slocket::new`].
            pub fn new(path: impl AsRef<std::path::Path>, permits: usize) -> Result<Self, Error> {
                Slocket::new(path)?.semaphore(permits)
            }

            /// Returns how many permits there are.
            #[must_use]
            pub fn permits(&self) -> usize {
                self.semaphore.permits()
            }

            /// Returns the lock that it is at the path of.
            #[must_use]
            pub fn slocket(&self) -> Slocket {
                Slocket { lock: self.semaphore.lock().clone() }
            }

            /// Returns the path, with its folder resolved; `None` for an abstract name, which has no permits to give.
            #[must_use]
            pub fn path(&self) -> Option<&std::path::Path> {
                self.semaphore.lock().path()
            }
        }

        impl std::fmt::Debug for Semaphore {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut shown = f.debug_struct("Semaphore");
                shown.field("name", self.semaphore.lock().name()).field("permits", &self.permits()).finish_non_exhaustive()
            }
        }

        impl AsRef<$crate::Semaphore> for Semaphore {
            fn as_ref(&self) -> &$crate::Semaphore {
                &self.semaphore
            }
        }

        /// Makes another handle of the same semaphore, from a handle of any adapter. Both share one queue inside the process.
        impl<T: AsRef<$crate::Semaphore>> From<&T> for Semaphore {
            fn from(handle: &T) -> Self {
                Self { semaphore: handle.as_ref().clone() }
            }
        }

        /// Options for a [`Slocket`]: see [`Slocket::builder`].
        #[must_use = "options do nothing until `build`"]
        #[derive(Clone, Debug)]
        pub struct Builder {
            options: $crate::Builder,
        }

        impl Builder {
            /// Sets the permissions of the socket, exactly, whatever the umask. Defaults to 0o600.
            ///
            /// Users who can write to the socket can wait for the lock; its owner must be able to. Other users are served as
            /// well, but the lock is not handed over between users, for the next holder must be able to remove the socket: each
            /// change of user sends all waiters away, and they race. So the order is that of arrival among the processes of one
            /// user alone. What each user can do to the others is in [docs/security.md][security].
            ///
            /// An abstract name has no permissions: with a mode, `build` fails. Windows ignores the mode: files have the permissions of
            /// their folder there.
            ///
            /// [security]: https://github.com/slocket/slocket/blob/main/docs/security.md
            pub fn mode(self, mode: u32) -> Self {
                Self { options: self.options.mode(mode) }
            }

            /// Sets what to do about a stale socket. Defaults to [`StalePolicy::Wait`]. An abstract name leaves none.
            pub fn stale(self, policy: StalePolicy) -> Self {
                Self { options: self.options.stale(policy) }
            }

            /// Sets what to do about something at the path that is not a socket. Defaults to [`OccupiedPolicy::Fail`].
            pub fn occupied(self, policy: OccupiedPolicy) -> Self {
                Self { options: self.options.occupied(policy) }
            }

            /// Sets which users' servers to trust. Defaults to [`Trust::Owner`]. Windows ignores it: the permissions of the folder say
            /// which users can use the lock there.
            pub fn trust(self, trust: Trust) -> Self {
                Self { options: self.options.trust(trust) }
            }

            /// Calls `hook` once in each acquire that still waits after that long, to tell the user who holds or shares the lock.
            ///
            /// The thread or task that waits calls it, holding nothing of the library's. The wait goes on when the hook
            /// returns, so it should not block. To find out the holder, the library stands in the queue for an instant, as
            /// [`Slocket::holder`] does. A try never calls it.
            pub fn on_wait(
                self,
                after: std::time::Duration,
                hook: impl Fn(&Waiting<'_>) + Send + Sync + 'static,
            ) -> Self {
                Self { options: self.options.on_wait(after, hook) }
            }

            /// Keeps the lock after a release at which no process waits, until it was not used for `idle`. Not set by default.
            ///
            /// A program that acquires and releases the lock again and again makes no system call then: see
            /// [docs/protocol.md, section 9][protocol]. A thread of the library watches whether another process comes to the queue, and
            /// passes the lock on; so others acquire it as if it were free, a thread's wake-up later. It is given back, too,
            /// when it was not used for that time (between once and twice that: it is looked at that often), when the last handle is
            /// dropped, and by [`settle`].
            ///
            /// * **While others wait**, this process may acquire the lock again and again until that thread has run; but no longer than
            ///   about 10 milliseconds or 4,096 times, and, of a lock that another process has handed over, 40 microseconds or 200 times.
            /// * **A process that is stopped** (SIGSTOP) while it retains the lock holds up all others, though it does not hold.
            /// * **A process that is killed, or ends** without dropping its handles and without [`settle`], leaves its socket at
            ///   the path until the next use. No other process waits for it.
            /// * **A try** of another process takes a retained lock for held, unless its handle has this option as well: then it
            ///   succeeds, 10 milliseconds later, but once a second at most. Asynchronous tries do not wait for that.
            /// * **A path that is removed by hand** is noticed at the first acquire or release after 10 milliseconds.
            /// * A lock on loan from npm's slocket, a shared lock and a permit are not retained.
            ///
            /// ```
            /// use std::time::Duration;
            ///
            #[doc = concat!("use ", $name, "::Slocket;")]
            /// # let folder = tempfile::tempdir()?;
            /// # let path = folder.path().join("counter.lock");
            ///
            /// let slocket = Slocket::builder(&path).retain(Duration::from_secs(1)).build()?;
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#9-retained-locks
            pub fn retain(self, idle: std::time::Duration) -> Self {
                Self { options: self.options.retain(idle) }
            }

            /// Sets what the lock is: a socket, or a locked file. Defaults to [`Home::ByFileSystem`]. An abstract name is a socket in any
            /// case, and a lock that is a file is not retained.
            ///
            /// ```
            #[doc = concat!("use ", $name, "::{ErrorKind, Home, Slocket};")]
            /// # let folder = tempfile::tempdir()?;
            /// # let path = folder.path().join("build.lock");
            ///
            /// // Waiters in order, or an error: never the file lock of a network file system.
            /// match Slocket::builder(&path).home(Home::Socket).build() {
            ///     Ok(slocket) => drop(slocket),
            ///     Err(error) => assert_eq!(error.kind(), ErrorKind::UnsupportedFileSystem),
            /// }
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            pub fn home(self, home: Home) -> Self {
                Self { options: self.options.home(home) }
            }

            /// Checks the options, and resolves the folder of a path (following symbolic links). Touches nothing.
            ///
            /// # Errors
            /// `InvalidName`, `InvalidMode`, `ParentMissing`, `PermissionDenied` or `PathTooLong`; `UnsupportedFileSystem` if the
            /// lock is to be a socket, and the file system is not known to be local: see [`ErrorKind`].
            pub fn build(self) -> Result<Slocket, Error> {
                self.options.build().map(Slocket::from)
            }
        }
    };
}

/// Defines the ways to acquire an asynchronous adapter's `Slocket` and `Semaphore`, which wait in the way of a
/// [`Runtime`](crate::Runtime).
#[doc(hidden)]
#[macro_export]
macro_rules! asynchronous_adapter {
    ($runtime:ty) => {
        impl Slocket {
            /// Acquires the lock, waiting for its turn.
            ///
            /// Not reentrant: a task that acquires a lock that it holds waits for itself, a deadlock.
            ///
            /// # Cancel safety
            /// Cancel safe: a dropped future leaves the queue, and passes on a lock that was granted meanwhile.
            ///
            /// # Errors
            /// `Occupied`, `NotASlocket`, `Untrusted`, `Stale`, `PermissionDenied`, `ParentMissing`, or what else the system
            /// refused: see [`ErrorKind`]. The lock is not held then, and nothing is left behind.
            pub async fn acquire(&self) -> Result<Guard, Error> {
                $crate::asynchronous::Slocket::<$runtime>::acquire_of(&self.lock).await
            }

            /// Acquires the lock, waiting for its turn for `timeout` at most, measured on the monotonic clock. A lock that is
            /// free is acquired even with a time-out of zero.
            ///
            /// # Cancel safety
            /// Cancel safe, as [`acquire`](Self::acquire).
            ///
            /// # Errors
            /// [`ErrorKind::TimedOut`]: the error names the holder, or the processes that have shares, if they are known. And those of
            /// [`acquire`](Self::acquire).
            pub async fn acquire_timeout(&self, timeout: std::time::Duration) -> Result<Guard, Error> {
                self.handle().acquire_timeout(timeout).await
            }

            /// Acquires the lock, waiting for its turn until `deadline` at most. A lock that is free is acquired even after
            /// that.
            ///
            /// # Cancel safety
            /// Cancel safe, as [`acquire`](Self::acquire).
            ///
            /// # Errors
            /// Those of [`acquire_timeout`](Self::acquire_timeout).
            pub async fn acquire_until(&self, deadline: std::time::Instant) -> Result<Guard, Error> {
                self.handle().acquire_until(deadline).await
            }

            /// Acquires the lock, runs `body` while holding it, and releases it. Returns what the body returns.
            ///
            /// # Cancel safety
            /// Before the body runs as [`acquire`](Self::acquire). A future that is dropped later drops the body, and releases
            /// the lock.
            ///
            /// # Errors
            /// Those of [`acquire`](Self::acquire): the body has not run. Those of [`Guard::release`]: it has run, and after
            /// [`ErrorKind::LockLost`] another process may have been at what the lock protects.
            pub async fn with_lock<T, F: Future<Output = T>>(&self, body: impl FnOnce() -> F) -> Result<T, Error> {
                let guard = self.acquire().await?;
                let value = body().await;
                guard.release()?;
                Ok(value)
            }

            /// Acquires the lock if that is possible at once: without queueing, and without waiting.
            ///
            /// It also returns [`TryAcquireError::WouldBlock`] if another process is just passing through, such as one that
            /// repairs a crash. To wait for such a process, use [`acquire_timeout`](Self::acquire_timeout) with a short time.
            ///
            /// # Errors
            /// [`TryAcquireError::WouldBlock`] if the lock is held or shared; else [`TryAcquireError::Error`], with the errors of
            /// [`acquire`](Self::acquire).
            pub fn try_acquire(&self) -> Result<Guard, TryAcquireError> {
                self.lock.try_acquire_at_once()
            }

            /// Acquires the lock, blocking the thread until its turn comes: for threads that run no tasks. It needs no runtime.
            ///
            /// On a thread that runs tasks it can deadlock: if a task of that thread holds the lock, it never gets to release it.
            ///
            /// All other ways to block are those of `slocket_sync::Slocket`, into which this handle converts.
            ///
            /// # Errors
            /// Those of [`acquire`](Self::acquire).
            pub fn acquire_blocking(&self) -> Result<Guard, Error> {
                self.lock.acquire_blocking(None)
            }

            /// Acquires a shared lock, waiting for its turn. Many processes can have one at a time; meanwhile no process holds the
            /// lock.
            ///
            /// Processes that come later for a shared lock do not overtake a waiter for the lock itself. So a task that has a
            /// shared lock and waits for another one can wait for itself: a deadlock.
            ///
            /// # Cancel safety
            /// Cancel safe: a dropped future leaves the queue, and gives back a shared lock that it had taken meanwhile.
            ///
            /// # Errors
            /// Those of [`acquire`](Self::acquire); and [`ErrorKind::NoShares`]. After that error this process may have lent
            /// the lock to an npm client: call [`settle`] before the process ends.
            pub async fn acquire_shared(&self) -> Result<SharedGuard, Error> {
                self.handle().acquire_shared().await
            }

            /// Acquires a shared lock, waiting for its turn for `timeout` at most, measured on the monotonic clock.
            ///
            /// # Cancel safety
            /// Cancel safe, as [`acquire_shared`](Self::acquire_shared).
            ///
            /// # Errors
            /// [`ErrorKind::TimedOut`]; and those of [`acquire_shared`](Self::acquire_shared).
            pub async fn acquire_shared_timeout(&self, timeout: std::time::Duration) -> Result<SharedGuard, Error> {
                self.handle().acquire_shared_timeout(timeout).await
            }

            /// Acquires a shared lock, waiting for its turn until `deadline` at most.
            ///
            /// # Cancel safety
            /// Cancel safe, as [`acquire_shared`](Self::acquire_shared).
            ///
            /// # Errors
            /// Those of [`acquire_shared_timeout`](Self::acquire_shared_timeout).
            pub async fn acquire_shared_until(&self, deadline: std::time::Instant) -> Result<SharedGuard, Error> {
                self.handle().acquire_shared_until(deadline).await
            }

            /// Acquires a shared lock if that is possible at once, as [`try_acquire`](Self::try_acquire).
            ///
            /// # Errors
            /// [`TryAcquireError::WouldBlock`] if the lock is held, if a process waits for it, or if another is just passing
            /// through; else [`TryAcquireError::Error`], with the errors of [`acquire_shared`](Self::acquire_shared).
            pub fn try_acquire_shared(&self) -> Result<SharedGuard, TryAcquireError> {
                self.lock.try_acquire_shared_at_once()
            }

            fn handle(&self) -> $crate::asynchronous::Slocket<$runtime> {
                self.lock.clone().into()
            }
        }

        impl Semaphore {
            /// Acquires a permit, waiting for its turn.
            ///
            /// # Cancel safety
            /// Cancel safe: a dropped future leaves the queue, and gives back a slot that it had taken meanwhile.
            ///
            /// # Errors
            /// Those of [`Slocket::acquire_shared`].
            pub async fn acquire(&self) -> Result<Permit, Error> {
                self.handle().acquire().await
            }

            /// Acquires a permit, waiting for its turn for `timeout` at most, measured on the monotonic clock.
            ///
            /// # Cancel safety
            /// Cancel safe, as [`acquire`](Self::acquire).
            ///
            /// # Errors
            /// [`ErrorKind::TimedOut`]; and those of [`acquire`](Self::acquire).
            pub async fn acquire_timeout(&self, timeout: std::time::Duration) -> Result<Permit, Error> {
                self.handle().acquire_timeout(timeout).await
            }

            /// Acquires a permit, waiting for its turn until `deadline` at most.
            ///
            /// # Cancel safety
            /// Cancel safe, as [`acquire`](Self::acquire).
            ///
            /// # Errors
            /// Those of [`acquire_timeout`](Self::acquire_timeout).
            pub async fn acquire_until(&self, deadline: std::time::Instant) -> Result<Permit, Error> {
                self.handle().acquire_until(deadline).await
            }

            /// Acquires a permit if that is possible at once, as [`Slocket::try_acquire`].
            ///
            /// # Errors
            /// [`TryAcquireError::WouldBlock`] if all permits are out, if a process waits, or if another is just passing through;
            /// else [`TryAcquireError::Error`], with the errors of [`acquire`](Self::acquire).
            pub fn try_acquire(&self) -> Result<Permit, TryAcquireError> {
                self.semaphore.try_acquire_at_once()
            }

            /// Acquires a permit, blocking the thread until its turn comes: for threads that run no tasks. It needs no runtime.
            ///
            /// All other ways to block are those of `slocket_sync::Semaphore`, into which this handle converts.
            ///
            /// # Errors
            /// Those of [`acquire`](Self::acquire).
            pub fn acquire_blocking(&self) -> Result<Permit, Error> {
                self.semaphore.acquire_blocking(None)
            }

            fn handle(&self) -> $crate::asynchronous::Semaphore<$runtime> {
                self.semaphore.clone().into()
            }
        }
    };
}
