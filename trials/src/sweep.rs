//! Sweeps over the system calls of a player: it is killed, held still, or its calls fail, at each of them in turn.
//!
//! A sweep plays a [scene] again and again, each time with the next call, until runs pass in which there was no
//! such call. So no point is forgotten, and none is counted that was not reached.

mod errors;
pub mod fail;
pub mod kill;
mod outcome;
pub mod pause;
mod points;
mod run;
pub mod scene;
mod tally;

pub use points::{BOUND, Choice};
pub use run::Sweep;
pub use scene::Role;
pub use tally::{Table, Tally};
