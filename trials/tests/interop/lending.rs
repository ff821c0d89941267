//! What a lender does while the lock is lent, and what is left when one of the two sides dies.

use rustix::process::Signal;
use trials::Adapter::Node;
use trials::{Place, Player, alone, node_or_skip, wait_until_queued};

use crate::holder::NodeHolder;
use crate::{all_are_served, is_marked, ours, queue, wait_until_watching};

/// A Rust process that has lent the lock to a Node process.
#[track_caller]
fn lent(place: &Place) -> (Player, Player) {
    let mut lender = Player::start(ours(), &place.lock());
    assert!(!lender.acquire());
    assert!(is_marked(&place.lock()));
    let client = queue(place, ours(), &[Node], 0).remove(0);
    lender.release();
    assert!(client.expect_held());
    (lender, client)
}

#[test]
fn the_mark_is_cleared_while_lent_and_set_again() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let (mut lender, mut client) = lent(&place);
    assert!(!is_marked(&place.lock()), "a lent lock may not be reclaimed");
    lender.send("settle");
    let mut behind = queue(&place, ours(), &[ours()], 1).remove(0);
    assert_eq!(lender.answer_now(), None, "a lender stays until the lock is back");

    client.release();
    assert!(!behind.expect_held(), "handed over, not lent");
    assert!(is_marked(&place.lock()), "from here on it is handed over only");
    lender.expect("settled");
    lender.quit();
    behind.release();
    client.quit();
    behind.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn a_lender_without_another_in_line_removes_the_path() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let (mut lender, mut client) = lent(&place);
    client.release();
    assert_eq!(lender.ask("settle"), "settled");
    assert_eq!(place.leftovers(), [""; 0]);
    lender.quit();
    client.quit();
}

#[test]
fn a_lender_queues_behind_its_own_client() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let (mut lender, mut client) = lent(&place);
    lender.send("acquire");
    wait_until_queued(&place.lock(), 2);
    assert_eq!(lender.answer_now(), None);
    client.release();
    assert!(!lender.expect_held());
    assert!(is_marked(&place.lock()));
    lender.release();
    lender.quit();
    client.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn a_client_that_is_killed_gives_the_lock_back() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let (lender, client) = lent(&place);
    let mut behind = queue(&place, ours(), &[ours()], 1).remove(0);
    client.kill();
    assert!(!behind.expect_held());
    assert!(is_marked(&place.lock()));
    behind.release();
    lender.quit();
    behind.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// The server was killed while its client holds: the client's release removes the path, and that wakes the watchers.
#[track_caller]
fn client_of_a_dead_server(place: &Place, mut client: Player, mut waiting: Vec<Player>) {
    for adapter in [ours(), Node] {
        let mut late = Player::start(adapter, &place.lock());
        late.send("acquire");
        waiting.push(late);
    }
    wait_until_watching(&mut waiting);
    client.release();

    all_are_served(place, waiting);
    client.quit();
}

#[test]
fn our_release_wakes_all_when_the_node_server_was_killed() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut server = NodeHolder::start(&place.lock());
    server.expect("held");
    let client = queue(&place, Node, &[ours()], 0).remove(0);
    assert_eq!(server.ask("release"), "released");
    assert!(client.expect_held());
    let waiters = queue(&place, Node, &[ours(), Node, ours(), Node], 1);
    server.end_by(Signal::KILL);
    client_of_a_dead_server(&place, client, waiters);
}

#[test]
fn a_node_client_wakes_all_when_its_lender_was_killed() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let (lender, client) = lent(&place);
    // No Node among them: npm's slocket does not survive a reset connection.
    let waiters = queue(&place, ours(), &[ours(), ours()], 1);
    lender.kill();
    client_of_a_dead_server(&place, client, waiters);
}
