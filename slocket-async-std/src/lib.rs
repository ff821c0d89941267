//! A cross-process mutex for one machine, for async-std.
//!
//! ```
//! use slocket_async_std::Slocket;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # async_std::task::block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("build.lock");
//!
//! let slocket = Slocket::new(&path)?;
//! let guard = slocket.acquire().await?; // waits its turn: no thread, no polling
//! // ... no other process is here ...
//! guard.release()?; // or drop it
//! # assert!(!path.exists());
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! async-std is discontinued and points its users to smol. Its reactor is async-io, as smol's, so one implementation serves
//! both: all of this is [`slocket_smol`], where every guarantee is stated. This crate is what users of async-std depend
//! on; it brings no copy of async-std with it.
//!
//! This reactor does not survive a **fork** without exec, so an acquire in the child can hang. A child uses the blocking adapter,
//! `slocket-sync`, or calls exec.

pub use slocket_smol::{
    AbstractBuilder, Builder, Disowned, Error, ErrorKind, Guard, Holder, LockName, OccupiedPolicy, Slocket,
    StalePolicy, Trust, Waiting, close_copies, depart, settle, settle_timeout,
};
