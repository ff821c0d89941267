//! What the processes of the demo did.

use super::actor::Actor;

/// What happened, from the first turn to the last. Times are nanoseconds of `CLOCK_MONOTONIC`.
pub(crate) struct Play {
    pub(crate) actors: Vec<Actor>,
    /// How many turns each was to take.
    pub(crate) turns: usize,
    pub(crate) began: u64,
    pub(crate) ended: u64,
}
