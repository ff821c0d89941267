//! A lock that is a locked file: acquires that are dropped after each poll, and again when they were woken by the release. Whatever they had
//! in hand - nothing yet, the turn, a place inside the process - goes to the next.
//!
//! A waiter there is woken for nothing, too: by each release, and by the pauses after which it looks again. So each poll is another await
//! point, whatever has happened meanwhile.

use slocket_os::asynchronous::Semaphore;
use slocket_os::{Guard, Permit, SharedGuard};
use trials::{Adapter, Place, Player, alone, queue, tell, watch_for};

use crate::host::{Host, on_each_runtime};
use crate::noted::{self, Noted, Point};
use crate::waiter::{Acquire, Lock, Waiter, acquire};
use crate::{assert_unused, descriptors, used_once};

on_each_runtime! { the_lock_is_dropped_at_each_point a_shared_lock_is_dropped_at_each_point a_permit_is_dropped_at_each_point }

/// It is polled as often as that at the most before it is dropped.
const POLLS: usize = 2;

/// What is in the way of the acquire: what the first player asks for, and the second.
type Obstacles = [Option<&'static str>; 2];

/// The process, or the clone, that waits behind the acquire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Follower {
    Nobody,
    /// A clone, for the same.
    Inside,
    /// Another process, for what is said.
    Outside(&'static str),
}

fn the_lock_is_dropped_at_each_point<H: Host>() {
    drop_at_each::<H, Guard>(
        |slocket| acquire::<H>(slocket),
        // The turn is another's; it has the turn and waits for shares; for several of them.
        &[[Some("acquire"), None], [Some("share"), None], [Some("share"), Some("slot 2")]],
        &[Follower::Nobody, Follower::Inside, Follower::Outside("acquire"), Follower::Outside("share")],
    );
}

fn a_shared_lock_is_dropped_at_each_point<H: Host>() {
    drop_at_each::<H, SharedGuard>(
        |slocket| {
            let slocket = slocket.clone();
            Box::pin(async move { slocket.acquire_shared().await })
        },
        &[[Some("acquire"), None]],
        &[Follower::Nobody, Follower::Inside, Follower::Outside("share"), Follower::Outside("acquire")],
    );
}

fn a_permit_is_dropped_at_each_point<H: Host>() {
    drop_at_each::<H, Permit>(
        |slocket| {
            let semaphore = slocket_os::Semaphore::new(slocket.as_ref(), 2).expect("a semaphore");
            let semaphore = Semaphore::<Noted<H::Waits>>::from(semaphore);
            Box::pin(async move { semaphore.acquire().await })
        },
        &[[Some("acquire"), None], [Some("slot 2"), Some("slot 2")]],
        &[Follower::Nobody, Follower::Inside, Follower::Outside("slot 2"), Follower::Outside("acquire")],
    );
}

fn drop_at_each<H: Host, G>(ask: fn(&Lock<H>) -> Acquire<G>, journeys: &[Obstacles], followers: &[Follower]) {
    let _alone = alone();
    let host = H::start();
    let place = Place::in_file();
    let mut players = [(); 3].map(|()| Player::start(Adapter::Sync, &place.lock()));
    let slocket = used_once(&host, &place);
    let mut reached = Vec::new();
    let mut drops = 0;
    for obstacles in journeys {
        for polls in 0..=POLLS {
            for woken in [false, true] {
                for follower in followers {
                    let case = Case { ask, obstacles: *obstacles, polls, woken, follower: *follower };
                    reached.extend(case.play(&host, &place, &slocket, &mut players));
                    drops += 1;
                }
            }
        }
    }
    players.into_iter().for_each(Player::quit);
    reached.sort_unstable();
    reached.dedup();
    assert_eq!(reached, [Point::Watching], "where it was dropped");
    tell(format!("cancellation: {}: dropped at each of {drops} points of a lock file", H::NAME));
}

struct Case<H: Host, G> {
    ask: fn(&Lock<H>) -> Acquire<G>,
    obstacles: Obstacles,
    polls: usize,
    woken: bool,
    follower: Follower,
}

impl<H: Host, G> Case<H, G> {
    /// Drops the acquire after so many polls; if it is to be woken, after the obstacles have gone and have woken it. Tells where it was
    /// dropped.
    fn play(&self, host: &H, place: &Place, slocket: &Lock<H>, players: &mut [Player; 3]) -> Vec<Point> {
        let what = format!(
            "{:?}, after {} polls, woken: {}, followed by {:?}",
            self.obstacles, self.polls, self.woken, self.follower
        );
        let before = descriptors();
        let [one, other, follower] = players;
        let mut in_the_way: Vec<&mut Player> = Vec::new();
        for (player, command) in [one, other].into_iter().zip(self.obstacles) {
            if let Some(command) = command {
                let answer = player.ask(command);
                assert!(answer.starts_with("held"), "{what}: {answer}");
                in_the_way.push(player);
            }
        }
        let mut traveller = Waiter::of((self.ask)(slocket));
        let mut inside = None;
        for poll in 0..self.polls {
            if poll > 0 {
                traveller.wait_until_woken(host);
            }
            assert!(traveller.poll(host).is_none(), "{what}: two holders");
            match self.follower {
                Follower::Inside if poll == 0 => {
                    let mut waiter = Waiter::of((self.ask)(slocket));
                    assert!(waiter.poll(host).is_none(), "{what}: it need not wait");
                    inside = Some(waiter);
                }
                Follower::Outside(command) if poll == 0 => {
                    follower.send(command);
                    // (A reader need not wait if the acquire has not the turn.)
                    let waits = || queue::waits(follower.pid(), &place.lock());
                    watch_for("the follower to wait", || waits().then_some(()));
                }
                Follower::Nobody | Follower::Inside | Follower::Outside(_) => {}
            }
        }
        if self.woken {
            in_the_way.drain(..).for_each(Player::release);
            if self.polls > 0 {
                traveller.wait_until_woken(host);
            }
        }
        noted::take();
        drop(traveller);
        let points = noted::take();
        assert_eq!(points.len(), usize::from(self.polls > 0), "{what}: {points:?}");
        in_the_way.into_iter().for_each(Player::release);
        if let Some(inside) = inside {
            drop(inside.hold(host));
        }
        if let (Follower::Outside(command), 1..) = (self.follower, self.polls) {
            let answer = follower.answer();
            assert!(answer.starts_with("held"), "{what}: {command}: {answer}");
            follower.release();
        }
        assert_unused::<H>(place, slocket, before);
        points
    }
}
