//! Which player is served, and in which order.

use std::collections::VecDeque;

use trials::Adapter::Node;
use trials::{Place, Player, alone, node_or_skip, wait_until_queued};

use crate::holder::NodeHolder;
use crate::{ours, queue, wait_until_in_line};

/// Lets the players take the lock one after the other, in order, and fails if another one gets it first.
#[track_caller]
fn served_in_order(mut players: Vec<Player>, on_loan: impl Fn(usize) -> bool) {
    for turn in 0..players.len() {
        assert_eq!(players[turn].expect_held(), on_loan(turn), "{} is on loan", players[turn].name());
        for later in &players[turn + 1..] {
            assert_eq!(later.answer_now(), None, "{} is served out of turn", later.name());
        }
        players[turn].release();
    }
    players.into_iter().for_each(Player::quit);
}

#[test]
fn node_holds_and_we_wait() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut holder = Player::start(Node, &place.lock());
    assert!(!holder.acquire());
    let waiters = queue(&place, Node, &[ours(), ours(), ours()], 0);
    holder.release();
    served_in_order(waiters, |_| true);
    holder.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn we_hold_and_nodes_are_served_in_order() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut holder = Player::start(ours(), &place.lock());
    assert!(!holder.acquire());
    let waiters = queue(&place, ours(), &[Node; 5], 0);
    holder.release();
    served_in_order(waiters, |_| true);
    holder.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn rust_waiters_behind_node_clients_keep_their_place() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let adapters = [Node, ours(), ours(), Node, Node, ours(), Node, ours()];
    for server in [ours(), Node] {
        let place = Place::new();
        let mut holder = Player::start(server, &place.lock());
        assert!(!holder.acquire());
        let waiters = queue(&place, server, &adapters, 0);
        holder.release();
        // A server of npm's lends to all; ours lends to npm's clients alone, and hands over to Rust waiters.
        served_in_order(waiters, |turn| server == Node || adapters[turn] == Node);
        holder.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

#[test]
fn generations_that_alternate_one_at_a_time() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut players = [Player::start(ours(), &place.lock()), Player::start(Node, &place.lock())];
    for _ in 0..10 {
        for player in &mut players {
            assert!(!player.acquire(), "{} is on loan, with no process to lend it", player.name());
            player.release();
            assert_eq!(player.ask("settle"), "settled");
            assert_eq!(place.leftovers(), [""; 0]);
        }
    }
    players.into_iter().for_each(Player::quit);
}

#[test]
fn generations_that_alternate_with_one_always_queued() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    for first in [ours(), Node] {
        let place = Place::new();
        let second = if first == ours() { Node } else { ours() };
        let mut line: VecDeque<_> =
            [first, second, first, second].map(|kind| Player::start(kind, &place.lock())).into();
        let mut on_loan = line[0].acquire();
        for _ in 0..20 {
            line[1].send("acquire");
            // A holder that has borrowed the lock has a connection as well.
            wait_until_in_line(&place.lock(), first, 1 + usize::from(on_loan));
            line[0].release();
            on_loan = line[1].expect_held();
            line.rotate_left(1);
        }
        line[0].release();
        line.into_iter().for_each(Player::quit);
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

#[test]
fn our_holder_is_killed_while_a_node_is_queued() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut holder = Player::start(ours(), &place.lock());
    holder.acquire();
    let mut node = NodeHolder::start_silent(&place.lock());
    wait_until_queued(&place.lock(), 1);
    let mut behind = queue(&place, ours(), &[ours()], 1).remove(0);

    holder.kill();
    // npm's slocket gives up on a reset connection: it tells its user, and then throws of its own accord.
    node.expect("error ECONNRESET");
    assert_eq!(node.wait().code(), Some(1));
    assert!(!behind.expect_held());
    behind.release();
    behind.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}
