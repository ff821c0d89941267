//! A daemon that forks itself and takes its lock along.

use trials::{Adapter, Place, Player, wait_until_queued};

/// As daemon(3) does it: the process that the user started ends, and so does its child; its grandchild goes on with the lock.
#[test]
fn a_daemon_that_forks_twice() {
    for place in [Place::new(), Place::at_name(), Place::in_file()] {
        let mut parent = Player::start(Adapter::under_trial(), &place.lock());
        parent.acquire();
        assert_eq!(parent.ask("disown"), "disowned");
        let mut child = parent.fork();
        let mut daemon = child.fork();
        // Each lets go of its own copy, by whatever way.
        parent.quit();
        child.quit();
        assert_eq!(daemon.ask("adopt"), "held");
        let mut waiter = Player::start(Adapter::Sync, &place.lock());
        assert_eq!(
            waiter.ask("holder").split(' ').nth(1),
            Some(&*daemon.pid().to_string()),
            "SO_PEERCRED, or the record"
        );
        assert_eq!(daemon.ask("intact"), "intact true");
        waiter.send("acquire");
        wait_until_queued(&place.lock(), 1);
        // (A holder of a file does not know of those that wait for it.)
        assert_eq!(daemon.ask("contended"), format!("contended {}", !place.is_in_file()));
        assert_eq!(daemon.ask("release"), "released");
        waiter.expect_held();
        waiter.release();
        // It is a process as any other.
        assert_eq!(daemon.ask("acquire"), "held");
        assert_eq!(waiter.ask("try"), "would-block");
        daemon.kill();
        waiter.acquire();
        waiter.release();
        waiter.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// A lock that is left to an adopter is not a copy to be closed.
#[test]
fn a_daemon_that_closes_its_copies_first() {
    for place in [Place::new(), Place::at_name(), Place::in_file()] {
        let mut parent = Player::start(Adapter::under_trial(), &place.lock());
        parent.acquire();
        assert_eq!(parent.ask("disown"), "disowned");
        let mut daemon = parent.fork();
        assert_eq!(daemon.ask("close-copies"), "closed");
        parent.quit();
        let mut other = Player::start(Adapter::Sync, &place.lock());
        assert_eq!(other.ask("try"), "would-block");
        assert_eq!(daemon.ask("adopt"), "held");
        assert_eq!(daemon.ask("intact"), "intact true");
        assert_eq!(daemon.ask("release"), "released");
        other.acquire();
        other.release();
        daemon.quit();
        other.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// The first to adopt it, and no other.
#[test]
fn only_one_adopts_it() {
    for place in [Place::new(), Place::at_name(), Place::in_file()] {
        let mut parent = Player::start(Adapter::under_trial(), &place.lock());
        parent.acquire();
        assert_eq!(parent.ask("disown"), "disowned");
        let mut children: Vec<_> = (0..4).map(|_| parent.fork()).collect();
        for child in &mut children {
            child.send("adopt");
        }
        let mut answers = vec![parent.ask("adopt")];
        answers.extend(children.iter_mut().map(trials::Fork::answer));
        assert_eq!(answers.iter().filter(|answer| *answer == "held").count(), 1, "{answers:?}");
        assert_eq!(
            answers
                .iter()
                .filter(|answer| answer.starts_with("error Adopted ")
                    && answer.ends_with(": another process has adopted the lock already"))
                .count(),
            4,
            "{answers:?}"
        );
        let mut other = Player::start(Adapter::Sync, &place.lock());
        assert_eq!(other.ask("try"), "would-block", "two holders");
        for child in children {
            child.quit();
        }
        parent.quit();
        other.acquire();
        other.release();
        other.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// As if the holder had been killed.
#[test]
fn it_is_not_adopted() {
    for place in [Place::new(), Place::at_name(), Place::in_file()] {
        let mut parent = Player::start(Adapter::under_trial(), &place.lock());
        parent.acquire();
        assert_eq!(parent.ask("disown"), "disowned");
        let child = parent.fork();
        let mut other = Player::start(Adapter::Sync, &place.lock());
        assert_eq!(other.ask("try"), "would-block");
        other.send("acquire");
        wait_until_queued(&place.lock(), 1);
        parent.quit();
        assert_eq!(other.answer_now(), None, "two holders");
        child.quit();
        other.expect_held();
        other.release();
        other.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}
