//! What is to be done in a storm of shares, and what has happened.

use std::time::Duration;

use super::report::Report;

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
