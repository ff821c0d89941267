//! A cross-process mutex for one machine, with shared locks and semaphores, for smol and every other runtime whose reactor is async-io.
//!
//! ```
//! use slocket_smol::Slocket;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # smol::block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("build.lock");
//!
//! let slocket = Slocket::new(&path)?;
//! let guard = slocket.acquire().await?; // waits its turn: no thread, no polling
//! // ... no other process is here ...
//! guard.release()?; // or drop it
//! # assert!(!path.exists());
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! * **Cancellation.** Every future here may be dropped at any await point, by `select!`, a time-out, `abort` or a runtime
//!   that shuts down: it leaves the queue, passes on a lock that was granted meanwhile, and leaves no descriptor and no
//!   file behind. A guard may be dropped anywhere, on any thread, inside or outside a runtime: the release is complete
//!   when `drop` returns, and never blocks.
//! * **Futurelock.** A future that is not polled, but not dropped either, keeps its place: when its turn comes, it holds
//!   the lock for nobody, and all waiters behind it wait. Poll it, or drop it.
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
//! * **Fork** without exec: the lock belongs to the process that acquired it. A forked child has no part in it: nothing that
//!   the child does or drops releases it, and the child acquires the lock as any other process does. The parent's release is
//!   complete; but an abstract name is free only when the last copy of the listener is closed, if no process waited. If the
//!   parent is *killed*, or a later holder of the same listener, the lock is free when the last copy is closed, at a path, too:
//!   a child closes its copies when it first uses any lock, or by [`close_copies`]. Exec closes all of them.
//!   [`Guard::disown`] is for a daemon that forks itself and takes its lock along.
//!
//!   The reactor of async-io does not survive a fork: its thread is missing in the child, and a mutex that this thread had
//!   locked stays locked, so an acquire in the child can hang. A child uses the blocking adapter, `slocket-sync`, or calls exec.
//!   It may drop its copy of a future that waits, which changes nothing for the parent; polled there, the future ends with
//!   [`ErrorKind::Forked`].
//! * **Passing it on.** What this process starts does not inherit the lock. [`Guard::pass_to`] lets one command keep it, so that it
//!   stays held if this process is killed; [`Guard::into_fd`] and [`Slocket::adopt`] hand it over to another program.
//! * **Without a file**, if you like: [`Slocket::abstract_name`] names a lock that the kernel alone keeps, at less cost, for
//!   processes of one network namespace.
//! * **Interoperates** with the npm package `slocket`. Its clients can only be *lent* the lock, which this process must
//!   outlive: see [`settle`].
//! * **Blocking code** of the same process uses the same lock: [`Slocket::acquire_blocking`], or a handle of `slocket-sync`, into
//!   which one of this crate converts, and back (`Slocket::from(&other)`). They share one queue.
//! * **Not reentrant**: a task that acquires a lock which it holds, or has a shared lock of, waits for itself, a deadlock.
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

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use async_io::{Async, Timer};
use slocket_os::Runtime;
#[doc(inline)]
pub use slocket_os::{
    Disowned, DowngradeError, Error, ErrorKind, Guard, Holder, LockName, OccupiedPolicy, Permit, SharedGuard, Sharer,
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
    async fn readable(descriptor: BorrowedFd<'_>) -> io::Result<()> {
        Async::new_nonblocking(descriptor)?.readable().await
    }

    async fn sleep_until(time: Instant) {
        Timer::at(time).await;
    }
}
