//! What must be true after each run of a sweep.

use super::scene;
use crate::adapter::Adapter;
use crate::place::Place;
use crate::player::Player;
use crate::witness::shares;

/// Fails unless both witnesses saw one holder at a time, and none beside a share. (A process that was killed while it held has raised the counter, or not.)
///
/// # Panics
/// If they did not.
pub(super) fn assert_one_holder(place: &Place) {
    let report = place.report();
    assert_eq!(report.overlaps, [], "two held the lock at a time");
    let shares = shares::check(place.notes());
    assert_eq!(shares::conflicts(&report.intervals, &shares), [""; 0], "the lock beside a share, or a slot twice");
    let (ended, all) = (report.intervals.iter().filter(|hold| hold.end.is_some()).count(), report.intervals.len());
    let count = usize::try_from(place.count()).expect("small");
    assert!((ended..=all).contains(&count), "{all} holds, {ended} of them ended, and the counter says {count}");
}

/// Fails unless the folder is clean, except dead temporary names that go with the next reclaim, or the next publication
/// aside. Whether there were such names.
///
/// # Panics
/// If anything else is left.
pub(super) fn assert_clean(place: &Place, by_reclaim: bool) -> bool {
    let left = place.leftovers();
    let is_temporary = |name: &String| name.starts_with(".slocket-");
    assert!(left.iter().all(is_temporary), "left in the lock's folder: {left:?}");
    if left.is_empty() {
        return false;
    }
    let mut next = Player::start(Adapter::Sync, &place.lock());
    if by_reclaim {
        let mut dead = Player::start(Adapter::Sync, &place.lock());
        dead.acquire();
        dead.kill();
        next.acquire();
        next.release();
    } else {
        let stranger = scene::guard(place.folder());
        next.acquire();
        next.release();
        drop(stranger);
    }
    next.quit();
    assert_eq!(
        place.leftovers(),
        [""; 0],
        "left after the next {}",
        if by_reclaim { "reclaim" } else { "publication" }
    );
    true
}
