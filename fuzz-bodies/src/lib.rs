//! What the fuzz targets do with their bytes. A body takes any bytes, and panics if a promise is broken.
//!
//! | body | the bytes are | who decides |
//! |---|---|---|
//! | [`machine()`] | events for one machine of `slocket-core`, legal and not | `ledger`: what a faithful driver knows |
//! | [`world()`] | who takes part in a world of `model`, what may go wrong, and each step | the promises of `model` |
//! | [`received()`] | what a server does to a waiter of `slocket-os`: bytes, descriptors, ends | `ledger` of what was sent, and the kernel |
//!
//! The targets are in `fuzz`, and so is the corpus, which `cargo test` replays. `cargo xtask fuzz` looks for more.

mod machine;
mod received;
mod world;

pub use machine::machine;
pub use received::received;
pub use world::{walked, world};
