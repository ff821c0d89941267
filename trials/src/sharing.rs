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
//! | `claims.rs` | what must be true about it |

mod claims;
mod member;
mod report;
mod storm;
pub mod witness;

use std::time::Duration;

use crate::{Random, alone};

pub use claims::claims;
pub use report::{Hold, Report, check};

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How often at the least something is to be acquired.
    pub acquisitions: u64,
    /// Which choices are made: the same for the same seed (but not when they strike).
    pub seed: u64,
    /// How many slots there are. (Now and then a process thinks that it is one more, or one less.)
    pub slots: usize,
    /// The lock is a locked file.
    pub in_file: bool,
}

/// What has happened.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// What the witnesses saw.
    pub report: Report,
    /// How long it took.
    pub raged: Duration,
    /// How many players, tools and commands of tools were killed.
    pub killed: u64,
    /// Tools that were killed while their command held on.
    pub orphans: u64,
    /// How often a process was made to stand still for a while.
    pub stops: u64,
    /// Requests that ended without anything: the time was over, the future was dropped, it would have had to queue.
    pub in_vain: [u64; 3],
    /// How often all came to rest, and nothing was left on disk.
    pub lulls: u64,
    /// The longest wait of a player, in nanoseconds.
    pub longest_wait: u64,
    /// What must not happen at all.
    pub violations: Vec<String>,
}

/// Runs the storm.
///
/// # Panics
/// If the processes cannot be started, or break the rules of the players.
#[must_use]
pub fn run(plan: &Plan) -> Figures {
    let _alone = alone();
    storm::rage(plan, Random::new(plan.seed))
}
