//! Every interleaving of the threads that share a lock inside one process.
//!
//! What is explored is what ships: the queue inside the process and the word of a retained lock are the very files of `slocket-os`,
//! compiled with the mutex of [loom](https://docs.rs/loom). Loom runs a body again and again, with its threads in every order that makes a
//! difference. Beside it there is what they need: a process that is never forked, and a participant that notes that two threads use it
//! at a time.

// (The unit tests of what is compiled here run in `slocket-os`.)
#![cfg(not(test))]
#![allow(dead_code, unreachable_pub, missing_debug_implementations, reason = "they are modules of another crate")]

#[path = "../../slocket-os/src/kept.rs"]
mod kept;
#[path = "../../slocket-os/src/local.rs"]
mod local;
#[path = "../../slocket-os/src/want.rs"]
mod want;

mod participant;
mod pool;
mod process;
mod scene;
mod sync;

pub use scene::{Scene, User, explore};
