//! A future that is dropped after each poll that it can have, and again when it was woken for the next one.
//!
//! A *journey* leads one acquire through every state in which the protocol waits: each step changes what is around it,
//! so that it is woken, and the poll that follows takes it to the next await point.

#![expect(clippy::redundant_closure_for_method_calls, reason = "a path to a method is of one lifetime only")]

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with};
use slocket_os::Guard;
use trials::mark;
use trials::{Adapter, Place, Player, alone, tell, wait_until_queued};

use crate::host::{Host, on_each_runtime};
use crate::noted::{self, Point};
use crate::waiter::{Lock, Waiter, lock};
use crate::{assert_unused, descriptors};

on_each_runtime! { dropped_at_each_point_outside dropped_at_each_point_inside }

/// How often a journey is begun again, on a machine so busy that pauses of some milliseconds are over before they begin.
const ATTEMPTS: usize = 50;

/// What is around the acquire.
struct Scene<'a, H: Host> {
    host: &'a H,
    place: &'a Place,
    slocket: &'a Lock<H>,
    player: &'a mut Player,
    player_holds: bool,
    /// A stranger's flock on the folder: no process can reclaim.
    stranger: Option<File>,
    /// A server at the path that is not of the library, and the connections that fill its queue.
    server: Option<UnixListener>,
    fillers: Vec<UnixStream>,
    /// A clone that holds, and one that waits in front.
    guard: Option<Guard>,
    first: Option<Waiter>,
}

/// One step: what changes, and where the next poll leads (`None`: it holds).
struct Step<H: Host>(fn(&mut Scene<'_, H>), Option<Point>);

fn outside<H: Host>() -> Vec<Step<H>> {
    vec![
        Step(|scene| fs::write(scene.place.lock(), "no socket").expect("write"), Some(Point::Watching)),
        // Reclaiming, in vain.
        Step(|scene| scene.leave_a_dead_socket(), Some(Point::Pausing)),
        Step(|scene| scene.serve(0), Some(Point::Pausing)),
        Step(|scene| scene.make_room(), Some(Point::Queued)),
        // Sent away for the third time in a row, it pauses before it publishes.
        Step(|scene| scene.send_away(), Some(Point::Pausing)),
        Step(|_| {}, Some(Point::Queued)),
        Step(|scene| scene.server = None, Some(Point::Pausing)),
        // Reclaims what the dead server left, and pauses once more.
        Step(|_| {}, Some(Point::Pausing)),
        Step(|scene| scene.player_acquires(), Some(Point::Queued)),
        Step(|scene| scene.player_releases(), None),
    ]
}

/// Behind a clone that passes the lock on inside.
fn behind_a_holder<H: Host>() -> Vec<Step<H>> {
    vec![Step(|scene| scene.clone_acquires(), Some(Point::Inside)), Step(|scene| scene.guard = None, None)]
}

/// Behind a clone that passes the lock on outside, so that the next one inside goes there.
fn behind_a_holder_with_a_process_outside<H: Host>() -> Vec<Step<H>> {
    vec![
        Step(|scene| scene.clone_acquires(), Some(Point::Inside)),
        Step(
            |scene| {
                scene.player.send("acquire");
                wait_until_queued(&scene.place.lock(), 1);
                scene.guard = None;
                scene.player.expect_held();
                scene.player_holds = true;
            },
            Some(Point::Queued),
        ),
        Step(|scene| scene.player_releases(), None),
    ]
}

/// Behind a clone that waits outside and gives its place up.
fn behind_a_waiter<H: Host>() -> Vec<Step<H>> {
    vec![
        Step(
            |scene| {
                scene.player_acquires();
                scene.first = Some(Waiter::asked(scene.host, scene.slocket));
            },
            Some(Point::Inside),
        ),
        Step(|scene| scene.first = None, Some(Point::Queued)),
        Step(|scene| scene.player_releases(), None),
    ]
}

fn dropped_at_each_point_outside<H: Host>() {
    let reached = journeys::<H>(&[outside]);
    for point in [Point::Queued, Point::QueuedGranted, Point::QueuedEnded, Point::Watching, Point::Pausing] {
        assert!(reached.contains(&point), "never dropped at {point:?}: {reached:?}");
    }
}

fn dropped_at_each_point_inside<H: Host>() {
    let reached = journeys::<H>(&[behind_a_holder, behind_a_holder_with_a_process_outside, behind_a_waiter]);
    for point in [Point::Inside, Point::InsideGranted, Point::Queued, Point::QueuedGranted] {
        assert!(reached.contains(&point), "never dropped at {point:?}: {reached:?}");
    }
}

/// Travels each journey as far as each of its points, and drops the acquire there; returns where it was dropped.
fn journeys<H: Host>(journeys: &[fn() -> Vec<Step<H>>]) -> Vec<Point> {
    let _alone = alone();
    let host = H::start();
    let place = Place::new();
    let mut player = Player::start(Adapter::Sync, &place.lock());
    let slocket = lock::<H>(&place);
    warm_up(&host, &place, &slocket);
    let mut reached = Vec::new();
    let mut drops = 0;
    for journey in journeys {
        let length = journey().len();
        for polls in 0..=length {
            for woken in [false, true] {
                for followed in [false, true] {
                    if polls == length && woken {
                        continue;
                    }
                    let mut attempt = || {
                        let scene = Scene::new(&host, &place, &slocket, &mut player);
                        travel(scene, &journey(), polls, woken, followed)
                    };
                    let dropped_at = (0..ATTEMPTS).find_map(|_| attempt());
                    reached.extend(dropped_at.expect("each time a pause was over before it began"));
                    drops += 1;
                }
            }
        }
    }
    player.quit();
    reached.sort_unstable();
    reached.dedup();
    tell(format!("cancellation: {}: dropped at each of {drops} points: {reached:?}", H::NAME));
    reached
}

/// Drops the acquire after `polls` polls, and, if it is to be `woken`, after the next step has woken it again; with a
/// clone behind it, if it is to be `followed`. Tells where it was dropped (if it had not ended); `None` if it got
/// further than it should, for a pause was over before it began.
fn travel<H: Host>(
    mut scene: Scene<'_, H>,
    journey: &[Step<H>],
    polls: usize,
    woken: bool,
    followed: bool,
) -> Option<Option<Point>> {
    let (host, place, slocket) = (scene.host, scene.place, scene.slocket);
    let before = descriptors();
    let mut traveller = Waiter::new::<H>(slocket);
    let mut follower = None;
    let mut expected = None;
    let mut guard = None;
    let mut is_on_time = true;
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
        guard = if index == 0 { traveller.poll(host) } else { traveller.proceed(host) };
        let arrived = if guard.is_some() { None } else { noted::last() };
        is_on_time = arrived == *leads_to;
        if !is_on_time {
            assert_eq!(*leads_to, Some(Point::Pausing), "came to {arrived:?} after {index} steps");
            break;
        }
        expected = *leads_to;
        if followed && index == 0 {
            follower = Some(Waiter::asked(host, slocket));
        }
    }
    let what = format!("after {polls} polls, woken: {woken}, followed: {followed}");
    noted::take();
    drop(traveller);
    let points = noted::take();
    match expected {
        _ if !is_on_time => {}
        // What wakes it from there may be a message or the end of the stream.
        Some(Point::QueuedGranted) => {
            assert!(matches!(points[..], [Point::QueuedGranted | Point::QueuedEnded]), "{points:?} {what}");
        }
        expected => assert_eq!(points, expected.into_iter().collect::<Vec<_>>(), "{what}"),
    }
    drop(guard);
    scene.end();
    if let Some(follower) = follower {
        follower.hold(host).release().expect("release");
    }
    assert_unused::<H>(place, slocket, before);
    is_on_time.then(|| points.first().copied())
}

/// The same point, once it was woken there.
fn woken_at(point: Point) -> Point {
    match point {
        Point::Inside => Point::InsideGranted,
        Point::Queued => Point::QueuedGranted,
        other => other,
    }
}

/// What the runtime and the library open once for all is not a leak.
fn warm_up<H: Host>(host: &H, place: &Place, slocket: &Lock<H>) {
    let guard = host.block_on(slocket.acquire()).expect("acquire");
    drop(Waiter::asked(host, &lock::<H>(place)));
    guard.release().expect("release");
}

impl<'a, H: Host> Scene<'a, H> {
    fn new(host: &'a H, place: &'a Place, slocket: &'a Lock<H>, player: &'a mut Player) -> Self {
        let (player_holds, fillers) = (false, Vec::new());
        Self {
            host,
            place,
            slocket,
            player,
            player_holds,
            stranger: None,
            server: None,
            fillers,
            guard: None,
            first: None,
        }
    }

    fn leave_a_dead_socket(&mut self) {
        let stranger = File::open(self.place.folder()).expect("the folder");
        flock(&stranger, FlockOperation::LockExclusive).expect("flock");
        self.stranger = Some(stranger);
        drop(self.bind_elsewhere());
        self.move_to_the_path();
    }

    /// A server that hands over, with a queue of the shortest length, full.
    fn serve(&mut self, backlog: i32) {
        let server = self.bind_elsewhere();
        listen(&server, backlog).expect("listen");
        self.fillers = fill(&self.place.note("socket"));
        self.move_to_the_path();
        self.server = Some(UnixListener::from(server));
        self.stranger = None;
    }

    fn make_room(&mut self) {
        for _ in self.fillers.drain(..) {
            self.server.as_ref().expect("a server").accept().expect("accept");
        }
    }

    fn send_away(&mut self) {
        self.server.as_ref().expect("a server").accept().expect("accept");
    }

    fn clone_acquires(&mut self) {
        self.guard = Some(self.host.block_on(self.slocket.acquire()).expect("acquire"));
    }

    fn player_acquires(&mut self) {
        self.player.acquire();
        self.player_holds = true;
    }

    fn player_releases(&mut self) {
        self.player.release();
        self.player_holds = false;
    }

    fn bind_elsewhere(&self) -> OwnedFd {
        let path = self.place.note("socket");
        let server =
            socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).expect("a socket");
        bind(&server, &SocketAddrUnix::new(&path).expect("an address")).expect("bind");
        // The mark: it is handed over only.
        mark::set(&path, true, 0o600);
        server
    }

    fn move_to_the_path(&self) {
        fs::rename(self.place.note("socket"), self.place.lock()).expect("rename");
    }

    /// Every process that has something to do with the lock goes, except the acquires.
    fn end(mut self) {
        if self.player_holds {
            self.player_releases();
        }
        if self.server.take().is_some() || self.nobody_listens() {
            fs::remove_file(self.place.lock()).expect("remove");
        }
    }

    /// Whether there is something at the path, and no process listens there.
    fn nobody_listens(&self) -> bool {
        self.place.lock().symlink_metadata().is_ok() && UnixStream::connect(self.place.lock()).is_err()
    }
}

/// Connects until the queue is full; returns the connections in it.
fn fill(path: &Path) -> Vec<UnixStream> {
    let address = SocketAddrUnix::new(path).expect("an address");
    let mut queued = Vec::new();
    loop {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).expect("a socket");
        match connect(&socket, &address) {
            Ok(()) => queued.push(UnixStream::from(socket)),
            Err(rustix::io::Errno::AGAIN) => return queued,
            Err(error) => panic!("{error}"),
        }
    }
}
