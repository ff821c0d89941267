//! Acquires of a shared lock, of a permit, and of the lock behind shares, that are dropped after each poll that they can have, and
//! again when they were woken for the next one: nothing is left, and the next in line is served.

use slocket_os::asynchronous::Semaphore;
use slocket_os::{Guard, Permit, SharedGuard};
use trials::{Adapter, Place, Player, alone, queue, tell, watch_for};

use crate::host::{Host, on_each_runtime};
use crate::noted::{self, Noted, Point};
use crate::waiter::{Acquire, Lock, Waiter, acquire};
use crate::{assert_unused, descriptors, used_once};

on_each_runtime! { a_writer_behind_shares a_reader a_waiter_for_a_permit }

/// What is around the acquire.
struct Scene<'a, H: Host, G> {
    host: &'a H,
    slocket: &'a Lock<H>,
    ask: fn(&Lock<H>) -> Acquire<G>,
    /// Two that hold something, and one that waits behind the acquire.
    players: &'a mut [Player; 3],
    held: [bool; 2],
    /// A process holds the lock itself.
    is_locked: bool,
    /// A clone that waits in front.
    first: Option<Waiter<G>>,
}

/// One step: what changes, and where the next poll leads (`None`: it has what it asked for).
struct Step<H: Host, G>(fn(&mut Scene<'_, H, G>), Option<Point>);

/// The waiter behind the acquire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Follower {
    Nobody,
    /// A clone, for the same.
    Inside,
    /// Another process, for what is said.
    Outside(&'static str),
}

impl<H: Host, G> Scene<'_, H, G> {
    fn has(&mut self, index: usize, command: &str) {
        let answer = self.players[index].ask(command);
        assert!(answer.starts_with("held"), "{command}: {answer}");
        self.held[index] = true;
        self.is_locked = command == "acquire";
    }

    fn releases(&mut self, index: usize) {
        self.players[index].release();
        self.held[index] = false;
        self.is_locked = false;
    }

    fn clone_waits(&mut self) {
        let mut first = Waiter::of((self.ask)(self.slocket));
        assert!(first.poll(self.host).is_none(), "it need not wait");
        self.first = Some(first);
    }

    fn release_all(&mut self) {
        self.first = None;
        for index in 0..self.held.len() {
            if self.held[index] {
                self.releases(index);
            }
        }
    }
}

fn a_writer_behind_shares<H: Host>() {
    let of_two = || {
        vec![
            Step::<H, Guard>(
                |scene| {
                    scene.has(0, "share");
                    scene.has(1, "slot 2");
                },
                Some(Point::Shares),
            ),
            // The one is gone, the other is not.
            Step(|scene| scene.releases(0), Some(Point::Shares)),
            Step(|scene| scene.releases(1), None),
        ]
    };
    let of_a_holder = || {
        vec![
            Step::<H, Guard>(|scene| scene.has(0, "acquire"), Some(Point::Queued)),
            Step(|scene| scene.has(0, "downgrade"), Some(Point::Shares)),
            Step(|scene| scene.releases(0), None),
        ]
    };
    let behind_a_clone = || {
        vec![
            Step::<H, Guard>(
                |scene| {
                    scene.has(0, "share");
                    scene.clone_waits();
                },
                Some(Point::Inside),
            ),
            // It gives up; its place goes to the next.
            Step(|scene| scene.first = None, Some(Point::Shares)),
            Step(|scene| scene.releases(0), None),
        ]
    };
    travel_all::<H, _>(
        |slocket| acquire::<H>(slocket),
        &[&of_two, &of_a_holder, &behind_a_clone],
        &[Follower::Nobody, Follower::Inside, Follower::Outside("share"), Follower::Outside("acquire")],
        &[Point::Queued, Point::QueuedGranted, Point::Inside, Point::InsideGranted, Point::Shares, Point::SharesGone],
    );
}

fn a_reader<H: Host>() {
    let behind_a_holder = || {
        vec![
            Step::<H, SharedGuard>(|scene| scene.has(0, "acquire"), Some(Point::Queued)),
            Step(|scene| scene.releases(0), None),
        ]
    };
    let behind_a_clone = || {
        vec![
            Step::<H, SharedGuard>(
                |scene| {
                    scene.has(0, "acquire");
                    scene.clone_waits();
                },
                Some(Point::Inside),
            ),
            Step(|scene| scene.first = None, Some(Point::Queued)),
            Step(|scene| scene.has(0, "downgrade"), None),
        ]
    };
    travel_all::<H, _>(
        |slocket| {
            let slocket = slocket.clone();
            Box::pin(async move { slocket.acquire_shared().await })
        },
        &[&behind_a_holder, &behind_a_clone],
        &[Follower::Nobody, Follower::Inside, Follower::Outside("share"), Follower::Outside("acquire")],
        &[Point::Queued, Point::QueuedGranted, Point::Inside, Point::InsideGranted],
    );
}

fn a_waiter_for_a_permit<H: Host>() {
    let of_two = || {
        vec![
            Step::<H, Permit>(
                |scene| {
                    scene.has(0, "slot 2");
                    scene.has(1, "slot 2");
                },
                Some(Point::Slots),
            ),
            Step(|scene| scene.releases(1), None),
        ]
    };
    let behind_a_holder = || {
        vec![
            Step::<H, Permit>(|scene| scene.has(0, "acquire"), Some(Point::Queued)),
            Step(|scene| scene.releases(0), None),
        ]
    };
    let behind_a_clone = || {
        vec![
            Step::<H, Permit>(
                |scene| {
                    scene.has(0, "slot 2");
                    scene.has(1, "slot 2");
                    scene.clone_waits();
                },
                Some(Point::Inside),
            ),
            Step(|scene| scene.first = None, Some(Point::Slots)),
            Step(|scene| scene.releases(0), None),
        ]
    };
    travel_all::<H, _>(
        |slocket| {
            let semaphore = slocket_os::Semaphore::new(slocket.as_ref(), 2).expect("a semaphore");
            let semaphore = Semaphore::<Noted<H::Waits>>::from(semaphore);
            Box::pin(async move { semaphore.acquire().await })
        },
        &[&of_two, &behind_a_holder, &behind_a_clone],
        &[Follower::Nobody, Follower::Inside, Follower::Outside("slot 2"), Follower::Outside("share")],
        &[Point::Queued, Point::QueuedGranted, Point::Inside, Point::InsideGranted, Point::Slots, Point::SlotsGone],
    );
}

type Journey<'a, H, G> = &'a dyn Fn() -> Vec<Step<H, G>>;

/// Travels each journey as far as each of its points, and drops the acquire there.
fn travel_all<H: Host, G>(
    ask: fn(&Lock<H>) -> Acquire<G>,
    journeys: &[Journey<'_, H, G>],
    followers: &[Follower],
    points: &[Point],
) {
    let _alone = alone();
    let host = H::start();
    let place = Place::new();
    let mut players = [(); 3].map(|()| Player::start(Adapter::Sync, &place.lock()));
    let slocket = used_once(&host, &place);
    let mut reached = Vec::new();
    let mut drops = 0;
    for journey in journeys {
        for polls in 0..=journey().len() {
            for woken in [false, true] {
                for follower in followers {
                    if polls == journey().len() && woken {
                        continue;
                    }
                    let players = &mut players;
                    let (slocket, host) = (&slocket, &host);
                    let scene = Scene { host, slocket, ask, players, held: [false; 2], is_locked: false, first: None };
                    reached.extend(travel(scene, &place, &journey(), (polls, woken), *follower));
                    drops += 1;
                }
            }
        }
    }
    players.into_iter().for_each(Player::quit);
    for point in points {
        assert!(reached.contains(point), "never dropped at {point:?}: {reached:?}");
    }
    reached.sort_unstable();
    reached.dedup();
    tell(format!("cancellation: {}: dropped at each of {drops} points with shares: {reached:?}", H::NAME));
}

/// Drops the acquire after so many polls, and, if it is to be woken, after the next step has woken it again. Tells where it was
/// dropped, if it had not ended.
fn travel<H: Host, G>(
    mut scene: Scene<'_, H, G>,
    place: &Place,
    journey: &[Step<H, G>],
    (polls, woken): (usize, bool),
    follower: Follower,
) -> Option<Point> {
    let what = format!("after {polls} polls, woken: {woken}, followed by {follower:?}");
    let (host, slocket) = (scene.host, scene.slocket);
    let before = descriptors();
    let mut traveller = Waiter::of((scene.ask)(slocket));
    let mut inside = None;
    let mut expected = None;
    let mut has = None;
    for (index, Step(change, leads_to)) in journey.iter().enumerate() {
        if index == polls && !woken {
            break;
        }
        change(&mut scene);
        if index == polls {
            if index > 0 {
                traveller.wait_until_woken(host);
            }
            expected = expected.map(woken_at);
            break;
        }
        has = if index == 0 { traveller.poll(host) } else { traveller.proceed(host) };
        let arrived = if has.is_some() { None } else { noted::last() };
        assert_eq!(arrived, *leads_to, "{what}: step {index}");
        expected = *leads_to;
        match follower {
            Follower::Inside if index == 0 => {
                let mut waiter = Waiter::of((scene.ask)(slocket));
                assert!(waiter.poll(host).is_none(), "{what}: it need not wait");
                inside = Some(waiter);
            }
            Follower::Outside(command) if index == 0 => {
                let follower = &mut scene.players[2];
                follower.send(command);
                watch_for("the follower to wait", || queue::waits(follower.pid(), &place.lock()).then_some(()));
            }
            Follower::Nobody | Follower::Inside | Follower::Outside(_) => {}
        }
    }
    noted::take();
    drop(traveller);
    let points = noted::take();
    match expected {
        // What wakes it from there may be a message or the end of the stream.
        Some(Point::QueuedGranted) => {
            assert!(matches!(points[..], [Point::QueuedGranted | Point::QueuedEnded]), "{points:?} {what}");
        }
        expected => assert_eq!(points, expected.into_iter().collect::<Vec<_>>(), "{what}"),
    }
    drop(has);
    serve_followers(scene, follower, inside, polls > 0);
    assert_unused::<H>(place, slocket, before);
    points.first().copied()
}

/// The next waiter is served, at once where no process is in the way any more.
fn serve_followers<H: Host, G>(
    mut scene: Scene<'_, H, G>,
    follower: Follower,
    inside: Option<Waiter<G>>,
    follows: bool,
) {
    scene.first = None;
    match follower {
        Follower::Outside(command) if follows => {
            let is_in_the_way = scene.is_locked || command == "acquire" || scene.held == [true; 2];
            if is_in_the_way && command != "share" || scene.is_locked {
                scene.release_all();
            }
            let answer = scene.players[2].answer();
            assert!(answer.starts_with("held"), "{command}: {answer}");
            scene.players[2].release();
            scene.release_all();
        }
        Follower::Nobody | Follower::Inside | Follower::Outside(_) => {
            scene.release_all();
            if let Some(inside) = inside {
                drop(inside.hold(scene.host));
            }
        }
    }
}

/// The same point, once it was woken there.
fn woken_at(point: Point) -> Point {
    match point {
        Point::Inside => Point::InsideGranted,
        Point::Queued => Point::QueuedGranted,
        Point::Shares => Point::SharesGone,
        Point::Slots => Point::SlotsGone,
        other => other,
    }
}
