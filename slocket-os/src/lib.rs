//! The system calls of slocket: everything that the adapters share.
//!
//! `slocket-core` decides; this crate performs. A [`Session`] is one participant: it drives the core's machine, owns the
//! descriptors, and never blocks. An adapter only waits, in the way of its runtime, for what [`Session::wait`] names:
//!
//! ```no_run
//! # fn main() -> Result<(), slocket_os::Error> {
//! use slocket_os::{Builder, Lock, Outcome, Session};
//!
//! let lock: Lock = Builder::new("/run/backup/lock").build()?;
//! let mut session = Session::acquire(&lock, None);
//! let outcome = loop {
//!     match session.outcome() {
//!         Some(outcome) => break outcome?,
//!         None => {
//!             session.wait().block();
//!             session.wake();
//!         }
//!     }
//! };
//! if let Outcome::Acquired(guard) = outcome {
//!     guard.release()?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Applications use `slocket-sync` or one of the asynchronous adapters rather than this crate.

mod abstract_name;
mod address;
pub mod asynchronous;
mod at_once;
mod at_path;
mod background;
mod closing;
mod copies;
mod descriptor;
mod disowned;
mod error;
pub mod escape;
mod file_system;
mod flocks;
mod folder;
mod guard;
mod kernel;
mod lately;
mod local;
mod lock;
mod mark;
mod name;
mod participant;
mod peer;
mod process;
mod random;
mod reserve;
mod resolve;
mod session;
mod sys;
mod table;
mod timers;
mod trace;
mod wait;
mod waiting;
mod watch;
mod watcher;
mod weak_list;

pub use abstract_name::AbstractBuilder;
pub use background::{close_copies, depart, settle, settle_timeout};
pub use disowned::Disowned;
pub use error::{Error, ErrorKind};
pub use flocks::who_locks;
pub use guard::Guard;
pub use lock::{Builder, Lock, OccupiedPolicy, StalePolicy, Trust};
pub use mark::is_marked;
pub use name::LockName;
pub use peer::{Holder, is_ours};
pub use session::{Outcome, Session};
pub use wait::Wait;
pub use waiting::Waiting;
