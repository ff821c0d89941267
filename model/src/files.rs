//! A world for [`slocket_core::file_lock`]: the lock that is a locked file, explored as the sockets are.
//!
//! | module | what it is |
//! |---|---|
//! | [`configuration`] | which processes take part, what each wants, and what may go wrong |
//! | [`explored`] | the configurations that are explored |
//! | [`bug`], [`planted`] | planted bugs: which, where, and which promise they break |
//! | [`mod@world`] | one state of everything |
//! | `kernel` | what the system calls do: names, files, flock, the watch |
//! | `mind` | the machine of the core that ships, kept once for all worlds in which it is met |
//! | `filter` | what a planted bug does between the two |
//! | `driver` | a process: its script, its machine, and what it is told |
//! | `steps` | all steps that can be taken from a state |
//! | [`search`] | every state that can be reached, breadth first, with a trace to the first that breaks a promise |
//! | `walk` | one run at a time, through worlds too large to explore |
//!
//! No procedure of a participant is here: the core decides each call, and gets its result. A step is one call; calls that no other process can
//! tell (what is this file?) belong to the step before.

pub mod bug;
pub mod configuration;
mod driver;
pub mod explored;
mod filter;
mod kernel;
mod mind;
pub mod planted;
pub mod search;
mod steps;
mod walk;
pub mod world;

pub use bug::Bug;
pub use configuration::{Act, Configuration, Fork, Kind, Script};
pub use planted::{PLANTED, Planted};
pub use search::{Found, explore};
pub use walk::{Walk, walk};
pub use world::World;
