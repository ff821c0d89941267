//! Every pair of a machine that can be reached and an event is defined, and no step breaks a rule of the ledger, whatever the
//! results of the calls.

mod common;

use std::collections::HashSet;

use common::explore::{BUDGET, Explored, Start, alike, at_random, explore, policy, slots};
use common::{BOTH, NAME, PRIVATE, SHARED};
use slocket_core::{Hints, Machine, Occupied, Platform, Policy, Probe, Request, Share, Stale, Ways};

const NO_HINT: Hints = Hints { in_use: false, unfixed: false, spoiled: false };
const UNFIXED: Hints = Hints { unfixed: true, ..NO_HINT };
const IN_USE: Hints = Hints { in_use: true, ..NO_HINT };
const SPOILED: Hints = Hints { spoiled: true, ..NO_HINT };
/// A path that is too long to be bound.
const LONG: Platform = Platform { lock: Ways { path: false, proc: false }, temporary: BOTH, ..PRIVATE };

const fn start(platform: Platform, hints: Hints, request: Request) -> Start {
    Start { platform: Platform { shares: false, ..platform }, hints, request, shares: false }
}

/// In a tame world, in which there are shares.
const fn shares(request: Request) -> Start {
    Start { platform: PRIVATE, hints: NO_HINT, request, shares: true }
}

/// Whatever is in the way is a failure.
const FAILS: Policy = Policy { stale: Stale::Fail, occupied: Occupied::Fail };

/// Each request, each kind of folder, each probe, and a name.
const STARTS: [Start; 19] = [
    start(SHARED, UNFIXED, Request::Acquire(policy(Stale::Reclaim))),
    start(PRIVATE, NO_HINT, Request::Acquire(policy(Stale::Wait))),
    start(PRIVATE, IN_USE, Request::Try(FAILS)),
    start(Platform { probe: Some(Probe::Stream), ..PRIVATE }, SPOILED, Request::Try(policy(Stale::Wait))),
    start(Platform { probe: Some(Probe::None), ..LONG }, NO_HINT, Request::Try(policy(Stale::Reclaim))),
    start(PRIVATE, NO_HINT, Request::Look),
    start(NAME, NO_HINT, Request::Acquire(policy(Stale::Wait))),
    start(NAME, NO_HINT, Request::Acquire(policy(Stale::Reclaim))),
    start(NAME, NO_HINT, Request::Try(policy(Stale::Wait))),
    start(NAME, IN_USE, Request::Try(policy(Stale::Fail))),
    start(NAME, NO_HINT, Request::Look),
    start(SHARED, NO_HINT, Request::Inspect),
    start(Platform { probe: Some(Probe::Stream), ..PRIVATE }, NO_HINT, Request::Inspect),
    start(NAME, NO_HINT, Request::Inspect),
    shares(Request::Acquire(policy(Stale::Wait))),
    shares(Request::Try(policy(Stale::Wait))),
    shares(Request::Share(policy(Stale::Wait), Share::Unlimited)),
    shares(Request::Share(policy(Stale::Wait), slots(2))),
    shares(Request::TryShare(policy(Stale::Wait), slots(1))),
];

/// How many kinds of calls there are.
const KINDS_OF_CALLS: usize = 47;

#[test]
fn every_step_of_every_machine_keeps_the_rules() {
    // (The longest by itself, the others beside it.)
    let (first, others) = STARTS.split_first().expect("there are some");
    let explored: Vec<(Start, Explored)> = std::thread::scope(|scope| {
        let first = scope.spawn(|| (*first, explore(*first)));
        let others: Vec<_> = others.iter().map(|start| (*start, explore(*start))).collect();
        others.into_iter().chain([first.join().expect("no rule is broken")]).collect()
    });
    let mut calls: HashSet<_> = HashSet::new();
    for (start, explored) in &explored {
        let Explored { states, steps, misuses, longest, held, background, finished, .. } = explored;
        println!(
            "{:?} at a {:?}: {states} machines with their ledgers, {steps} steps, {misuses} misuses, at most {longest} calls \
             from one wait to the next; {held} hold the lock, {background} are in the background, {finished} have finished",
            start.request, start.platform.home
        );
        assert!(*finished > 0, "{start:?}");
        assert_eq!(*held > 0, !matches!(start.request, Request::Look | Request::Inspect), "{start:?}");
        assert!(*longest < 400, "{start:?}");
        calls.extend(explored.calls.iter().copied());
    }
    let states: usize = explored.iter().map(|(_, explored)| explored.states).sum();
    let steps: usize = explored.iter().map(|(_, explored)| explored.steps).sum();
    println!("{states} machines in all, {steps} steps, {} kinds of calls", calls.len());
    assert!(states > 1_000_000 && steps > 3_000_000, "{states} {steps}");
    assert_eq!(calls.len(), KINDS_OF_CALLS, "each call is asked for by a machine");
}

/// Longer runs, in which more may come than can be explored: 64 names, thousands of connections, message after message.
#[test]
fn no_walk_at_random_breaks_a_rule() {
    let (mut steps, mut finished, mut longest) = (0, 0, 0);
    for seed in 0..20_000 {
        let start = STARTS[usize::try_from(seed).expect("small") % STARTS.len()];
        let walk = at_random(start, seed, 3_000);
        steps += walk.steps;
        finished += usize::from(walk.has_finished);
        longest = longest.max(walk.longest);
    }
    println!("{steps} steps at random, {finished} walks to the end, at most {longest} calls from one wait to the next");
    assert!(finished > 15_000 && longest > 1_000, "{finished} {longest}");
    assert!(usize::from(BUDGET.names) < 64, "the walks go further than what is explored");
}

#[test]
fn a_machine_is_small() {
    let size = size_of::<Machine>();
    println!("{size} bytes");
    assert!(size <= 320, "{size}");
}

/// So a model checker explores few states twice. (Within a procedure everything that was held fast is remembered as it was found.)
#[test]
fn machines_that_wait_and_behave_alike_are_equal() {
    for start in [STARTS[3], STARTS[5], STARTS[6], STARTS[8], STARTS[10]] {
        let (count, pairs) = alike(start);
        println!("{count} machines with their ledgers, {start:?}");
        if let Some((one, other)) = pairs.first() {
            panic!("these behave alike, and {} others:\n  {one:?}\n  {other:?}", pairs.len() - 1);
        }
    }
}
