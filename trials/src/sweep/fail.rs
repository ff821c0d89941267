//! Each system call of a victim fails, with each error that is possible there: a clear error or a recovery, nothing else.

use std::fs;
use std::time::Duration;

use nix::errno::Errno;

use super::errors;
use super::errors::Fails;
use super::outcome::{assert_clean, assert_one_holder};
use super::points::{Choice, calls, within_bound};
use super::scene::{self, Nobody, Role, Scene, is_share};
use super::tally::Tally;
use crate::adapter::Adapter;
use crate::calls::name;
use crate::player::Player;
use crate::process;
use crate::random::Random;
use crate::stepper::{Deed, Failure, Side, Stop};

/// How long a victim may wait whose calls fail for ever, before they fail no more.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Makes each call fail in each way.
#[must_use]
pub fn sweep(adapter: Adapter, role: Role, choice: Choice, random: &mut Random) -> Tally {
    let mut tally = Tally::default();
    let mut points = Vec::new();
    let calls = calls(adapter, role, true);
    for (index, call) in calls.iter().enumerate() {
        let number = call.number;
        let at = calls[..index].iter().filter(|call| call.number == number).count();
        let call = name(number);
        if role.is_in_file() && call == "clone3" && at == 1 {
            // The package notify keeps a descriptor for good if its thread cannot be started although another could just before.
            continue;
        }
        match errors::of(&call) {
            None => tally.failures.push(format!("{} {}: no errors are known of {call}", adapter.name(), role.name())),
            Some(Err(_reason)) => {}
            Some(Ok(errors)) => {
                for error in errors.iter().filter(|error| !is_lie(role, &call, error)) {
                    let ways = error.ways(number);
                    points.extend(ways.map(|failure| (at, call.clone(), failure, error.may_wait)));
                }
            }
        }
    }
    if let Choice::Some(number) = choice {
        points = random.sample(&points, number);
    }
    for (at, call, failure, may_wait) in points {
        if tally.is_hopeless() {
            break;
        }
        let often = if failure.forever { "for ever" } else { "once" };
        let what =
            format!("{} {}, {call} ({at} before it) fails {often}: {}", adapter.name(), role.name(), failure.errno);
        let end = tally.attempt(&what, |trace| run(adapter, role, at, &call, failure, may_wait, trace));
        match end {
            // A runtime with threads made fewer of these.
            Some(End::NotReached) => continue,
            Some(End::Recovered { waited, temporary }) => {
                tally.recovered += 1;
                tally.waited += usize::from(waited);
                tally.temporary += usize::from(temporary);
            }
            Some(End::Failed) | None => {}
        }
        tally.points += 1;
    }
    tally
}

/// How a run ended.
enum End {
    /// There was no such call.
    NotReached,
    /// The victim did its part all the same.
    Recovered { waited: bool, temporary: bool },
    /// It said clearly why not.
    Failed,
}

fn run(
    adapter: Adapter,
    role: Role,
    at: usize,
    call: &str,
    failure: Failure,
    may_wait: bool,
    trace: &mut String,
) -> End {
    let mut scene = Scene::set(adapter, role, true);
    let pid = scene.victim.as_ref().expect("a victim").pid();
    let there_before = scene.place.leftovers();
    // (It looks through all processes, step by step.)
    let patience = if role == Role::GivesUpOnShares { 4 * PATIENCE } else { PATIENCE };
    scene.step(&[Stop { at, side: Side::Before, deed: Deed::Fail(failure) }], patience);
    scene.play(&mut Nobody);
    let record = scene.unstep().clone();
    *trace = format!("{record}    said {:?}\n", scene.answers);
    let complaints = fs::read_to_string(scene.place.note("complaints")).expect("what it wrote to stderr");
    assert!(!complaints.contains("panicked"), "{complaints}");
    assert!(scene.victim.is_some(), "the victim died: {complaints}");
    if !record.calls.iter().any(|made| made.failed) {
        scene.clear();
        return End::NotReached;
    }
    assert!(may_wait || !scene.waited, "it waited for as long as the call failed");
    let mut is_error = false;
    for answer in &scene.answers {
        is_error |= is_clear_error(answer, &scene);
    }
    scene.serve();

    // A reclaimer that fails leaves what it found.
    let mut left = scene.place.leftovers();
    left.retain(|name| role != Role::Reclaims || !there_before.contains(name));
    // FIFOs that it could not remove go with the next use.
    left.retain(|name| !is_share(name) || !role.is_about_shares());
    assert!(left.is_empty() || may_leave(role, call, failure, &scene.answers), "left in the lock's folder: {left:?}");
    let victim = scene.victim.as_mut().expect("a victim");
    for (command, answer) in [("acquire", "held"), ("release", "released"), ("settle", "settled")] {
        victim.send(command);
        within_bound(&format!("the victim to {command} again"), || {
            victim.answer_now().map(|got| assert_eq!(got, answer, "{command} again"))
        });
    }
    let left = scene.place.leftovers();
    assert!(!left.iter().any(|name| is_share(name)), "left in the lock's folder by the next use: {left:?}");
    process::wait_until_it_watches_nothing(pid);
    assert_eq!(scene::descriptors(pid), scene.idle, "descriptors afterwards, and before it used the lock");
    let mut other = Player::start(adapter, &scene.place.lock());
    other.begin_rounds(1, 0, &scene.place);
    within_bound("another to be served", || other.answer_now().map(|answer| assert_eq!(answer, "done 1")));
    other.quit();
    let waited = scene.waited;
    scene.clear();
    assert_one_holder(&scene.place);
    let temporary = assert_clean(&scene.place, at.is_multiple_of(2));
    let complaints = fs::read_to_string(scene.place.note("complaints")).expect("what it wrote to stderr");
    assert!(!complaints.contains("panicked"), "{complaints}");
    if is_error { End::Failed } else { End::Recovered { waited, temporary } }
}

/// Whether it says that a FIFO that is there is not, the other way round, or that a process has a share when none has: what is
/// believed of shares is what these calls say.
fn is_lie(role: Role, call: &str, error: &Fails) -> bool {
    let says = |what| call == what && role.is_about_shares();
    match error.errno {
        Errno::ENOENT => says("openat") || says("newfstatat") || says("unlinkat"),
        Errno::EEXIST => says("mknodat"),
        Errno::EAGAIN => says("read"),
        _ => false,
    }
}

/// Whether an answer is an error; it must name the path then.
fn is_clear_error(answer: &str, scene: &Scene) -> bool {
    let Some(error) = answer.strip_prefix("error ") else { return false };
    let lock = scene.place.path();
    let (kind, message) = error.split_once(' ').expect("a kind and a message");
    assert_ne!(kind, "Usage", "{answer}");
    assert!(message.contains(&*lock.to_string_lossy()), "does not name the lock: {answer}");
    true
}

/// Whether something may be left, to go with the next use of the lock: no process could unlink it; or the release said that
/// whether it is ours could not be told; or a waiter that was handed the lock can never tell.
fn may_leave(role: Role, call: &str, failure: Failure, answers: &[String]) -> bool {
    let fails = |answer: Option<&String>| answer.is_some_and(|answer| answer.starts_with("error "));
    let has_held = role.begins_as_holder() || answers.first().is_some_and(|answer| answer.starts_with("held"));
    match call {
        "unlinkat" => true,
        // Once it is made, only a process that has it locked may remove it.
        _ if role.is_in_file() => true,
        // The release was answered; when the loan is back, there is no caller to tell.
        "newfstatat" if role == Role::Lends => true,
        // Of the lock in hand, when a share was taken or cleaned up after: it is dead.
        "newfstatat" if role.share().is_some() => failure.forever,
        "newfstatat" if has_held => fails(answers.last()),
        "newfstatat" => role == Role::Waiter && failure.forever && fails(answers.first()),
        _ => false,
    }
}
