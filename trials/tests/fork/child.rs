//! What a child does with its copies of a lock that its parent holds, or waits for.

use trials::{Adapter, Fork, Place, Player, queue, wait_until_queued};

/// At a path, at an abstract name, and in a file.
fn at_each(trial: impl Fn(&Place)) {
    for place in [Place::new(), Place::at_name(), Place::in_file()] {
        trial(&place);
    }
}

/// A player that holds the lock, and its child.
fn holder(place: &Place) -> (Player, Fork) {
    let mut parent = Player::start(Adapter::under_trial(), &place.lock());
    parent.acquire();
    let child = parent.fork();
    (parent, child)
}

/// The lock is the parent's: it cannot be acquired, and is handed over when the parent releases it.
#[track_caller]
fn assert_held_by(parent: &mut Player, place: &Place) {
    let mut other = Player::start(Adapter::Sync, &place.lock());
    assert_eq!(other.ask("try"), "would-block", "two holders");
    assert_eq!(parent.ask("intact"), "intact true");
    other.send("acquire");
    wait_until_queued(&place.lock(), 1);
    // (A holder of a file does not know of those that wait for it.)
    assert_eq!(parent.ask("contended"), format!("contended {}", !place.is_in_file()));
    parent.release();
    other.expect_held();
    other.release();
    other.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn a_guard_that_a_child_drops() {
    at_each(|place| {
        let (mut parent, mut child) = holder(place);
        assert_eq!(child.ask("drop"), "dropped");
        assert_held_by(&mut parent, place);
        child.quit();
        parent.quit();
    });
}

#[test]
fn a_guard_that_a_child_releases() {
    at_each(|place| {
        let (mut parent, mut child) = holder(place);
        for question in ["intact", "release"] {
            let answer = child.ask(question);
            let why = ": this process is a fork of the one that acquired it; ";
            assert!(answer.starts_with("error Forked ") && answer.contains(why), "{answer}");
        }
        assert_held_by(&mut parent, place);
        child.quit();
        parent.quit();
    });
}

/// It drops the guard when it ends.
#[test]
fn a_child_that_ends() {
    at_each(|place| {
        let (mut parent, child) = holder(place);
        child.quit();
        assert_held_by(&mut parent, place);
        parent.quit();
    });
}

/// A process waits, and the child must not hand the lock over, either.
#[test]
fn a_guard_that_a_child_drops_while_a_process_waits() {
    at_each(|place| {
        let (mut parent, mut child) = holder(place);
        let mut waiter = Player::start(Adapter::Sync, &place.lock());
        waiter.send("acquire");
        wait_until_queued(&place.lock(), 1);
        assert_eq!(child.ask("contended"), "contended false");
        assert_eq!(child.ask("drop"), "dropped");
        assert_eq!(queue::unaccepted(&place.lock()), 1, "the waiter is served by the child");
        assert_eq!(waiter.answer_now(), None, "two holders");
        parent.release();
        waiter.expect_held();
        waiter.release();
        for player in [parent, waiter] {
            player.quit();
        }
        child.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    });
}

/// The parent's `Slocket` is as good in the child as one of its own, whatever the parent does with it.
#[test]
fn a_child_that_uses_the_lock_of_its_parent() {
    at_each(|place| {
        let (mut parent, mut child) = holder(place);
        assert_eq!(child.ask("drop"), "dropped");
        assert_eq!(child.ask("try"), "would-block");
        assert_eq!(child.ask("holder"), parent.ask("holder"));
        child.send("acquire");
        wait_until_queued(&place.lock(), 1);
        parent.release();
        child.expect("held");
        assert_eq!(child.ask("intact"), "intact true");
        // Grandchildren fare no worse.
        assert_eq!(parent.ask("try"), "would-block");
        assert_eq!(child.ask("release"), "released");
        parent.acquire();
        parent.release();
        child.quit();
        parent.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    });
}

/// At a path the release of the parent is complete, whatever copies there are.
#[test]
fn a_copy_does_not_outlive_the_release_at_a_path() {
    for place in [Place::new(), Place::in_file()] {
        let (mut parent, child) = holder(&place);
        parent.release();
        let mut other = Player::start(Adapter::Sync, &place.lock());
        other.acquire();
        other.release();
        parent.acquire();
        parent.release();
        other.quit();
        child.quit();
        parent.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// An abstract name is the kernel's, and is free when the last copy is closed.
#[test]
fn a_copy_outlives_the_release_at_an_abstract_name() {
    let place = Place::at_name();
    let (mut parent, mut child) = holder(&place);
    parent.release();
    let mut other = Player::start(Adapter::Sync, &place.lock());
    assert_eq!(other.ask("try"), "would-block");
    other.send("acquire");
    wait_until_queued(&place.lock(), 1);
    // By whatever way: here by dropping the guard.
    assert_eq!(child.ask("drop"), "dropped");
    other.expect_held();
    other.release();
    other.quit();
    child.quit();
    parent.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}
