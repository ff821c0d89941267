//! A process that retains the lock: what that costs, and what others see.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use trials::player::binary;
use trials::trace::{self, of_library as library};
use trials::{
    Adapter, Fork, Place, Player, alone, at_path_and_name, node_or_skip, process, strace_or_skip, tell,
    wait_until_queued, watch_for,
};

/// It stays retained for as long as a trial takes.
const RETAIN: &str = "--retain=600000";

/// Rounds in which no system call is made.
const ROUNDS: u32 = 1000;

at_path_and_name! {
    a_retained_lock_takes_no_system_call
    a_process_that_comes_is_served
    a_busy_process_serves_the_others
    a_lock_that_is_not_used_is_given_back
    settling_gives_back_what_is_retained
    a_process_that_is_killed_leaves_the_lock_free
    a_process_that_stands_still_holds_up_others_and_loses_nothing
    a_child_does_not_find_what_its_parent_retains
    a_program_that_the_process_becomes_has_no_part_in_it
    a_process_retains_no_share
    others_are_told_that_it_may_be_retained
}

fn retainer(place: &Place) -> Player {
    Player::start_with(Adapter::under_trial(), &place.lock(), &[RETAIN])
}

fn other(place: &Place) -> Player {
    Player::start(Adapter::under_trial(), &place.lock())
}

/// It acquires the lock once, and retains it.
fn retain(player: &mut Player) {
    player.acquire();
    player.release();
}

/// Whether some process listens at the lock.
fn is_retained(place: &Place) -> bool {
    trials::queue::listener(&place.lock()).is_some()
}

/// A runtime with threads makes calls of its own, when a task goes from one thread to another.
fn is_of_runtime(call: &trace::Call) -> bool {
    let waits = ["epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "futex", "read", "sched_yield", "write"];
    Adapter::under_trial().brings_threads() && waits.contains(&call.name())
}

fn a_retained_lock_takes_no_system_call(place: &Place) {
    if !strace_or_skip() {
        return;
    }
    let _alone = alone();
    let file = place.note("trace");
    let mut player = Player::start_traced_with(Adapter::under_trial(), &place.lock(), &file, &[RETAIN]);
    // The first rounds pay for what later ones reuse. And a look at the queue falls due now and then, as often as the machine
    // is slow: some rounds of these have none.
    for _ in 0..10 {
        player.send(format!("marked {ROUNDS}"));
        player.expect(format!("done {ROUNDS}"));
    }
    player.quit();
    let calls = trace::read(&file);
    let begins = calls.iter().enumerate().filter(|(_, call)| call.line.contains("mark: begin"));
    let between = |begin: usize| library(trace::between(&calls[begin..], "mark: begin", "mark: end"));
    let counts: Vec<_> =
        begins.map(|(begin, _)| between(begin).iter().filter(|call| !is_of_runtime(call)).count()).collect();
    tell(format!("retained: system calls in {ROUNDS} rounds each: {counts:?}"));
    assert_eq!(counts.len(), 10);
    if Adapter::under_trial().brings_threads() {
        // (Traced, its threads wake each other so slowly that a look falls due every few rounds.)
        assert!(
            counts[1..].iter().all(|count| *count < ROUNDS as usize / 4),
            "a look once in a while, and no more: {counts:?}"
        );
        return;
    }
    assert!(counts[1..].contains(&0), "{counts:?}");
    assert!(counts[1..].iter().sum::<usize>() < 40, "a look at the queue once in a while, and no more: {counts:?}");
}

fn a_process_that_comes_is_served(place: &Place) {
    let (mut retainer, mut other) = (retainer(place), other(place));
    for _ in 0..20 {
        retain(&mut retainer);
        other.acquire();
        retainer.send("acquire");
        wait_until_queued(&place.lock(), 1);
        assert_eq!(retainer.answer_now(), None, "two holders");
        other.release();
        retainer.expect_held();
        // It holds: no other is served before it has released.
        other.send("acquire");
        wait_until_queued(&place.lock(), 1);
        assert_eq!(other.answer_now(), None, "two holders");
        retainer.release();
        other.expect_held();
        other.release();
    }
    retainer.quit();
    other.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

fn a_busy_process_serves_the_others(place: &Place) {
    let (mut busy, mut other) = (retainer(place), other(place));
    let (counter, log) = (place.counter(), place.log("other"));
    busy.send(format!("busy 3 {} {}", counter.display(), place.log("busy").display()));
    busy.expect("busy");
    other.send(format!("rounds 300 0 {} {}", counter.display(), log.display()));
    other.expect_done(300);
    busy.send("idle");
    let answer = busy.answer();
    let held: u64 = answer.strip_prefix("idle ").and_then(|held| held.parse().ok()).expect("so many");
    busy.quit();
    other.quit();
    assert_eq!(place.leftovers(), [""; 0]);
    place.assert_exclusive(300 + held);
    tell(format!("retained: 300 holds of another process beside {held} of three threads"));
}

fn a_lock_that_is_not_used_is_given_back(place: &Place) {
    let mut player = Player::start_with(Adapter::under_trial(), &place.lock(), &["--retain=200"]);
    retain(&mut player);
    assert!(is_retained(place));
    watch_for("the lock to be given back", || (!is_retained(place)).then_some(()));
    assert_eq!(place.leftovers(), [""; 0]);
    // It takes it again.
    retain(&mut player);
    assert!(is_retained(place));
    watch_for("the lock to be given back", || (!is_retained(place)).then_some(()));
    // And then there is nothing more to watch.
    watch_for("the thread to end", || (process::threads_named(player.pid(), "slocket-keep") == 0).then_some(()));
    player.quit();
}

fn settling_gives_back_what_is_retained(place: &Place) {
    let mut player = retainer(place);
    retain(&mut player);
    assert!(is_retained(place));
    player.send("settle");
    player.expect("settled");
    assert!(!is_retained(place));
    assert_eq!(place.leftovers(), [""; 0]);
    player.quit();
}

fn a_process_that_is_killed_leaves_the_lock_free(place: &Place) {
    let mut other = other(place);
    for holds in [false, true] {
        let mut retainer = retainer(place);
        retain(&mut retainer);
        if holds {
            retainer.acquire();
        }
        retainer.kill();
        other.acquire();
        other.release();
    }
    // And while a process waits for it to be passed on.
    let mut retainer = retainer(place);
    retain(&mut retainer);
    process::stop(retainer.pid());
    other.send("acquire");
    wait_until_queued(&place.lock(), 1);
    retainer.kill();
    other.expect_held();
    other.release();
    other.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

fn a_process_that_stands_still_holds_up_others_and_loses_nothing(place: &Place) {
    let (mut retainer, mut other) = (retainer(place), other(place));
    retain(&mut retainer);
    process::stop(retainer.pid());
    other.send("acquire");
    wait_until_queued(&place.lock(), 1);
    assert_eq!(other.answer_now(), None, "it is not passed on by another");
    process::resume(retainer.pid());
    other.expect_held();
    other.release();
    retain(&mut retainer);
    retainer.quit();
    other.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

fn a_child_does_not_find_what_its_parent_retains(place: &Place) {
    let (mut parent, mut other) = (retainer(place), other(place));
    retain(&mut parent);
    let mut child: Fork = parent.fork();
    parent.acquire();
    // A second process, like any other.
    assert_eq!(child.ask("try"), "would-block", "two holders");
    child.send("acquire");
    wait_until_queued(&place.lock(), 1);
    parent.release();
    child.expect("held");
    other.send("acquire");
    wait_until_queued(&place.lock(), 1);
    assert_eq!(other.answer_now(), None, "two holders");
    assert_eq!(child.ask("release"), "released");
    other.expect_held();
    other.release();
    // What the child retains is its own.
    retain(&mut parent);
    assert_eq!(child.ask("acquire"), "held");
    assert_eq!(child.ask("release"), "released");
    retain(&mut other);
    retain(&mut parent);
    parent.quit();
    child.quit();
    other.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

fn a_program_that_the_process_becomes_has_no_part_in_it(place: &Place) {
    let (mut retainer, mut other) = (retainer(place), other(place));
    retain(&mut retainer);
    retainer.send("exec");
    retainer.expect("exec");
    other.acquire();
    other.release();
    other.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

fn a_process_retains_no_share(place: &Place) {
    if place.is_at_name() {
        return;
    }
    let (mut retainer, mut other) = (retainer(place), other(place));
    retain(&mut retainer);
    // What it retains is passed on for it.
    retainer.send("share");
    retainer.expect("held shared");
    other.send("share");
    other.expect("held shared");
    other.release();
    other.send("acquire");
    watch_for("the writer to wait", || (process::state(other.pid())? == 'S').then_some(()));
    assert_eq!(other.answer_now(), None, "a holder beside a share");
    retainer.release();
    other.expect_held();
    other.release();
    // A lock that becomes a share is not retained, either.
    retain(&mut retainer);
    retainer.acquire();
    retainer.send("downgrade");
    retainer.expect("held shared");
    other.send("share");
    other.expect("held shared");
    other.release();
    retainer.release();
    retainer.quit();
    other.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

fn others_are_told_that_it_may_be_retained(place: &Place) {
    let status = |options: &[&str]| {
        let output = Command::new(binary("slocket")).arg("status").args(options).arg(place.lock()).output();
        String::from_utf8(output.expect("the tool").stdout).expect("UTF-8")
    };
    let (mut retainer, mut other) = (retainer(place), other(place));
    other.acquire();
    assert!(status(&[]).contains(": held by pid"), "{}", status(&[]));
    assert!(!status(&["--json"]).contains("retains"), "{}", status(&["--json"]));
    other.release();
    retain(&mut retainer);
    let text = status(&[]);
    assert!(text.contains(&format!(": held, or retained, by pid {}", retainer.pid())), "{text}");
    let json = status(&["--json"]);
    assert!(json.contains("\"retains\": true") && json.contains("\"state\": \"held\""), "{json}");
    // (The tool looks, and takes nothing.)
    assert!(is_retained(place));
    assert_eq!(other.ask("holder"), format!("holder {} {}", retainer.pid(), rustix::process::getuid().as_raw()));
    retainer.quit();
    other.quit();
}

/// A path that a user removes by hand is another's by now: a retained lock is not trusted for long.
#[test]
fn a_path_that_is_removed_by_hand_is_noticed() {
    let place = Place::new();
    let (mut retainer, mut other) = (retainer(&place), other(&place));
    retain(&mut retainer);
    fs::remove_file(place.lock()).expect("the socket");
    let removed = Instant::now();
    other.acquire();
    // Not to wait for anything: for so long the last look is good.
    thread::sleep(Duration::from_millis(30).saturating_sub(removed.elapsed()));
    retainer.send("acquire");
    wait_until_queued(&place.lock(), 1);
    assert_eq!(retainer.answer_now(), None, "two holders");
    other.release();
    retainer.expect_held();
    retainer.release();
    retainer.quit();
    other.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// npm's slocket is lent the lock: that is not retained, and what comes back from it is passed on.
#[test]
fn an_npm_client_is_lent_what_is_retained() {
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut retainer = retainer(&place);
    let mut npm = Player::start(Adapter::Node, &place.lock());
    for _ in 0..5 {
        retain(&mut retainer);
        npm.acquire();
        retainer.send("acquire");
        watch_for("the retainer to queue", || (process::state(retainer.pid())? == 'S').then_some(()));
        assert_eq!(retainer.answer_now(), None, "two holders");
        npm.release();
        retainer.expect_held();
        retainer.release();
    }
    npm.acquire();
    npm.release();
    retainer.quit();
    npm.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}
