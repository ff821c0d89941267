//! A child that does nothing: its copies keep nothing open that its parent is done with.

use std::fs;

use trials::{Adapter, Fork, Place, Player, alone, node_or_skip, wait_until_queued};

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

/// npm's server lends the lock until the connection ends; the child has a copy of it.
#[test]
fn a_loan_that_is_given_back() {
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut server = Player::start(Adapter::Node, &place.lock());
    server.acquire();
    let mut client = Player::start(Adapter::under_trial(), &place.lock());
    client.send("acquire");
    wait_until_queued(&place.lock(), 1);
    let mut next = Player::start(Adapter::under_trial(), &place.lock());
    next.send("acquire");
    wait_until_queued(&place.lock(), 2);
    server.release();
    assert!(client.expect_held(), "on loan");
    let child = client.fork();
    client.release();
    assert!(next.expect_held(), "on loan");
    next.release();
    child.quit();
    for player in [client, next, server] {
        player.quit();
    }
    assert_eq!(place.leftovers(), [""; 0]);
}

/// The other way about: npm's client has the lock on loan from a player whose child has a copy of its connection, and of
/// the listener.
#[test]
fn a_loan_that_comes_back() {
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut lender = Player::start(Adapter::under_trial(), &place.lock());
    lender.acquire();
    let mut client = Player::start(Adapter::Node, &place.lock());
    client.send("acquire");
    wait_until_queued(&place.lock(), 1);
    let mut next = Player::start(Adapter::Node, &place.lock());
    next.send("acquire");
    wait_until_queued(&place.lock(), 2);
    lender.release();
    assert!(client.expect_held(), "on loan");
    let child = lender.fork();
    client.release();
    assert!(next.expect_held(), "on loan");
    next.release();
    for player in [client, next, lender] {
        player.quit();
    }
    assert_eq!(place.leftovers(), [""; 0]);
    drop(child);
}
