//! What can go wrong when one looks whether a lock is free.

use std::io;

use slocket_sync::Error;

pub(crate) enum Trouble {
    /// It can never be a lock.
    Foreign,
    Io(io::Error),
    Lock(Error),
}
