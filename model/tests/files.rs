//! The lock that is a locked file: every state of every quick configuration, and every planted bug.

mod two;

use std::sync::Mutex;

use model::files::explored::QUICK;
use model::files::{PLANTED, explore};

/// No promise is broken in any state, and they are as many as they have to be. (A model that has shrunk shows less.)
#[test]
fn no_promise_is_broken() {
    let sum = Mutex::new((0, 0));
    two::at_a_time(QUICK.iter(), |configuration| {
        let found = explore(configuration, usize::MAX);
        if let Some((broken, trace)) = &found.broken {
            panic!("{configuration}: {broken:?}\n{trace}");
        }
        assert!(found.is_complete && found.ends > 0, "{configuration}: {found:?}");
        println!("{:>10} states, {:>10} steps: {configuration}", found.states, found.steps);
        let mut sum = sum.lock().unwrap();
        *sum = (sum.0 + found.states, sum.1.max(found.longest));
    });
    let (states, longest) = sum.into_inner().unwrap();
    println!("{states} states in {} configurations; at most {longest} calls from one rest to the next", QUICK.len());
    assert!(states > 2_500_000, "{states} states");
    assert!(longest < 150, "{longest} calls without a rest");
}

#[test]
fn every_planted_bug_is_caught() {
    two::at_a_time(PLANTED.iter(), |planted| {
        let found = explore(&planted.configuration, usize::MAX);
        let (broken, trace) = found.broken.unwrap_or_else(|| panic!("{:?} survives", planted.bug));
        assert_eq!(broken, planted.breaks, "{:?}", planted.bug);
        println!("{:?}: {broken:?} after {} steps", planted.bug, trace.0.len());
    });
    let bugs: Vec<_> = PLANTED.iter().map(|planted| planted.bug as usize).collect();
    assert!(bugs.into_iter().eq(0..PLANTED.len()), "a bug is missing, or twice there");
}

#[test]
fn without_a_bug_nothing_is_found_there() {
    two::at_a_time(PLANTED.iter(), |planted| {
        let found = explore(&planted.sound(), usize::MAX);
        assert!(found.broken.is_none() && found.is_complete, "{}: {found:?}", planted.sound());
    });
}
