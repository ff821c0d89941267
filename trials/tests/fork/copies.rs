//! A child that does nothing: its copies keep nothing open that its parent is done with.

use std::fs;

use trials::{Adapter, Fork, Place, Player, alone};

/// How often a program with a busy thread forks: some of it while the folder is guarded.
const FORKS: usize = 25;

/// Forked at any instant, a child has a copy of the guard on the folder, too. The guard is the owner's to drop.
#[test]
fn the_guard_of_the_folder_ends_with_its_owner() {
    let _alone = alone();
    let place = Place::new();
    let mut parent = Player::start(Adapter::under_trial(), &place.lock());
    parent.send(format!("busy 1 {} {}", place.counter().display(), place.log(parent.name()).display()));
    parent.expect("busy");
    let children: Vec<Fork> = (0..FORKS).map(|_| parent.fork()).collect();
    let idle = parent.ask("idle");
    let holds: u64 =
        idle.strip_prefix("idle ").and_then(|holds| holds.parse().ok()).unwrap_or_else(|| panic!("{idle}"));
    place.assert_exclusive(holds);

    // A crash in that folder, beside all those children.
    let other = place.folder().join("other");
    let mut holder = Player::start(Adapter::under_trial(), &other);
    holder.acquire();
    holder.kill();
    assert!(other.exists(), "a dead socket to be reclaimed");
    let mut next = Player::start(Adapter::under_trial(), &other);
    assert_eq!(next.ask("acquire-for 10000"), "held", "while {FORKS} children live");
    next.release();
    next.quit();
    drop(children);
    parent.quit();
    assert_eq!(fs::read_dir(place.folder()).expect("the folder").count(), 0);
}
