//! What threads of one process synchronise by. `interleavings` compiles the queue inside the process with another of these, and explores
//! it.

pub(crate) use std::sync::{Mutex, MutexGuard};
