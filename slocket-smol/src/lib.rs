//! A cross-process lock for one Linux machine, with shared locks and semaphores, for smol and every other runtime on async-io.
//!
//! A lock is a path. The holder listens on a Unix socket at that path; waiters connect to it and sleep. Waiters are served in the order in
//! which they came, a killed holder releases the lock at once, and a released lock leaves nothing on disk.
//!
//! ```
//! use slocket_smol::Slocket;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # smol::block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("build.lock");
//!
//! let slocket = Slocket::new(&path)?;
//! let guard = slocket.acquire().await?; // waits in the queue: no thread, no polling
//! // ... no other process is here ...
//! guard.release()?; // or drop it
//! # assert!(!path.exists());
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Time-outs and tries
//!
//! ```
//! use std::time::Duration;
//!
//! use slocket_smol::{Slocket, TryAcquireError};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # smol::block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("build.lock");
//!
//! let slocket = Slocket::new(&path)?;
//! match slocket.try_acquire() {
//!     Ok(guard) => guard.release()?,
//!     Err(TryAcquireError::WouldBlock) => println!("another process holds it"),
//!     Err(error) => return Err(error.into()),
//! }
//! match slocket.acquire_timeout(Duration::from_secs(5)).await {
//!     Ok(guard) => guard.release()?,
//!     Err(error) if error.is_timed_out() => eprintln!("{error}"), // names the holder: pid 4711 (make)
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Readers and writers; at most N at once
//!
//! ```
//! use slocket_smol::{Semaphore, Slocket};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # smol::block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let (path, other) = (folder.path().join("cache.lock"), folder.path().join("gpus.lock"));
//!
//! let cache = Slocket::new(&path)?;
//! let shared = cache.acquire_shared().await?; // with other readers; a writer calls `acquire`
//! shared.release()?;
//!
//! let gpus = Semaphore::new(&other, 4)?;
//! let permit = gpus.acquire().await?; // waits while 4 processes have one
//! println!("on GPU {}", permit.index()); // from 0 to 3
//! permit.release()?;
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Which method
//!
//! | to | call |
//! |---|---|
//! | wait for the lock | [`acquire`](Slocket::acquire), [`acquire_timeout`](Slocket::acquire_timeout), [`acquire_until`](Slocket::acquire_until) |
//! | hold it while a future runs | [`with_lock`](Slocket::with_lock) |
//! | take it only if it is free | [`try_acquire`](Slocket::try_acquire) |
//! | share it with other readers | [`acquire_shared`](Slocket::acquire_shared), [`try_acquire_shared`](Slocket::try_acquire_shared) |
//! | let readers in without a gap | [`Guard::downgrade`] |
//! | run at most N at once | [`Semaphore::acquire`], [`Semaphore::try_acquire`] |
//! | see which process holds it | [`holder`](Slocket::holder), [`sharers`](Slocket::sharers) |
//! | let a command inherit it | [`Guard::pass_to`] |
//! | hand it to another program | [`Guard::into_fd`], [`Slocket::adopt`] |
//! | set the mode, or trust other users | [`Slocket::builder`], [`Builder`] |
//! | insist on a socket, or on a file | [`Builder::home`] |
//! | wait in blocking code of the same process | [`acquire_blocking`](Slocket::acquire_blocking) |
//!
//! # Behaviour
//!
//! * **Order.** First come, first served among the processes of one user, until a holder is killed or cannot pass the lock on: the next waiter is
//!   another user's, or no descriptor is available. Then the waiters race. Clones of one [`Slocket`] queue inside the process, with one
//!   connection to the outside for all of them. The lock passes from clone to clone only while no other process waits.
//! * **Crashes.** When a holder dies, for whatever reason, the next waiter acquires the lock at once. There is no lease, no heartbeat and no
//!   poisoning: the data that the lock protects may be half-written, as after any crash.
//! * **Cost.** A holder runs nothing for the lock: no thread, no system call. A waiter uses no processor time.
//! * **Not reentrant.** A task that acquires a lock that it already holds, or has a shared lock on, waits for itself: a deadlock.
//! * **Shared locks.** Many processes can have a [`SharedGuard`] at a time, and no process holds the lock meanwhile. Readers and writers stand in
//!   one queue: a reader that comes after a writer waits behind it, so no writer starves. There is no upgrade: see [`SharedGuard`].
//! * **Semaphores.** At most N processes have a [`Permit`] at a time. Each permit has a [number](Permit::index) that no other has. Each process
//!   chooses its own N.
//! * **Without a file.** [`Slocket::abstract_name`] names a lock that the kernel alone keeps, at less cost, for processes of one network
//!   namespace. It has no shared locks, no permits and no permissions.
//! * **Blocking code** of the same process can use the same lock: by [`Slocket::acquire_blocking`], or by a handle of `slocket-sync`. Handles
//!   convert from crate to crate, by `Slocket::from(&other)`, and share one queue.
//!
//! # Cancel safety
//!
//! All futures of this crate are cancel safe. A future can be dropped at any await point: by `select!`, a time-out, `abort`, or the shutdown of
//! the runtime. It leaves the queue, passes on a lock that was granted meanwhile, and leaves no descriptor and no file behind.
//!
//! A guard can be dropped anywhere, on any thread, inside or outside a runtime. The release is complete when `drop` returns, and never blocks.
//!
//! Poll a future, or drop it. A future that is neither polled nor dropped keeps its place (*futurelock*): when its turn comes, it holds the lock
//! without using it, and all waiters behind it wait.
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
//! | | this crate | [`std::fs::File::lock`][file-lock] | [`async_lock::Mutex`](https://docs.rs/async-lock/latest/async_lock/struct.Mutex.html), [`tokio::sync::Mutex`](https://docs.rs/tokio/latest/tokio/sync/struct.Mutex.html) |
//! |---|---|---|---|
//! | excludes | processes, threads and tasks of one machine | open files, so mostly processes | tasks and threads of one process |
//! | order of waiters | first come, first served | not promised | first come, first served |
//! | a waiter | no thread | blocks the thread | no thread |
//! | wait with a time-out | yes | no | by a timer that races it |
//! | its process is killed | the next waiter acquires it | released | gone with the process |
//! | shared locks | yes; readers do not pass a waiting writer | yes; readers can starve a writer | as `RwLock` |
//! | at most N at once | [`Semaphore`] | no | as `Semaphore` |
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
//! * **The reactor of async-io does not survive a fork**: its thread is missing in the child, and a mutex that this thread had locked stays
//!   locked, so an acquire in the child can hang. The child uses `slocket-sync`, or calls exec. It can drop its copy of a waiting future, which
//!   changes nothing for the parent. If the child polls it, the future ends with [`ErrorKind::Forked`].
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

#[cfg(unix)]
use std::io;
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::time::Instant;

#[cfg(unix)]
use async_io::Async;
use async_io::Timer;
#[cfg(unix)]
#[doc(inline)]
pub use slocket_os::Disowned;
use slocket_os::Runtime;
#[doc(inline)]
pub use slocket_os::{
    DowngradeError, Error, ErrorKind, Guard, Holder, Home, LockName, OccupiedPolicy, Permit, SharedGuard, Sharer,
    StalePolicy, Trust, TryAcquireError, Waiting, close_copies, depart, settle, settle_timeout,
};

slocket_os::adapter! {
    /// A lock that processes of this machine share by its path, or by an abstract name.
    ///
    /// Cheap to clone, `Send` and `Sync`. Nothing is held and nothing is on disk until it is acquired. Clones share one queue inside
    /// the process, and so do the handles of other adapters that were made from it (`From`).
    "slocket_smol"
}

slocket_os::asynchronous_adapter!(AsyncIo);

/// The reactor of async-io, as a [`Runtime`] of `slocket-os`: for code that is generic in the runtime.
#[derive(Debug)]
pub enum AsyncIo {}

impl Runtime for AsyncIo {
    #[cfg(unix)]
    async fn readable(descriptor: BorrowedFd<'_>) -> io::Result<()> {
        Async::new_nonblocking(descriptor)?.readable().await
    }

    async fn sleep_until(time: Instant) {
        Timer::at(time).await;
    }
}
