//! The lock of one adapter, as code that blocks uses it: the same calls for each, so that a test is written once.
//!
//! The asynchronous adapters run each call on the one runtime that the process has of that kind. Whichever it is, a caller
//! sleeps only when its request waits: the request has gone as far as it can by then, into the queue or to the watch.

mod held;
mod runtimes;
mod slocket;

pub use slocket_os::{
    Error, ErrorKind, Guard, Holder, Home, LockName, OccupiedPolicy, StalePolicy, Trust, TryAcquireError, Waiting,
    settle,
};

pub use held::{Held, Kind, Patience, Waits};
pub use runtimes::warm_up;
pub use slocket::{Builder, IN_FILE, Slocket, failed_as, in_file, is_untrusted, open, options};
