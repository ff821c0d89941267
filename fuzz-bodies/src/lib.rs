//! What the fuzz targets do with their bytes. A body takes any bytes, and panics if a promise is broken.
//!
//! | body | the bytes are | what decides |
//! |---|---|---|
//! | [`world()`] | the participants in a world of `model`, what may go wrong, and each step | the promises of `model` |
//! | [`files()`] | the same where the lock is a locked file | the promises of `model::files` |
//! | [`clients()`] | what clients do to a holder of `slocket-os`: they come with badges and without, send, end, are strangers, while the lock is passed on | a ledger of the queue, and the kernel |
//! | [`untrusted()`] | what a server of another user sends to a waiter of `slocket-os` | the kernel: what was read, and which user's name a listener carries |
//! | [`received()`] | what a server does to a waiter of `slocket-os`: bytes, descriptors, ends | a ledger of what was sent, and the kernel |
//!
//! The targets are in `fuzz`, and so is the corpus, which `cargo test` replays. `cargo xtask fuzz` looks for more.

mod clients;
mod descriptor;
mod files;
mod home;
mod left;
mod received;
mod untrusted;
mod user;
mod world;

pub use clients::clients;
pub use files::{files, walked_files};
pub use received::received;
pub use untrusted::untrusted;
pub use user::can_be_another_user;
pub use world::{walked, world};
