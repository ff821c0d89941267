//! What a lock costs: system calls, threads, processor time.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::{Duration, Instant};

use trials::process::processor_share;
use trials::trace::{self, Call, USED, of_library as library};
use trials::{
    Adapter, Place, Player, alone, at_path_and_name, in_file, node_or_skip, process, strace_or_skip, tell,
    wait_until_queued, watch_for,
};

/// How many system calls an uncontended acquire and release may make together, published in place.
const BUDGET: usize = 15;

/// The same at an abstract name: socket, bind, listen; poll, close. The protocol needs each of them.
const BUDGET_AT_NAME: usize = 5;

/// How many a waiter may make until it holds the lock that is handed over to it, the wait among them; and a holder that hands it
/// over, with the connection by which it got the lock.
const BUDGET_OF_A_WAITER: usize = 15;
const BUDGET_TO_HAND_OVER: usize = 9;

at_path_and_name! {
    an_uncontended_lock_makes_few_system_calls
    a_contended_lock_makes_few_system_calls
    a_holder_does_no_work
    a_waiter_in_the_queue_uses_no_processor_time
}

// (What else it costs, `file.rs` counts.)
in_file! { a_holder_does_no_work }

fn an_uncontended_lock_makes_few_system_calls(place: &Place) {
    if !strace_or_skip() {
        return;
    }
    let _alone = alone();
    let file = place.note("trace");
    let mut player = Player::start_traced(Adapter::under_trial(), &place.lock(), &file);
    // The first lock of a process may pay for what later ones reuse.
    for _ in 0..2 {
        player.send("once-marked");
        player.expect("done 1");
    }
    player.quit();
    let calls = trace::read(&file);
    let second = calls.iter().rposition(|call| call.line.contains("mark: begin")).expect("the marks");
    let acquire = library(trace::between(&calls[second..], "mark: begin", "mark: held"));
    let release = library(trace::between(&calls[second..], "mark: held", "mark: end"));
    tell(format!("cost: {} system calls to acquire, {} to release:", acquire.len(), release.len()));
    for call in acquire.iter().chain(&release) {
        tell(format!("    {}", call.line));
    }
    let in_place = match place.lock().to_str().expect("UTF-8").strip_prefix('@') {
        Some(name) => format!("sun_path=@\"{name}\""),
        None => format!("sun_path=\"{}\"", place.lock().display()),
    };
    assert!(
        acquire.iter().any(|call| call.name() == "bind" && call.line.contains(&in_place)),
        "not published in place: this is not the way that is to be counted"
    );
    let sum = acquire.len() + release.len();
    let budget = if place.is_at_name() { BUDGET_AT_NAME } else { BUDGET };
    assert!(sum <= budget, "{sum} system calls, {budget} are the budget");
}

fn a_contended_lock_makes_few_system_calls(place: &Place) {
    if !strace_or_skip() {
        return;
    }
    let _alone = alone();
    let file = place.note("trace");
    let mut traced = Player::start_traced(Adapter::under_trial(), &place.lock(), &file);
    let mut before = Player::start(Adapter::under_trial(), &place.lock());
    let mut after = Player::start(Adapter::under_trial(), &place.lock());
    // The first time it learns that the path is in use, and pays for what later ones reuse.
    for _ in 0..2 {
        before.acquire();
        traced.send("acquire");
        wait_until_queued(&place.lock(), 1);
        before.release();
        traced.expect_held();
        after.send("acquire");
        wait_until_queued(&place.lock(), 1);
        traced.release();
        after.expect_held();
        after.release();
    }
    for player in [traced, before, after] {
        player.quit();
    }
    let calls = trace::read(&file);
    let second = calls.iter().rposition(|call| call.line.contains("\"acquire\\n\"")).expect("the second acquire");
    let until = |from: usize, mark: &str| {
        let end = calls[from..].iter().position(|call| call.line.contains(mark)).expect("the answer");
        of_the_protocol(&calls[from + 1..from + end])
    };
    let acquire = until(second, "write(1, \"held");
    let release = calls.iter().rposition(|call| call.line.contains("\"release\\n\"")).expect("the release");
    let release = until(release, "write(1, \"released");
    tell(format!("cost: {} system calls to wait for the lock, {} to hand it over:", acquire.len(), release.len()));
    for call in acquire.iter().chain(&release) {
        tell(format!("    {}", call.line));
    }
    assert!(acquire.iter().any(|call| call.name() == "recvmsg") && release.iter().any(|call| call.name() == "sendmsg"));
    if Adapter::under_trial() == Adapter::Sync {
        let count = |name: &str| acquire.iter().filter(|call| call.name() == name).count();
        assert_eq!((count("epoll_ctl"), count("epoll_wait")), (1, 1), "to wait");
    }
    assert!(acquire.len() <= BUDGET_OF_A_WAITER, "{} system calls, {BUDGET_OF_A_WAITER} are the budget", acquire.len());
    assert!(
        release.len() <= BUDGET_TO_HAND_OVER,
        "{} system calls, {BUDGET_TO_HAND_OVER} are the budget",
        release.len()
    );
}

/// The calls that the protocol makes, and the wait of the blocking adapter; without those with which a runtime waits.
fn of_the_protocol(calls: &[Call]) -> Vec<Call> {
    let is_sync = Adapter::under_trial() == Adapter::Sync;
    let is_ours = |call: &Call| is_sync || USED.contains(&call.name());
    library(calls).into_iter().filter(is_ours).collect()
}

fn a_holder_does_no_work(place: &Place) {
    if !strace_or_skip() {
        return;
    }
    let _alone = alone();
    let file = place.note("trace");
    let mut player = Player::start_traced(Adapter::under_trial(), &place.lock(), &file);
    let mut waiter = Player::start(Adapter::under_trial(), &place.lock());
    player.acquire();
    let threads = process::threads(player.pid());
    // A waiter makes no work either.
    waiter.send("acquire");
    wait_until_queued(&place.lock(), 1);
    // Not to wait for anything: this is the second that is looked at.
    thread::sleep(Duration::from_secs(1));
    assert_eq!(process::threads(player.pid()), threads, "threads of a holder, before and after");
    let brings_threads = Adapter::under_trial().brings_threads();
    assert!(brings_threads || threads == 1, "{threads} threads of a holder");
    player.release();
    waiter.expect_held();
    waiter.release();
    player.quit();
    waiter.quit();

    let calls = trace::read(&file);
    let threads: BTreeSet<_> = calls.iter().map(|call| call.tid).collect();
    assert!(brings_threads || threads.len() == 1, "threads that made a system call: {threads:?}");
    let held = trace::between(&calls, "write(1, \"held", "write(1, \"released");
    let read = held.iter().position(|call| call.line.contains("\"release\\n\"")).expect("the read of the command");
    let before_release = library(&held[..read]);
    assert_eq!(before_release, [], "system calls while the lock is held");
    tell("cost: no system call and no thread of the library during a hold of one second, with a waiter in the queue");
}

/// A socket at which no process listens, as an npm server leaves it behind when it is killed: it may have been lent out, so the
/// waiter waits until a user removes it.
#[test]
fn a_waiter_at_a_stale_socket_uses_no_processor_time() {
    let _alone = alone();
    let place = Place::new();
    drop(UnixListener::bind(place.lock()).expect("bind"));
    let mut waiter = Player::start(Adapter::under_trial(), &place.lock());
    waiter.send("acquire");
    watch_for("the waiter to sleep", || (process::state(waiter.pid())? == 'S').then_some(()));
    let share = processor_share([waiter.pid()])[0];
    assert_eq!(waiter.answer_now(), None, "held while the socket may be lent out");
    tell(format!("cost: a waiter at a stale socket uses {:.2} % of a processor", share * 100.0));
    assert!(share < 0.01, "a waiter at a stale socket uses {:.2} % of a processor", share * 100.0);
    fs::remove_file(place.lock()).expect("the stale socket");
    let removed = Instant::now();
    waiter.expect_held();
    tell(format!("cost: it holds {:.2} ms after the socket was removed", removed.elapsed().as_secs_f64() * 1e3));
    waiter.release();
    waiter.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// That the measure above tells a waiter that spins: npm's does.
#[test]
fn the_npm_package_spins_at_a_stale_socket() {
    if !node_or_skip() {
        return;
    }
    let _alone = alone();
    let place = Place::new();
    drop(UnixListener::bind(place.lock()).expect("bind"));
    let mut waiter = Player::start(Adapter::Node, &place.lock());
    waiter.send("acquire");
    let share = processor_share([waiter.pid()])[0];
    tell(format!("cost: the npm package at a stale socket uses {:.0} % of a processor", share * 100.0));
    assert!(share > 0.1, "the measure does not see a waiter that spins: {:.2} %", share * 100.0);
    fs::remove_file(place.lock()).expect("the stale socket");
    waiter.expect_held();
    waiter.release();
    waiter.quit();
}

fn a_waiter_in_the_queue_uses_no_processor_time(place: &Place) {
    let _alone = alone();
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    let mut waiter = Player::start(Adapter::under_trial(), &place.lock());
    holder.acquire();
    waiter.send("acquire");
    wait_until_queued(&place.lock(), 1);
    let share = processor_share([waiter.pid()])[0];
    tell(format!("cost: a waiter in the queue uses {:.2} % of a processor", share * 100.0));
    assert!(share < 0.01, "a waiter in the queue uses {:.2} % of a processor", share * 100.0);
    holder.release();
    waiter.expect_held();
    waiter.release();
    holder.quit();
    waiter.quit();
}
