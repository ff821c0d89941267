//! The same with the lock on loan from a real npm server, which must not be harmed by a waiter that gives up.

use slocket_os::settle;
use trials::queue::{accepted, queued};
use trials::{Adapter, Place, Player, alone, node_or_skip, process, watch_for};

use crate::host::{Host, on_each_runtime};
use crate::noted::{self, Point};
use crate::waiter::{Waiter, lock};
use crate::{assert_unused, descriptors, used_once};

on_each_runtime! { a_loan_came_to_one_alone a_loan_came_to_one_with_a_clone_behind_it given_up_before_the_loan_came given_up_unseen }

fn with_server<H: Host>(trial: impl FnOnce(&H, &Place, &mut Player)) {
    if !node_or_skip() {
        return;
    }
    let _alone = alone();
    let (host, place) = (H::start(), Place::new());
    let slocket = used_once(&host, &place);
    let before = descriptors();
    let mut server = Player::start(Adapter::Node, &place.lock());
    assert!(!server.acquire(), "not the server");
    noted::take();
    trial(&host, &place, &mut server);
    assert!(server.is_alive(), "npm's server has died");
    server.quit();
    settle();
    watch_for("the queue to be empty", || (queued(&place.lock()) == 0).then_some(()));
    assert_unused::<H>(&place, &slocket, before);
}

/// A process that is queued, with so many before it.
#[track_caller]
fn player_behind(place: &Place, already: usize) -> Player {
    let mut player = Player::start(Adapter::Sync, &place.lock());
    player.send("acquire");
    wait_until_accepted(place, already + 1);
    player
}

/// A client that is not accepted when npm's server closes is sent away.
#[track_caller]
fn wait_until_accepted(place: &Place, count: usize) {
    watch_for("npm's server to accept the waiters", || (accepted(&place.lock()) >= count).then_some(()));
}

fn a_loan_came_to_one_alone<H: Host>() {
    with_server(|host: &H, place, server| {
        let only = Waiter::asked(host, &lock::<H>(place));
        wait_until_accepted(place, 1);
        let mut behind = player_behind(place, 1);
        server.release();
        only.wait_until_woken(host);
        assert_eq!(behind.answer_now(), None, "the loan came to this process");
        drop(only);
        assert_eq!(noted::take(), [Point::QueuedGranted]);
        assert!(behind.expect_held(), "lent");
        behind.release();
        behind.quit();
    });
}

fn a_loan_came_to_one_with_a_clone_behind_it<H: Host>() {
    with_server(|host: &H, place, server| {
        let slocket = lock::<H>(place);
        let outside = Waiter::asked(host, &slocket);
        wait_until_accepted(place, 1);
        let (inside, mut last) = (Waiter::asked(host, &slocket), Waiter::asked(host, &slocket));
        let mut behind = player_behind(place, 1);
        server.release();
        outside.wait_until_woken(host);
        drop(outside);
        assert_eq!(noted::take(), [Point::QueuedGranted]);
        let guard = inside.hold(host);
        assert!(guard.is_loan());
        assert!(last.poll(host).is_none(), "two holders");
        assert_eq!(behind.answer_now(), None, "two holders");
        // Only the server knows the waiters outside, so a loan goes back to it.
        drop(guard);
        assert!(behind.expect_held(), "lent");
        assert!(last.poll(host).is_none(), "two holders");
        behind.release();
        drop(last.hold(host));
        behind.quit();
    });
}

/// Its place is kept, and the loan is given back as soon as it comes.
fn given_up_before_the_loan_came<H: Host>() {
    with_server(|host: &H, place, server| {
        let slocket = lock::<H>(place);
        let outside = Waiter::asked(host, &slocket);
        wait_until_accepted(place, 1);
        let mut behind = player_behind(place, 1);
        drop(outside);
        assert_eq!(noted::take(), [Point::Queued]);
        // A task that asks now is behind them both, although its clone has given up.
        let last = Waiter::asked(host, &slocket);
        wait_until_accepted(place, 3);
        server.release();
        assert!(behind.expect_held(), "lent");
        assert!(!last.is_woken(), "out of order");
        behind.release();
        drop(last.hold(host));
        behind.quit();
    });
}

/// The server has not seen that a waiter has given up when it grants that waiter the lock: npm's dies if that connection is closed.
fn given_up_unseen<H: Host>() {
    with_server(|host: &H, place, server| {
        let outside = Waiter::asked(host, &lock::<H>(place));
        wait_until_accepted(place, 1);
        let mut behind = player_behind(place, 1);
        process::stop(server.pid());
        server.send("release");
        drop(outside);
        assert_eq!(noted::take(), [Point::Queued]);
        process::resume(server.pid());
        server.expect("released");
        assert!(behind.expect_held(), "lent");
        behind.release();
        behind.quit();
    });
}
