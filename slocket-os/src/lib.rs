//! The system calls of slocket: everything that the adapters share.
//!
//! Applications use `slocket-sync`, or one of the asynchronous adapters `slocket-tokio`, `slocket-smol` and `slocket-async-std`. This crate is
//! for authors of an adapter to another runtime. `slocket-core` decides every call; this crate makes it.
//!
//! * [`Runtime`] is what an asynchronous runtime must supply: wait until a descriptor is readable, and sleep. Implementing it takes about 30
//!   lines; the macros `adapter!` and `asynchronous_adapter!` then define the types that users see.
//! * [`Session`] is one request for a lock, a shared lock or a permit, for a program with its own event loop. It drives the state machine
//!   of `slocket-core`, owns the descriptors, and never blocks.
//!
//! ```no_run
//! use slocket_os::{Builder, Error, Guard, Lock, Outcome, Session};
//!
//! fn acquire(lock: &Lock) -> Result<Guard, Error> {
//!     let mut session = Session::acquire(lock, None);
//!     loop {
//!         match session.outcome() {
//!             Some(Ok(Outcome::Acquired(guard))) => return Ok(guard),
//!             Some(Ok(Outcome::WouldBlock)) => unreachable!("this is not a try"),
//!             Some(Err(error)) => return Err(error),
//!             None => {
//!                 session.block(); // until the lock, a time, or the turn of this handle among its clones comes
//!                 session.wake();
//!             }
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Error> {
//! let lock = Builder::new("/run/backup/lock").build()?;
//! acquire(&lock)?.release()
//! # }
//! ```
//!
//! # Cancel safety
//!
//! A [`Session`], and each future of [`asynchronous`], can be dropped at any time. It leaves the queue, and passes on a lock that was
//! granted meanwhile. A [`Guard`] can be dropped on any thread: the release is complete when `drop` returns.
//!
//! # Errors
//!
//! [`Error::kind`] says what happened, as an [`ErrorKind`]; the text names the lock and says what to do.
//! [docs/troubleshooting.md][troubleshooting] explains every message.
//!
//! # Comparison
//!
//! [`std::fs::File::lock`][file-lock] is flock(2): it has no queue and no time-out, blocks a thread, and works on all systems. A mutex such as
//! `tokio::sync::Mutex` excludes the tasks of one process only. slocket excludes processes, in the order in which they came.
//!
//! # Features
//!
//! `tracing` emits [`tracing`](https://docs.rs/tracing) events in the words of the protocol, in a span for each request. Off by default.
//!
//! # Platform support
//!
//! Linux, on all of its architectures. Tested on x86-64 with Linux 5.10, 6.1 and later, and in gVisor. [docs/environment.md][environment] lists
//! file systems, users, namespaces and limits. Rust 1.88 or later.
//!
//! The crate compiles for macOS, the BSDs, illumos, Android and Windows, too. There each lock is a locked file:
//! [docs/platforms.md][platforms] says what was tried.
//!
//! [environment]: https://github.com/slocket/slocket/blob/main/docs/environment.md
//! [platforms]: https://github.com/slocket/slocket/blob/main/docs/platforms.md
//! [troubleshooting]: https://github.com/slocket/slocket/blob/main/docs/troubleshooting.md
//! [file-lock]: https://doc.rust-lang.org/std/fs/struct.File.html#method.lock

#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "what only a lock needs that is a socket; on Linux, dead code is found")
)]
#![allow(clippy::wildcard_imports, reason = "the modules of this system, whichever they are, have the same names")]

#[cfg(not(any(unix, windows)))]
compile_error!("slocket-os needs processes and file locks: it is for Unix and Windows");

mod acquire;
mod adapter;
pub mod asynchronous;
mod builder;
mod cancel;
mod deadlock;
mod downgrade;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod error;
pub mod escape;
mod file_participant;
mod grant;
mod guard;
mod held_share;
mod inspect;
mod kept;
mod lately;
#[cfg(target_os = "linux")]
mod linux;
mod local;
mod lock;
mod look;
mod name;
mod participant;
mod peer;
mod policy;
mod pool;
mod process;
mod record;
mod request;
mod retain;
mod runtime;
mod semaphore;
mod session;
mod settle;
mod shared_guard;
mod sharer;
mod site;
mod sync;
mod sys;
mod timers;
mod trace;
#[cfg(unix)]
mod unix;
mod waiting;
mod want;
mod watch;
mod watcher;
mod weak_list;

// What is named without its folder, everywhere in this crate, is this system's.
#[cfg(not(target_os = "linux"))]
use elsewhere::*;
#[cfg(target_os = "linux")]
use linux::*;
#[cfg(unix)]
use unix::*;

pub use background::{close_copies, depart};
pub use builder::Builder;
pub use cancel::Canceller;
#[cfg(unix)]
pub use disowned::Disowned;
pub use downgrade::DowngradeError;
pub use error::{Error, ErrorKind, TryAcquireError};
pub use flocks::who_locks;
pub use grant::Grant;
pub use guard::Guard;
pub use inspect::inspect;
pub use lock::Lock;
pub use mark::is_marked;
pub use name::LockName;
pub use peer::{Holder, is_ours};
pub use policy::{Home, OccupiedPolicy, StalePolicy, Trust};
pub use record::is_lock_file;
pub use request::Request;
pub use runtime::Runtime;
pub use semaphore::{Permit, Semaphore};
pub use session::{Outcome, Session};
pub use settle::{settle, settle_timeout};
pub use shared_guard::SharedGuard;
pub use sharer::Sharer;
pub use slocket_core::Inspected;
pub use wait::Wait;
pub use waiting::Waiting;
pub use watch::Watch;
