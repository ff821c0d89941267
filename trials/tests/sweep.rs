//! The sweeps over system calls, as far as time allows: each of `sync` where that is quick, samples of the others. The
//! whole is `cargo xtask kill-sweep`, `pause-sweep`, `error-sweep`.
#![cfg(target_arch = "x86_64")]

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::libc;
use rustix::process::Signal;
use trials::player::Heard;
use trials::refusal::Refusal;
use trials::sweep::{Choice, Role, Sweep};
use trials::{Adapter, PATIENCE, Place, Player, alone, node_or_skip, process, tell, wait_until_queued};

#[test]
fn killed_at_each_call() {
    let roles: Vec<Role> = of_the_lock().into_iter().filter(|role| *role != Role::Lends).collect();
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
    check(Sweep::Kill, &Adapter::OURS[1..], &of_the_lock(), Choice::Some(3));
}

#[test]
fn the_repairer_is_killed_too() {
    check(Sweep::KillPairs, &[Adapter::Sync], &of_the_lock(), Choice::Some(4));
}

#[test]
fn held_still_at_each_call() {
    // The others have less to lose, and take longer: a sample does.
    let roles = [Role::Newcomer, Role::Aside, Role::HandsOver, Role::ClosesOut, Role::Reclaims];
    check(Sweep::Pause, &[Adapter::Sync], &roles, Choice::Whole);
}

#[test]
fn held_still_at_some_calls() {
    check(Sweep::Pause, &Adapter::OURS, &of_the_lock(), Choice::Some(2));
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
    check(Sweep::Error, &[Adapter::Sync], &of_the_lock(), Choice::Some(15));
    check(Sweep::Error, &Adapter::OURS[1..], &of_the_lock(), Choice::Some(2));
}

#[test]
fn killed_at_some_calls_for_shares() {
    check(Sweep::Kill, &[Adapter::Sync], &about_shares(), Choice::Some(30));
    check(Sweep::Kill, &Adapter::OURS[1..], &about_shares(), Choice::Some(1));
    check(Sweep::KillPairs, &[Adapter::Sync], &about_shares(), Choice::Some(2));
}

#[test]
fn held_still_at_some_calls_for_shares() {
    check(Sweep::Pause, &[Adapter::Sync], &about_shares(), Choice::Some(8));
    check(Sweep::Pause, &Adapter::OURS[1..], &about_shares(), Choice::Some(1));
}

#[test]
fn some_calls_for_shares_fail() {
    check(Sweep::Error, &[Adapter::Sync], &about_shares(), Choice::Some(15));
    check(Sweep::Error, &Adapter::OURS[1..], &about_shares(), Choice::Some(2));
}

#[test]
fn killed_at_each_call_about_a_file() {
    check(Sweep::Kill, &[Adapter::Sync], &[Role::NewcomerInFile, Role::SharesInFile], Choice::Whole);
    // (It looks again and again, with as many calls.)
    check(Sweep::Kill, &[Adapter::Sync], &[Role::WaiterInFile], Choice::Some(30));
}

#[test]
fn held_still_at_each_call_about_a_file() {
    check(Sweep::Pause, &[Adapter::Sync], &in_file(), Choice::Some(8));
}

#[test]
fn some_calls_about_a_file_fail() {
    check(Sweep::Error, &[Adapter::Sync], &in_file(), Choice::Some(15));
}

fn of_the_lock() -> Vec<Role> {
    Role::ALL.into_iter().filter(|role| !role.is_about_shares() && !role.is_in_file()).collect()
}

fn about_shares() -> Vec<Role> {
    Role::ALL.into_iter().filter(|role| role.is_about_shares() && !role.is_in_file()).collect()
}

fn in_file() -> Vec<Role> {
    Role::ALL.into_iter().filter(|role| role.is_in_file()).collect()
}

/// Clients of npm's come again as soon as they are sent away: a release to which no grant can be sent must not go on with them
/// for ever, whether the system has no room for a message or they are said to be gone.
#[test]
fn no_grant_reaches_clients_that_come_again() {
    /// So many that the queue is never empty.
    const CLIENTS: usize = 32;
    let _alone = alone();
    for (errno, most) in [(libc::ENOBUFS, 1), (libc::EPIPE, 4_098)] {
        let place = Place::new();
        let refusal = Refusal { call: libc::SYS_sendmsg, arguments: &[], errno: errno.unsigned_abs() };
        let mut holder = refusal.around(|| Player::start(Adapter::Sync, &place.lock()));
        holder.acquire();
        let (released, sent_away) = (AtomicBool::new(false), AtomicUsize::new(0));
        let answer = thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    while !released.load(Ordering::SeqCst) {
                        if let Ok(mut client) = UnixStream::connect(place.lock()) {
                            let _ = client.read(&mut [0]);
                            sent_away.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
            wait_until_queued(&place.lock(), CLIENTS);
            holder.send("release");
            let answer = holder.hear(PATIENCE);
            released.store(true, Ordering::SeqCst);
            // Else the processes that still wait would do so for ever.
            if answer == Heard::Nothing {
                process::signal(holder.pid(), Signal::KILL);
            }
            answer
        });
        let sent_away = sent_away.into_inner();
        assert_eq!(answer, Heard::Answer("released".to_owned()), "{sent_away} were sent away");
        // And all that were in the queue when it was given up.
        assert!((CLIENTS..=most + 2 * CLIENTS).contains(&sent_away), "{sent_away} were sent away: {errno}");
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
