//! A world for the core: the machines of `slocket-core` that ship, several of them, beside a model of the kernel and of
//! npm's slocket.
//!
//! | module | what it is |
//! |---|---|
//! | [`kernel`] | what the system calls do: the path, inodes, sockets, connections, the guard of the folder |
//! | [`process`] | a process: what it has open, who plays in it, its death, descriptor by descriptor |
//! | `participant` | a crash-safe participant: the core's machine, and a driver that performs its actions one system call at a time |
//! | `publish`, `reclaim`, `connection`, `listener`, `abstract_name` | those system calls, in the order in which `slocket-os` makes them (the files have the same names there) |
//! | `npm` | a participant of the npm package |
//! | [`mod@world`] | all of it together: one step, and what must never be seen |
//! | [`bug`] | planted bugs: variants of the protocol that must be caught |
//! | `symmetry` | one state for all that differ in names only |
//! | [`search`] | every state that can be reached, breadth first, with a trace to the first that breaks a promise |
//! | [`mod@walk`] | one run at a time, through worlds too large to explore |
//! | [`configuration`] | who takes part, and what may go wrong |
//!
//! A step is one system call of one process. What a process does between two of its system calls nobody sees, so it belongs to
//! the first. A system call that the kernel makes in two parts which others can come between (bind: visible, then
//! registered; connect by path: resolve, then act) is two steps.

pub mod abstract_name;
pub mod bug;
pub mod configuration;
mod connection;
pub mod fork;
mod hostile;
pub mod kernel;
mod listener;
mod npm;
mod participant;
pub mod process;
mod publish;
mod reclaim;
pub mod search;
mod symmetry;
pub mod walk;
pub mod world;

pub use bug::{Bug, PLANTED, Planted};
pub use configuration::{Cast, Configuration, Probe};
pub use search::{Found, Names, explore, explore_under};
pub use walk::{Walk, walk};
pub use world::{Broken, Label, World};
