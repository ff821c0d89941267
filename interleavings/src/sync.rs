//! What the threads synchronise by: loom's.

pub(crate) use loom::sync::{Mutex, MutexGuard};
