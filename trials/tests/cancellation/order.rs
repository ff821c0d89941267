//! The order of locks of one process that are not clones: they stand in the same queue as all others.
//!
//! It is the order of asking as long as the lock is held while they queue. A holder that finds its queue empty closes
//! out, though, and a process that connects in that very moment is sent away (protocol section 3: "until a holder crashes or closes
//! out"). It asks again, and by then others may have asked before it: of fifty that asked in order, the first may be
//! served last. To keep its place is not possible for a listener that goes, and to keep the listener is to leave it behind.

#[cfg(target_arch = "x86_64")]
use nix::libc;
use slocket_os::Guard;
#[cfg(target_arch = "x86_64")]
use trials::stepper::{Deed, Side, Stepper, Stop};
use trials::{Adapter, Place, Player, alone, wait_until_queued};

use crate::host::{Host, on_each_runtime, on_each_runtime_at_path_and_name};
use crate::noted;
use crate::waiter::{Waiter, lock};

on_each_runtime_at_path_and_name! { in_order_while_the_lock_is_held }
#[cfg(target_arch = "x86_64")]
on_each_runtime! { last_if_it_came_as_the_holder_closed_out }

const LOCKS: usize = 50;

fn in_order_while_the_lock_is_held<H: Host>(place: &Place) {
    let _alone = alone();
    let host = H::start();
    let mut holder = Player::start(Adapter::Sync, &place.lock());
    holder.acquire();
    let waiters: Vec<_> = (0..LOCKS).map(|_| Waiter::asked(&host, &lock::<H>(place))).collect();
    wait_until_queued(&place.lock(), LOCKS);
    let sent_away = noted::sent_away();
    holder.release();
    assert_eq!(serve(&host, waiters), (0..LOCKS).collect::<Vec<_>>());
    assert_eq!(noted::sent_away(), sent_away);
    holder.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

#[cfg(target_arch = "x86_64")]
fn last_if_it_came_as_the_holder_closed_out<H: Host>() {
    let _alone = alone();
    let (host, place) = (H::start(), Place::new());
    let mut holder = Player::start_apart(Adapter::Sync, &place.lock(), &place.note("complaints"));
    holder.acquire();
    // It stands still once it has found that no process waits, and before it removes the path: stat, poll, unlink.
    let stop = Stop { at: 2, side: Side::Before, deed: Deed::Pause };
    let stepper = Stepper::attach(&holder, &place, &[stop]);
    holder.send("release");
    trials::watch_for("the holder to stand still", || stepper.reached());
    let first = Waiter::asked(&host, &lock::<H>(&place));
    wait_until_queued(&place.lock(), 1);
    stepper.go_on();
    holder.expect("released");
    assert_eq!(stepper.finish().calls[stop.at].number, libc::SYS_unlinkat, "it stood still elsewhere");
    first.wait_until_woken(&host);

    let mut second = Waiter::new::<H>(&lock::<H>(&place));
    let guard = second.poll(&host).expect("the path is free, although the first has asked before");
    let mut waiters = vec![first];
    waiters.extend((2..LOCKS).map(|_| Waiter::asked(&host, &lock::<H>(&place))));
    let sent_away = noted::sent_away();
    assert!(waiters[0].proceed(&host).is_none(), "two holders");
    assert_eq!(noted::sent_away(), sent_away + 1, "the first was sent away");
    wait_until_queued(&place.lock(), LOCKS - 1);
    drop(guard);
    // Of the waiters, the first stands at the end.
    assert_eq!(serve(&host, waiters), (1..LOCKS - 1).chain([0]).collect::<Vec<_>>());
    holder.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// Serves all of them; in which order.
fn serve<H: Host>(host: &H, waiters: Vec<Waiter>) -> Vec<usize> {
    let mut waiters: Vec<_> = waiters.into_iter().enumerate().collect();
    let mut served = Vec::new();
    while !waiters.is_empty() {
        let mut held: Option<Guard> = None;
        crate::waiter::run_until(host, "a waiter to be woken", || waiters.iter().any(|(_, waiter)| waiter.is_woken()));
        waiters.retain_mut(|(index, waiter)| {
            let Some(guard) = waiter.poll(host) else { return true };
            assert!(held.replace(guard).is_none(), "two holders");
            served.push(*index);
            false
        });
    }
    served
}
