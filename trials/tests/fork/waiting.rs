//! A process that forks while its futures wait for the lock. The child has a copy of the futures, and shares with its parent
//! the descriptor by which the runtime waits (epoll(7)).

use trials::{Adapter, Copied, Place, Player, wait_until_queued};

const ASYNCHRONOUS: [Adapter; 4] = [Adapter::Tokio, Adapter::TokioThreads, Adapter::AsyncStd, Adapter::Smol];

#[test]
fn a_child_drops_a_future_that_waits() {
    for adapter in ASYNCHRONOUS {
        is_still_woken(adapter, Copied::Dropped);
    }
}

#[test]
fn a_child_polls_a_future_that_waits() {
    for adapter in ASYNCHRONOUS {
        is_still_woken(adapter, Copied::Polled);
    }
}

/// The lock comes to the parent's future, which must notice, whatever a child that lives on has done with its copy.
fn is_still_woken(adapter: Adapter, copy: Copied) {
    let place = Place::new();
    let mut holder = Player::start(Adapter::Sync, &place.lock());
    holder.acquire();
    let mut parent = Player::start(adapter, &place.lock());
    let mut child = parent.fork_waiting(copy);
    wait_until_queued(&place.lock(), 1);
    holder.release();
    parent.expect_held();
    assert_eq!(child.ask("try"), "would-block", "two holders");
    parent.release();
    assert_eq!(child.ask("acquire"), "held");
    child.quit();
    parent.quit();
    holder.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}
