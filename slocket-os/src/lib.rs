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
//! [environment]: https://github.com/slocket/slocket/blob/main/docs/environment.md
//! [troubleshooting]: https://github.com/slocket/slocket/blob/main/docs/troubleshooting.md
//! [file-lock]: https://doc.rust-lang.org/std/fs/struct.File.html#method.lock

mod abstract_name;
mod acquire;
mod adapter;
mod address;
pub mod asynchronous;
mod at_once;
mod at_path;
mod background;
mod blocking;
mod bound;
mod builder;
mod cancel;
mod closing;
mod copies;
mod deadlock;
mod descriptor;
mod disowned;
mod downgrade;
mod error;
pub mod escape;
mod file_participant;
mod file_system;
mod flocks;
mod folder;
mod folder_guard;
mod grant;
mod guard;
mod held_share;
mod inspect;
mod keeper;
mod kept;
mod kernel;
mod lately;
mod local;
mod lock;
mod look;
mod making;
mod mark;
mod name;
mod participant;
mod pass;
mod peer;
mod perform;
mod policy;
mod process;
mod random;
mod record;
mod request;
mod reserve;
mod resolve;
mod retain;
mod retention;
mod runtime;
mod semaphore;
mod session;
mod settle;
mod shared_guard;
mod sharer;
mod sharers;
mod site;
mod socket_participant;
mod sync;
mod sys;
mod table;
mod timers;
mod trace;
mod wait;
mod waiting;
mod want;
mod watch;
mod watcher;
mod weak_list;

pub use background::{close_copies, depart};
pub use builder::Builder;
pub use cancel::Canceller;
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
