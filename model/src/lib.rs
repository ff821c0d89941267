//! A world for the core: the machines of `slocket-core` that ship, several of them, beside a model of the kernel and of
//! npm's slocket.
//!
//! | module | what it is |
//! |---|---|
//! | [`configuration`] | the participants ([`cast`]), and what may go wrong |
//! | [`explored`] | the configurations that are explored |
//! | [`bug`], [`planted`] | planted bugs: which, where, and which promise ([`broken`]) they break |
//! | [`mod@world`] | one state of everything |
//! | [`objects`], `kernel` | what the kernel keeps, and what the system calls do with it: the path, inodes, sockets, connections, the guard of the folder |
//! | [`process`], `death` | a process: what it has open; its death, descriptor by descriptor |
//! | [`player`] | the participant of a process, and where it stands |
//! | [`mind`] | the machine of the core that ships, kept once for all worlds in which it is met |
//! | `ledger`, `promises` | the holder and the waiters; what must never be seen |
//! | `perform` | one call of the core on that kernel, and its result |
//! | `filter`, `filter_shares`, `change` | what a planted bug does between the two |
//! | `participant`, `report`, `weight` | a crash-safe participant: the machine, and a driver that makes its calls, so many in one step |
//! | `retainer` | one that retains the lock, and its thread |
//! | `npm` | a participant of the npm package |
//! | `fork`, `caller`, `hostile`, `bystander` | all other participants |
//! | `steps`, [`label`] | all steps that can be taken from a state, and what they are called |
//! | `symmetry`, `hasher` | one state for all that differ in names only, and a quick hash |
//! | [`search`] | every state that can be reached, breadth first, with a trace to the first that breaks a promise |
//! | [`files`] | a world of its own, for the lock that is a locked file |
//! | [`mod@walk`], [`surroundings`] | one run at a time, through worlds too large to explore, and where it can take place |
//!
//! No procedure of a crash-safe participant is here: the core decides each call, and gets its result.
//!
//! A step is one system call of one process that others can see, or whose answer others can change. What else it does until the
//! next of them belongs to it ([`Configuration::every_call`] makes a step of each). A system call that the kernel makes in two parts which others can come between (bind: visible, then
//! registered; connect by path: resolve, then act) is two steps.

pub mod broken;
pub mod bug;
mod bystander;
mod caller;
pub mod cast;
mod change;
pub mod configuration;
mod death;
pub mod explored;
pub mod files;
mod filter;
mod filter_shares;
mod fork;
mod hasher;
mod hostile;
mod kernel;
pub mod label;
mod ledger;
pub mod list;
pub mod mind;
mod npm;
pub mod objects;
mod participant;
mod perform;
pub mod planted;
pub mod player;
pub mod process;
mod promises;
mod report;
mod retainer;
pub mod search;
mod steps;
pub mod surroundings;
mod symmetry;
pub mod walk;
mod weight;
pub mod world;

pub use broken::Broken;
pub use bug::Bug;
pub use cast::Cast;
pub use configuration::{Configuration, Probe, Umask};
pub use hasher::{BuildStateHasher, StateHasher};
pub use label::{Label, What};
pub use planted::{PLANTED, Planted};
pub use search::{Found, Names, explore, explore_under};
pub use surroundings::SURROUNDINGS;
pub use walk::{Walk, walk};
pub use world::World;
