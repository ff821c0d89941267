//! The storm of shares: processes of every runtime and of the tool want one lock, and shared locks and slots at the same path. They are
//! killed, stopped, cancelled and out of time at any instant; and what the two witnesses saw.
//!
//! At first no process is killed: then nothing may be left on disk whenever all have come to rest. Later, what a killed process left goes
//! with the next use.
//!
//! | file | what is in it |
//! |---|---|
//! | `witness.rs`, `report.rs` | the two witnesses, and what they saw |
//! | `member.rs` | a player of the storm |
//! | `storm.rs` | all of them on one lock, and what is done to them |
//! | `plan.rs` | what is to be done, and what has happened |
//! | `claims.rs` | what must be true about it |

mod claims;
mod member;
mod plan;
pub(crate) mod report;
mod storm;
pub mod witness;

use crate::alone::alone;
use crate::random::Random;

pub use claims::claims;
pub use plan::{Figures, Plan};
pub use report::{Hold, Report, check};

/// Runs the storm.
///
/// # Panics
/// If the processes cannot be started, or break the rules of the players.
#[must_use]
pub fn run(plan: &Plan) -> Figures {
    let _alone = alone();
    storm::rage(plan, Random::new(plan.seed))
}
