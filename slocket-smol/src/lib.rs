//! A cross-process mutex for one machine, for smol and every other runtime whose reactor is async-io.
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
//!   the lock for nobody, and everybody behind it waits. Poll it, or drop it.
//! * **Order.** First come, first served among the processes of one user, until a holder is killed or cannot pass the
//!   lock on: the next in line is another user's, or no descriptor is to be had. Then those who waited race. Clones of
//!   one [`Slocket`] queue inside the process, with one connection to the outside for all of them, and the lock is passed
//!   on inside only while nobody outside waits.
//! * **A holder that dies**, however it dies, releases the lock; the next waiter has it at once. There is no lease, no
//!   heartbeat, and no poisoning: what the lock protects may be half-written, as after any crash.
//! * **Fork** without exec: the lock belongs to the process that acquired it. A forked child has no part in it: nothing that
//!   the child does or drops releases it, and the child acquires the lock as any other process does. The parent's release is
//!   complete; but an abstract name is free only when the last copy of the listener is closed, if nobody waited. If the parent
//!   is *killed*, or a later holder of the same listener, the lock is free when the last copy is closed, at a path, too: a
//!   child closes its copies when it first uses any lock, or by [`close_copies`]. Exec closes all of them.
//!   [`Guard::disown`] is for a daemon that forks itself and takes its lock along.
//!
//!   The reactor of async-io does not survive a fork: its thread is missing in the child, and a mutex that this thread had
//!   locked stays locked, so an acquire in the child can hang. A child uses the blocking adapter, `slocket-sync`, or calls exec.
//!   It may drop its copy of a future that waits, which changes nothing for the parent; polled there, the future ends with
//!   [`ErrorKind::Forked`].
//! * **Without a file**, if you like: [`Slocket::abstract_name`] names a lock that the kernel alone keeps, at less cost, for
//!   processes of one network namespace.
//! * **Interoperates** with the npm package `slocket`. Its clients can only be *lent* the lock, which this process must
//!   outlive: see [`settle`].

use std::future::pending;
use std::time::Duration;

use async_io::{Async, Timer};
use futures_lite::future::or;
use slocket_os::asynchronous::{Runtime, turn};
pub use slocket_os::{
    Disowned, Error, ErrorKind, Guard, Holder, LockName, OccupiedPolicy, StalePolicy, Trust, Waiting, close_copies,
    depart, settle, settle_timeout,
};

/// A lock that processes of this machine share by its path.
pub type Slocket = slocket_os::asynchronous::Slocket<AsyncIo>;

/// Options for a [`Slocket`].
pub type Builder = slocket_os::Builder<Slocket>;

/// Options for a [`Slocket`] at an abstract name.
pub type AbstractBuilder = slocket_os::AbstractBuilder<Slocket>;

/// How often a descriptor is looked at that the reactor does not take.
const RECHECK: Duration = Duration::from_millis(10);

/// Waits with the reactor of async-io.
#[derive(Debug)]
pub enum AsyncIo {}

impl Runtime for AsyncIo {
    async fn wait(session: &mut slocket_os::Session) {
        let until = session.wait().time();
        let timer = async {
            match until {
                Some(until) => drop(Timer::at(until).await),
                None => pending().await,
            }
        };
        or(ready(session), timer).await;
    }
}

/// Waits for the turn inside the process, or for the session's descriptor.
async fn ready(session: &mut slocket_os::Session) {
    if session.is_inside() {
        return turn(session).await;
    }
    let Some(descriptor) = session.wait().descriptor else { return pending().await };
    match Async::new_nonblocking(descriptor) {
        Ok(readiness) => drop(readiness.readable().await),
        // The reactor takes no more descriptors (`max_user_watches` of epoll(7)): look again before long.
        Err(_) => drop(Timer::after(RECHECK).await),
    }
}
