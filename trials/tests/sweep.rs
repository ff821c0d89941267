//! The sweeps over system calls, as far as time allows: each of `sync` where that is quick, samples of the others. The
//! whole is `cargo xtask kill-sweep`, `pause-sweep`, `error-sweep`.
#![cfg(target_arch = "x86_64")]

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::libc;
use trials::player::Heard;
use trials::stepper::{Deed, Failure, Side, Stepper, Stop};
use trials::sweep::{Choice, Role, Sweep};
use trials::{Adapter, PATIENCE, Place, Player, alone, node_or_skip, tell, wait_until_queued};

#[test]
fn killed_at_each_call() {
    let roles: Vec<Role> = Role::ALL.into_iter().filter(|role| *role != Role::Lends).collect();
    check(Sweep::Kill, &[Adapter::Sync], &roles, Choice::Whole);
}

#[test]
fn killed_at_some_calls_of_a_lender() {
    if !node_or_skip() {
        return;
    }
    // With Node a run takes ten times as long.
    check(Sweep::Kill, &[Adapter::Sync], &[Role::Lends], Choice::Some(30));
}

#[test]
fn killed_at_some_calls_with_a_runtime() {
    check(Sweep::Kill, &Adapter::OURS[1..], &Role::ALL, Choice::Some(3));
}

#[test]
fn who_repairs_is_killed_too() {
    check(Sweep::KillPairs, &[Adapter::Sync], &Role::ALL, Choice::Some(4));
}

#[test]
fn held_still_at_each_call() {
    // The others have less to lose, and take longer: a sample does.
    let roles = [Role::Newcomer, Role::Aside, Role::HandsOver, Role::ClosesOut, Role::Reclaims];
    check(Sweep::Pause, &[Adapter::Sync], &roles, Choice::Whole);
}

#[test]
fn held_still_at_some_calls() {
    check(Sweep::Pause, &Adapter::OURS, &Role::ALL, Choice::Some(2));
}

#[test]
fn held_still_around_the_probe() {
    check(Sweep::PauseAtProbe, &[Adapter::Sync], &[Role::Reclaims], Choice::Whole);
}

#[test]
fn held_still_twice() {
    check(Sweep::PausePairs, &[Adapter::Sync], &[Role::Reclaims], Choice::Some(4));
}

/// A socket that was bound, and could not be looked at, was left at the path.
#[test]
fn each_call_fails() {
    check(Sweep::Error, &[Adapter::Sync], &[Role::Newcomer, Role::HandsOver, Role::ClosesOut], Choice::Whole);
}

#[test]
fn some_calls_fail() {
    check(Sweep::Error, &[Adapter::Sync], &Role::ALL, Choice::Some(15));
    check(Sweep::Error, &Adapter::OURS[1..], &Role::ALL, Choice::Some(2));
}

/// Clients of npm's come again as soon as they are sent away: a release to which no grant can be sent must not go on with them
/// for ever, whether the system has no room for a message or they are said to be gone.
#[test]
fn no_grant_reaches_those_who_come_again() {
    /// So many that the queue is never empty.
    const CLIENTS: usize = 32;
    let _alone = alone();
    for (errno, most) in [(Errno::ENOBUFS, 1), (Errno::EPIPE, 4_098)] {
        let place = Place::new();
        let mut holder = Player::start_apart(Adapter::Sync, &place.lock(), &place.note("complaints"));
        holder.acquire();
        let released = AtomicBool::new(false);
        let record = thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    while !released.load(Ordering::SeqCst) {
                        if let Ok(mut client) = UnixStream::connect(place.lock()) {
                            assert_eq!(client.read(&mut [0]).unwrap_or(0), 0, "a grant");
                        }
                    }
                });
            }
            wait_until_queued(&place.lock(), CLIENTS);
            let failure = Failure { number: libc::SYS_sendmsg, errno, forever: true, takes_effect: false };
            let stepper =
                Stepper::attach(&holder, &place, &[Stop { at: 0, side: Side::Before, deed: Deed::Fail(failure) }]);
            holder.send("release");
            let answer = holder.hear(PATIENCE);
            released.store(true, Ordering::SeqCst);
            let record = stepper.finish();
            assert_eq!(answer, Heard::Answer("released".to_owned()), "{} calls", record.calls.len());
            record
        });
        let failed = record.calls.iter().filter(|call| call.failed).count();
        assert!((1..=most).contains(&failed), "{failed} grants were tried: {errno}");
        holder.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// With another seed each time, which is told; `SLOCKET_SEED` brings one back.
fn check(sweep: Sweep, adapters: &[Adapter], roles: &[Role], choice: Choice) {
    let seed = std::env::var("SLOCKET_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs()));
    tell("");
    sweep.run(adapters, roles, choice, seed).unwrap_or_else(|failure| panic!("{failure}"));
}
