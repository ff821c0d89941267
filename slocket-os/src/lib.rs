//! The system calls of slocket: everything that the adapters share.
//!
//! `slocket-core` decides; this crate performs. Applications use `slocket-sync` or one of the asynchronous adapters. This crate is
//! for an adapter to a further runtime:
//!
//! * [`Runtime`] is what an asynchronous runtime must be able to do; implementing it takes about 30 lines.
//! * [`Session`] is one request, for a lock, a shared lock or a permit, for whoever has a loop of their own. It drives the core's
//!   machine, owns the descriptors, and never blocks:
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
mod file_system;
mod flocks;
mod folder;
mod folder_guard;
mod grant;
mod guard;
mod held_share;
mod inspect;
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
mod request;
mod reserve;
mod resolve;
mod runtime;
mod semaphore;
mod session;
mod shared_guard;
mod sharer;
mod sharers;
mod site;
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

pub use background::{close_copies, depart, settle, settle_timeout};
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
pub use policy::{OccupiedPolicy, StalePolicy, Trust};
pub use request::Request;
pub use runtime::Runtime;
pub use semaphore::{Permit, Semaphore};
pub use session::{Outcome, Session};
pub use shared_guard::SharedGuard;
pub use sharer::Sharer;
pub use slocket_core::Inspected;
pub use wait::Wait;
pub use waiting::Waiting;
pub use watch::Watch;
