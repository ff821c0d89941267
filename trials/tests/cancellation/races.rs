//! A grant that has come to a future which is dropped before it is polled again: the next waiter gets the lock, in order.

use slocket_os::Guard;
use trials::{Adapter, Place, Player, alone, wait_until_queued};

use crate::host::{Host, on_each_runtime_at_path_and_name};
use crate::noted::{self, Point};
use crate::waiter::{Lock, Waiter, lock};
use crate::{assert_unused, descriptors, used_once};

on_each_runtime_at_path_and_name! {
    the_lock_came_inside
    the_lock_came_inside_and_a_process_queued_outside
    the_turn_to_go_outside_came
    a_place_came
    a_place_came_and_then_the_lock
    the_lock_came_to_one_with_clones_behind_it
    the_lock_came_to_one_alone
    each_of_many_is_dropped_when_it_is_granted
}

/// What each of these trials has.
struct Scene<'a, H: Host> {
    host: H,
    place: &'a Place,
    slocket: Lock<H>,
    descriptors: usize,
}

fn with_scene<H: Host>(place: &Place, trial: impl FnOnce(&Scene<'_, H>)) {
    let _alone = alone();
    let host = H::start();
    let slocket = used_once(&host, place);
    let scene = Scene { host, place, slocket, descriptors: descriptors() };
    noted::take();
    trial(&scene);
    assert_unused::<H>(scene.place, &scene.slocket, scene.descriptors);
}

impl<H: Host> Scene<'_, H> {
    fn acquire(&self) -> Guard {
        self.host.block_on(self.slocket.acquire()).expect("acquire")
    }

    #[track_caller]
    fn asked(&self) -> Waiter {
        Waiter::asked(&self.host, &self.slocket)
    }

    #[track_caller]
    fn hold(&self, waiter: Waiter) -> Guard {
        waiter.hold(&self.host)
    }

    /// A process that is queued, with so many before it.
    #[track_caller]
    fn player_behind(&self, already: usize) -> Player {
        let mut player = Player::start(Adapter::Sync, &self.place.lock());
        player.send("acquire");
        wait_until_queued(&self.place.lock(), already + 1);
        player
    }

    fn player_that_holds(&self) -> Player {
        let mut player = Player::start(Adapter::Sync, &self.place.lock());
        player.acquire();
        player
    }
}

/// Drops a waiter that was granted something and was not polled since.
#[track_caller]
fn drop_at(waiter: Waiter, point: Point) {
    drop(waiter);
    assert_eq!(noted::take(), [point]);
}

/// `Turn::Lock`.
fn the_lock_came_inside<H: Host>(place: &Place) {
    with_scene::<H>(place, |scene| {
        let guard = scene.acquire();
        let (first, mut second, mut third) = (scene.asked(), scene.asked(), scene.asked());
        drop(guard);
        assert!(first.is_woken(), "passed on inside before `drop` returned");
        assert!(!second.is_woken() && second.poll(&scene.host).is_none());
        drop_at(first, Point::InsideGranted);
        assert!(second.is_woken(), "passed on before `drop` returned");
        let guard = second.poll(&scene.host).expect("it holds the lock");
        assert!(third.poll(&scene.host).is_none(), "two holders");
        drop(guard);
        scene.hold(third).release().expect("release");
    });
}

/// `Turn::Lock`, and it goes outside from there.
fn the_lock_came_inside_and_a_process_queued_outside<H: Host>(place: &Place) {
    with_scene::<H>(place, |scene| {
        let guard = scene.acquire();
        let (first, second) = (scene.asked(), scene.asked());
        drop(guard);
        let mut player = scene.player_behind(0);
        drop_at(first, Point::InsideGranted);
        player.expect_held();
        // It goes outside now, and waits there.
        let mut second = second;
        assert!(second.poll(&scene.host).is_none(), "two holders");
        wait_until_queued(&scene.place.lock(), 1);
        player.release();
        scene.hold(second).release().expect("release");
        player.quit();
    });
}

/// `Turn::Go`.
fn the_turn_to_go_outside_came<H: Host>(place: &Place) {
    with_scene::<H>(place, |scene| {
        let guard = scene.acquire();
        let (first, mut second, mut third) = (scene.asked(), scene.asked(), scene.asked());
        let mut player = scene.player_behind(0);
        drop(guard);
        player.expect_held();
        assert!(first.is_woken());
        drop_at(first, Point::InsideGranted);
        assert!(second.is_woken(), "it goes in its stead");
        assert!(second.poll(&scene.host).is_none() && third.poll(&scene.host).is_none(), "two holders");
        wait_until_queued(&scene.place.lock(), 1);
        let mut last = scene.player_behind(1);
        player.release();
        let guard = scene.hold(second);
        assert_eq!(last.answer_now(), None, "out of order");
        drop(guard);
        last.expect_held();
        assert!(third.poll(&scene.host).is_none(), "two holders");
        last.release();
        drop(scene.hold(third));
        player.quit();
        last.quit();
    });
    // And no waiter behind it: the next one must find that none goes.
    with_scene::<H>(place, |scene| {
        let guard = scene.acquire();
        let only = scene.asked();
        let mut player = scene.player_behind(0);
        drop(guard);
        player.expect_held();
        drop_at(only, Point::InsideGranted);
        let late = scene.asked();
        player.release();
        drop(scene.hold(late));
        player.quit();
    });
}

/// `Turn::Place`.
fn a_place_came<H: Host>(place: &Place) {
    with_scene::<H>(place, |scene| {
        let mut holder = scene.player_that_holds();
        let (outside, first, second) = (scene.asked(), scene.asked(), scene.asked());
        let mut behind = scene.player_behind(1);
        drop_at(outside, Point::Queued);
        assert!(first.is_woken());
        drop_at(first, Point::InsideGranted);
        assert!(second.is_woken());
        holder.release();
        let guard = scene.hold(second);
        assert_eq!(behind.answer_now(), None, "the place was lost");
        drop(guard);
        behind.expect_held();
        behind.release();
        behind.quit();
        holder.quit();
    });
}

/// `Turn::Place`, and the listener comes to it before it is polled.
fn a_place_came_and_then_the_lock<H: Host>(place: &Place) {
    with_scene::<H>(place, |scene| {
        let mut holder = scene.player_that_holds();
        let (outside, first, second) = (scene.asked(), scene.asked(), scene.asked());
        let mut behind = scene.player_behind(1);
        drop_at(outside, Point::Queued);
        holder.release();
        drop_at(first, Point::InsideGranted);
        assert_eq!(behind.answer_now(), None, "the place was lost");
        let guard = scene.hold(second);
        assert_eq!(behind.answer_now(), None, "two holders");
        drop(guard);
        behind.expect_held();
        behind.release();
        behind.quit();
        holder.quit();
    });
    // The last of them: the listener has come, and goes outside.
    with_scene::<H>(place, |scene| {
        let mut holder = scene.player_that_holds();
        let (outside, only) = (scene.asked(), scene.asked());
        let mut behind = scene.player_behind(1);
        drop_at(outside, Point::Queued);
        holder.release();
        drop_at(only, Point::InsideGranted);
        behind.expect_held();
        behind.release();
        behind.quit();
        holder.quit();
    });
}

/// The listener is in the socket's buffer, and the future is dropped: unpolled, and also not woken yet.
fn the_lock_came_to_one_with_clones_behind_it<H: Host>(place: &Place) {
    for woken in [true, false] {
        with_scene::<H>(place, |scene| {
            let mut holder = scene.player_that_holds();
            let (outside, first, mut second) = (scene.asked(), scene.asked(), scene.asked());
            let mut behind = scene.player_behind(1);
            holder.release();
            if woken {
                outside.wait_until_woken(&scene.host);
            }
            drop_at(outside, Point::QueuedGranted);
            assert!(first.is_woken());
            assert_eq!(behind.answer_now(), None, "the lock came to this process");
            let guard = scene.hold(first);
            assert!(second.poll(&scene.host).is_none(), "two holders");
            drop(guard);
            behind.expect_held();
            assert!(second.poll(&scene.host).is_none(), "two holders");
            behind.release();
            drop(scene.hold(second));
            behind.quit();
            holder.quit();
        });
    }
}

fn the_lock_came_to_one_alone<H: Host>(place: &Place) {
    for woken in [true, false] {
        with_scene::<H>(place, |scene| {
            let mut holder = scene.player_that_holds();
            let only = scene.asked();
            let mut behind = scene.player_behind(1);
            let mut last = scene.player_behind(2);
            holder.release();
            if woken {
                only.wait_until_woken(&scene.host);
            }
            assert_eq!(behind.answer_now(), None, "the lock came to this process");
            drop_at(only, Point::QueuedGranted);
            behind.expect_held();
            assert_eq!(last.answer_now(), None, "two holders");
            behind.release();
            last.expect_held();
            last.release();
            [holder, behind, last].into_iter().for_each(Player::quit);
        });
    }
}

/// The lock goes through the hands of all of them, inside and outside by turns, and none of them polls.
fn each_of_many_is_dropped_when_it_is_granted<H: Host>(place: &Place) {
    const LOCKS: usize = 10;
    const CLONES: usize = 3;
    with_scene::<H>(place, |scene| {
        let mut holder = scene.player_that_holds();
        let locks: Vec<_> = (0..LOCKS).map(|_| lock::<H>(scene.place)).collect();
        let waiters: Vec<_> =
            locks.iter().flat_map(|lock| (0..CLONES).map(|_| Waiter::asked(&scene.host, lock))).collect();
        let mut behind = scene.player_behind(LOCKS);
        holder.release();
        for (index, waiter) in waiters.into_iter().enumerate() {
            waiter.wait_until_woken(&scene.host);
            assert_eq!(behind.answer_now(), None, "out of order");
            drop_at(waiter, if index % CLONES == 0 { Point::QueuedGranted } else { Point::InsideGranted });
        }
        behind.expect_held();
        behind.release();
        behind.quit();
        holder.quit();
    });
}
