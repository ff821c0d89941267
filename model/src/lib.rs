//! A world for the core: the machines of `slocket-core` that ship, several of them, beside a model of the kernel and of
//! npm's slocket.
//!
//! | module | what it is |
//! |---|---|
//! | [`kernel`] | what the system calls do: the path, inodes, sockets, connections, the guard of the folder |
//! | `perform` | one call of the core on that kernel, and its result |
//! | [`process`] | a process: what it has open, who plays in it, its death, descriptor by descriptor |
//! | [`mind`] | the machine of the core that ships, kept once for all worlds in which it is met |
//! | `participant` | a crash-safe participant: the machine, and a driver that makes its calls one step at a time |
//! | `filter`, `filter_shares` | what a planted bug does between the two |
//! | `npm` | a participant of the npm package |
//! | [`mod@world`] | all of it together: one step, and what must never be seen |
//! | [`bug`], [`planted`] | planted bugs: which, where, and what they break |
//! | `symmetry` | one state for all that differ in names only |
//! | [`search`] | every state that can be reached, breadth first, with a trace to the first that breaks a promise |
//! | [`mod@walk`] | one run at a time, through worlds too large to explore |
//! | [`configuration`] | who takes part ([`cast`]), and what may go wrong |
//! | [`explored`] | the configurations that are explored |
//!
//! No procedure of a crash-safe participant is here: the core decides each call, and gets its result.
//!
//! A step is one system call of one process that others can see, or whose answer others can change. What else it does until the
//! next of them belongs to it ([`Configuration::every_call`] makes a step of each). A system call that the kernel makes in two parts which others can come between (bind: visible, then
//! registered; connect by path: resolve, then act) is two steps.

pub mod broken;
pub mod bug;
pub mod caller;
pub mod cast;
pub mod configuration;
pub mod explored;
mod filter;
mod filter_shares;
pub mod fork;
mod hostile;
pub mod kernel;
pub mod mind;
mod npm;
pub mod participant;
mod perform;
pub mod planted;
pub mod process;
pub mod search;
mod symmetry;
pub mod walk;
pub mod world;

pub use broken::Broken;
pub use bug::Bug;
pub use cast::Cast;
pub use configuration::{Configuration, Probe, Umask};
pub use planted::{PLANTED, Planted};
pub use search::{Found, Names, explore, explore_under};
pub use walk::{Walk, walk};
pub use world::{Label, What, World};
