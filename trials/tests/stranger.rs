//! A stranger that runs flock(1) on the lock's folder, and the temporary names of sockets published aside.

use std::fs::{self, File};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use trials::{Adapter, Place, Player, alone, tell, wait_until_queued, watch_for};

#[test]
fn a_stranger_delays_no_process() {
    const ROUNDS: u64 = 200;
    let _alone = alone();
    let place = Place::new();
    let mut player = Player::start(Adapter::under_trial(), &place.lock());
    let time = |player: &mut Player| {
        let start = Instant::now();
        player.begin_rounds(ROUNDS, 0, &place);
        player.expect_done(ROUNDS);
        start.elapsed() / u32::try_from(ROUNDS).expect("small")
    };
    let before = time(&mut player);
    let stranger = guard(place.folder());
    let during = time(&mut player);
    drop(stranger);
    player.quit();
    place.assert_exclusive(2 * ROUNDS);
    tell(format!("stranger: a round takes {before:?}, and {during:?} while a stranger has the folder's flock"));
    // The stranger never lets go in between: a process that waited for it would hang. A pause per round would show as a factor.
    assert!(during < before * 20 + Duration::from_millis(1), "delayed by a stranger: {before:?}, then {during:?}");
}

#[test]
fn exclusion_holds_while_a_stranger_comes_and_goes() {
    const PLAYERS: u64 = 6;
    const ROUNDS: u64 = 300;
    let _alone = alone();
    let place = Place::new();
    let mut players: Vec<_> = (0..PLAYERS).map(|_| Player::start(Adapter::under_trial(), &place.lock())).collect();
    let stranger = guard(place.folder());
    for player in &mut players {
        player.begin_rounds(ROUNDS, 0, &place);
    }
    let mut stranger = Some(stranger);
    for player in &players {
        watch_for("a player to be done", || {
            stranger = if stranger.take().is_some() { None } else { try_guard(place.folder()) };
            player.answer_now()
        });
    }
    players.into_iter().for_each(Player::quit);
    place.assert_exclusive(PLAYERS * ROUNDS);
}

#[test]
fn publishing_aside_leaves_no_temporary_name() {
    let _alone = alone();
    let place = Place::new();
    let mut player = Player::start(Adapter::under_trial(), &place.lock());
    let stranger = guard(place.folder());
    player.acquire();
    assert_eq!(place.leftovers(), ["lock"]);
    let mut waiter = Player::start(Adapter::under_trial(), &place.lock());
    waiter.send("acquire");
    wait_until_queued(&place.lock(), 1);
    assert_eq!(place.leftovers(), ["lock"]);
    player.release();
    waiter.expect_held();
    assert_eq!(place.leftovers(), ["lock"]);
    waiter.release();
    assert_eq!(place.leftovers(), [""; 0]);
    drop(stranger);
    player.quit();
    waiter.quit();
}

#[test]
fn a_dead_temporary_name_goes_with_the_next_aside_publication() {
    let _alone = alone();
    let place = Place::new();
    let dead = temporary(&place, 1);
    drop(UnixListener::bind(&dead).expect("bind"));
    let alive = temporary(&place, 2);
    let _alive = UnixListener::bind(&alive).expect("bind");
    let file = temporary(&place, 3);
    fs::write(&file, "no socket").expect("write");
    let mut player = Player::start(Adapter::under_trial(), &place.lock());

    player.acquire();
    player.release();
    assert!(dead.exists(), "in place, the folder is not swept: what is tested below would be no test");
    let stranger = guard(place.folder());
    player.acquire();
    assert!(!dead.exists(), "the dead socket is still there");
    assert!(alive.exists(), "the living socket was swept");
    assert!(file.exists(), "a file that is not a socket was swept");
    player.release();
    drop(stranger);
    player.quit();
}

#[test]
fn a_dead_temporary_name_goes_with_the_next_reclaim() {
    let _alone = alone();
    let place = Place::new();
    let dead = temporary(&place, 1);
    drop(UnixListener::bind(&dead).expect("bind"));
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    holder.acquire();
    holder.kill();
    assert_eq!(place.leftovers(), [".slocket-0000000000000001", "lock"]);
    let mut player = Player::start(Adapter::under_trial(), &place.lock());
    player.acquire();
    player.release();
    player.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// Publishers killed at any instant leave what the next ones sweep.
#[test]
fn publishers_are_killed() {
    const ROUNDS: usize = 30;
    let _alone = alone();
    let place = Place::new();
    let mut left = 0;
    for round in 0..ROUNDS {
        let stranger = guard(place.folder());
        let mut players: Vec<_> = (0..3).map(|_| Player::start(Adapter::under_trial(), &place.lock())).collect();
        for player in &mut players {
            player.begin_rounds(1_000_000, 0, &place);
        }
        let log = place.log(players[round % 3].name());
        watch_for("some rounds", || (fs::metadata(&log).ok()?.len() > 200 + 37 * round as u64).then_some(()));
        players.into_iter().for_each(Player::kill);
        left += place.leftovers().iter().filter(|name| name.starts_with(".slocket-")).count();
        drop(stranger);

        let mut next = Player::start(Adapter::under_trial(), &place.lock());
        // Repairs the path; with the second, which is published aside, all temporary names go.
        next.acquire();
        next.release();
        let stranger = guard(place.folder());
        next.acquire();
        next.release();
        drop(stranger);
        next.quit();
        assert_eq!(place.leftovers(), [""; 0], "left after publishers were killed");
    }
    assert_eq!(place.report().overlaps, []);
    tell(format!("stranger: {ROUNDS} rounds of publishers killed, {left} temporary names left by them and swept"));
}

/// Nothing can be reclaimed without the exclusive guard; but once the stranger is gone, it is.
#[test]
fn a_dead_holder_is_repaired_once_the_stranger_is_gone() {
    let _alone = alone();
    let place = Place::new();
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    holder.acquire();
    let stranger = guard(place.folder());
    holder.kill();
    let mut player = Player::start(Adapter::under_trial(), &place.lock());
    let answer = player.ask("acquire-for 200");
    assert!(answer.starts_with("timed-out"), "{answer}");
    player.send("acquire");
    drop(stranger);
    player.expect_held();
    player.release();
    player.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// What `flock FOLDER` does.
fn guard(folder: &Path) -> File {
    let file = File::open(folder).expect("the folder");
    rustix::io::retry_on_intr(|| flock(&file, FlockOperation::LockExclusive)).expect("flock");
    file
}

fn try_guard(folder: &Path) -> Option<File> {
    let file = File::open(folder).expect("the folder");
    flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok().then_some(file)
}

fn temporary(place: &Place, number: u64) -> PathBuf {
    place.folder().join(format!(".slocket-{number:016x}"))
}
