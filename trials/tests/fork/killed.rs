//! The parent is killed, and its child has copies of what it had open.

use rustix::process::Signal;
use trials::{Adapter, Place, Player, process, queue, wait_until_queued};

/// The lock is free when the last copy is closed, and the waiter acquires it then.
#[test]
fn a_holder_that_is_killed() {
    for place in [Place::new(), Place::at_name(), Place::in_file()] {
        let mut holder = Player::start(Adapter::under_trial(), &place.lock());
        holder.acquire();
        let child = holder.fork();
        let mut waiter = Player::start(Adapter::under_trial(), &place.lock());
        waiter.send("acquire");
        wait_until_queued(&place.lock(), 1);
        holder.kill();
        let mut other = Player::start(Adapter::Sync, &place.lock());
        assert_eq!(other.ask("try"), "would-block", "free while there is a copy");
        assert_eq!(waiter.answer_now(), None, "free while there is a copy");
        child.kill();
        waiter.expect_held();
        waiter.release();
        for player in [waiter, other] {
            player.quit();
        }
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// The same of one to whom the listener was handed over.
#[test]
fn a_later_holder_that_is_killed() {
    for place in [Place::new(), Place::at_name()] {
        let mut first = Player::start(Adapter::under_trial(), &place.lock());
        first.acquire();
        let child = first.fork();
        let mut second = Player::start(Adapter::under_trial(), &place.lock());
        second.send("acquire");
        wait_until_queued(&place.lock(), 1);
        first.release();
        second.expect_held();
        second.kill();
        let mut other = Player::start(Adapter::Sync, &place.lock());
        assert_eq!(other.ask("try"), "would-block", "free while there is a copy");
        child.kill();
        other.acquire();
        other.release();
        for player in [first, other] {
            player.quit();
        }
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// A child that wants the lock itself closes its copies first, wherever they are: else it would wait for itself, for ever.
#[test]
fn a_child_that_wants_the_lock_of_a_parent_that_was_killed() {
    for place in [Place::new(), Place::at_name(), Place::in_file()] {
        let mut holder = Player::start(Adapter::under_trial(), &place.lock());
        holder.acquire();
        let mut child = holder.fork();
        let mut sibling = holder.fork();
        holder.kill();
        // The guard that it has a copy of lives on.
        assert_eq!(child.ask("try-beside"), "would-block", "the sibling has a copy still");
        child.send("acquire-beside");
        wait_until_queued(&place.lock(), 1);
        assert_eq!(sibling.ask("close-copies"), "closed");
        child.expect("held");
        assert!(child.ask("release").starts_with("released"));
        sibling.quit();
        child.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// A waiter that is killed keeps its place while its child has a copy: if its turn comes, the lock waits with it.
#[test]
fn a_waiter_that_is_killed() {
    for place in [Place::new(), Place::at_name()] {
        let mut holder = Player::start(Adapter::under_trial(), &place.lock());
        holder.acquire();
        let mut killed = Player::start(Adapter::under_trial(), &place.lock());
        killed.send(format!("busy 1 {} {}", place.counter().display(), place.log(killed.name()).display()));
        killed.expect("busy");
        wait_until_queued(&place.lock(), 1);
        let child = killed.fork();
        let mut closing = killed.fork();
        let mut next = Player::start(Adapter::under_trial(), &place.lock());
        next.send("acquire");
        wait_until_queued(&place.lock(), 2);
        killed.kill();
        assert_eq!(closing.ask("close-copies"), "closed");
        holder.release();
        assert_eq!(queue::unaccepted(&place.lock()), 1, "the place of the killed is kept");
        assert_eq!(next.answer_now(), None, "the place of the killed is kept");
        child.kill();
        next.expect_held();
        next.release();
        closing.quit();
        for player in [holder, next] {
            player.quit();
        }
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// A program that was passed the lock keeps it as long as it runs, when the process that passed it is killed.
#[test]
fn a_holder_that_is_killed_after_it_passed_the_lock_on() {
    for place in [Place::new(), Place::at_name(), Place::in_file()] {
        let mut holder = Player::start(Adapter::under_trial(), &place.lock());
        holder.acquire();
        let answer = holder.ask("pass 0");
        let program = answer.strip_prefix("passed ").and_then(|pid| pid.parse().ok());
        let program: u32 = program.unwrap_or_else(|| panic!("{answer}"));
        let mut waiter = Player::start(Adapter::under_trial(), &place.lock());
        waiter.send("acquire");
        wait_until_queued(&place.lock(), 1);
        holder.kill();
        let mut other = Player::start(Adapter::Sync, &place.lock());
        assert_eq!(other.ask("try"), "would-block", "free while the program runs");
        assert_eq!(waiter.answer_now(), None, "free while the program runs");
        process::signal(program, Signal::KILL);
        waiter.expect_held();
        waiter.release();
        [waiter, other].into_iter().for_each(Player::quit);
        assert_eq!(place.leftovers(), [""; 0]);
    }
}
