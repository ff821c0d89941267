//! The points of a sweep.

use std::time::Duration;

use super::scene::{Nobody, Role, Scene};
use crate::adapter::Adapter;
use crate::patience::{PATIENCE, watch_for};
use crate::random::Random;
use crate::stepper::{Call, Deed, Side, Stop};

/// How long anything may take that must come by itself, for a process that is not slowed down. Generous: the machine may
/// be busy.
pub const BOUND: Duration = Duration::from_secs(10);

/// Which points are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// All.
    Whole,
    /// This many points, chosen at random.
    Some(usize),
}

impl Choice {
    /// Whether so many points that were not reached, one after the other, are the end. (Threads make a call more or less
    /// from run to run.)
    pub(super) fn is_over(self, missed: usize) -> bool {
        self == Self::Whole && missed >= 8
    }
}

/// All points, one after the other: both sides of each call.
pub(super) fn points(deed: Deed) -> impl Iterator<Item = Stop> {
    (0..).flat_map(move |at| Side::BOTH.map(|side| Stop { at, side, deed }))
}

/// More points than there are.
pub(super) const NO_END: usize = 2000;

/// The points to be tried: of a sample, those of a victim that is left alone.
pub(super) fn chosen(adapter: Adapter, role: Role, deed: Deed, choice: Choice, random: &mut Random) -> Vec<Stop> {
    match choice {
        Choice::Whole => points(deed).take(NO_END).collect(),
        Choice::Some(number) => {
            let all: Vec<_> = points(deed).take(2 * calls(adapter, role, false).len()).collect();
            random.sample(&all, number)
        }
    }
}

/// The calls that a victim makes which is left alone.
pub(super) fn calls(adapter: Adapter, role: Role, warm: bool) -> Vec<Call> {
    let mut scene = Scene::set(adapter, role, warm);
    scene.step(&[], PATIENCE);
    scene.play(&mut Nobody);
    let calls = scene.unstep().calls.clone();
    scene.clear();
    calls
}

/// Waits, for [`BOUND`] at most, and fails with what was waited for.
#[track_caller]
pub(super) fn within_bound<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let start = std::time::Instant::now();
    watch_for(what, || {
        assert!(start.elapsed() < BOUND, "{what}: not within {BOUND:?}");
        seen()
    })
}
