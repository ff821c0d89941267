//! To make several calls in one step hides nothing: where each is a step of its own the same is found.

mod two;

use std::sync::atomic::{AtomicUsize, Ordering};

use model::{Broken, Configuration, PLANTED, explore};

/// What is affordable where each call is a step.
const LIMIT: usize = 150_000;

/// A bug is found there exactly where it is found otherwise.
#[test]
fn the_same_bugs_are_found() {
    let compared = AtomicUsize::new(0);
    two::at_a_time(PLANTED.iter(), |planted| {
        let every_call = Configuration { every_call: true, ..planted.configuration };
        let found = explore(&every_call, LIMIT);
        let Some((broken, trace)) = found.broken else {
            assert!(!found.is_complete, "{:?} survives where each call is a step", planted.bug);
            return;
        };
        let in_fewer =
            explore(&planted.configuration, usize::MAX).broken.map(|(broken, trace)| (broken, trace.0.len()));
        let (same, steps) = in_fewer.unwrap_or_else(|| panic!("{:?} survives", planted.bug));
        assert_eq!(same, broken, "{:?}", planted.bug);
        assert!(steps <= trace.0.len(), "{:?}: {steps} {}", planted.bug, trace.0.len());
        compared.fetch_add(1, Ordering::Relaxed);
    });
    let compared = compared.into_inner();
    println!("{compared} of {} compared", PLANTED.len());
    assert!(compared > PLANTED.len() / 2, "{compared} of {}", PLANTED.len());
}

/// Each call is a step there: a bug inside a step is met although no other process can come between.
#[test]
fn there_are_more_steps() {
    use model::Cast::Safe;
    let joined = Configuration::of(&[Safe, Safe]).crashes(1);
    let (few, many) = (explore(&joined, usize::MAX), explore(&joined.with_every_call(), usize::MAX));
    assert!(many.states > few.states && many.ends > 0, "{} {}", many.states, few.states);
    let sound: [Option<(Broken, usize)>; 2] =
        [few, many].map(|found| found.broken.map(|(broken, trace)| (broken, trace.0.len())));
    assert_eq!(sound, [None, None]);
}
