//! The watch of a waiter at a lock file: that of the watcher.

pub(crate) use crate::watch::Watch as FileWatch;
