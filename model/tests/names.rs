//! Canonical names hide nothing: under the names that come about the same is found, in many more states.

use std::collections::HashSet;

use model::Cast::{
    Administrator, Caller, Child, Heir, Locker, Npm, Pest, Reader, Safe, Slot, Stranger, Try, Unreadable,
};
use model::{Configuration, Found, Names, PLANTED, Probe, World, explore, explore_under};

/// What is affordable under the names that come about.
const LIMIT: usize = 100_000;

const SMALL: &[Configuration] = &[
    Configuration::of(&[Safe, Safe]).crashes(1).cancels(1).failures(1),
    Configuration::of(&[Safe, Try]).crashes(1).cancels(1).backlog(0),
    Configuration::of(&[Safe, Safe, Unreadable]),
    Configuration::of(&[Safe, Npm, Npm]).cancels(1).dismissals(1),
    Configuration::of(&[Safe, Safe, Locker]),
    Configuration::of(&[Safe, Npm, Administrator]).crashes(1),
    Configuration::of(&[Safe, Safe, Child]),
    Configuration::of(&[Safe, Heir]).crashes(1),
    Configuration::of(&[Safe, Stranger]).rounds(2).crashes(1),
    Configuration::of(&[Safe, Safe, Pest]).cancels(1),
    Configuration::of(&[Safe, Safe]).probe(Probe::Stream).crashes(1),
    Configuration::of(&[Safe, Safe]).aside().with_links().shared(),
    Configuration::of(&[Safe, Npm]).without_proc().crashes(1),
    Configuration::of(&[Safe, Safe, Caller]).at_name().crashes(1).cancels(1),
    Configuration::of(&[Safe, Reader]).crashes(1).cancels(1),
    Configuration::of(&[Slot, Slot]),
    Configuration::of(&[Safe, Reader, Reader]).coarse(),
];

/// The canonical states and the given ones are the same states, ends and all, except for their names.
#[test]
fn the_same_states_can_be_reached() {
    for configuration in SMALL {
        let (canonical, states) = explore_under(Names::Canonical, configuration, usize::MAX);
        let (given, all) = explore_under(Names::Given, configuration, usize::MAX);
        assert!(canonical.broken.is_none() && given.broken.is_none(), "{configuration}: {canonical:?} {given:?}");
        assert!(canonical.is_complete && given.is_complete);
        assert!(given.states > canonical.states, "{configuration}: {} {}", given.states, canonical.states);
        let normal: HashSet<_> = states.iter().map(|world| world.normal(configuration)).collect();
        let all: HashSet<_> = all.iter().map(|world| world.normal(configuration)).collect();
        assert!(normal == all, "{configuration}: {} and {} differ", normal.len(), all.len());
        let ends = |states: &HashSet<World>| states.iter().filter(|world| world.is_over()).count();
        assert!(ends(&all) > 0);
        println!(
            "{} canonical states of {} given ones, {} without any name, {} ends: {configuration}",
            canonical.states,
            given.states,
            normal.len(),
            ends(&normal)
        );
    }
}

/// A bug is found under given names exactly where it is found under canonical ones: after as many steps.
#[test]
fn the_same_bugs_are_found_after_as_many_steps() {
    let verdict = |found: &Found| found.broken.as_ref().map(|(broken, trace)| (*broken, trace.0.len()));
    let mut compared = 0;
    for planted in PLANTED {
        let (given, _) = explore_under(Names::Given, &planted.configuration, LIMIT);
        if given.broken.is_none() && !given.is_complete {
            continue;
        }
        assert_eq!(verdict(&given), verdict(&explore(&planted.configuration, usize::MAX)), "{:?}", planted.bug);
        compared += 1;
    }
    println!("{compared} of {} compared", PLANTED.len());
    assert!(compared > PLANTED.len() / 2, "{compared} of {}", PLANTED.len());
}
