//! Planted bugs: a search that does not find one is itself wrong.

mod two;

use model::planted::{PLANTED, SOUND};
use model::{Broken, Bug, Cast, Configuration, explore};

#[test]
fn every_planted_bug_is_caught() {
    two::at_a_time(PLANTED.iter(), |planted| {
        let found = explore(&planted.configuration, usize::MAX);
        let (broken, trace) = found.broken.unwrap_or_else(|| panic!("{:?} survives", planted.bug));
        assert_eq!(broken, planted.breaks, "{:?}", planted.bug);
        println!("{:?}: {broken:?} after {} steps", planted.bug, trace.0.len());
    });
    let mut bugs: Vec<_> = PLANTED.iter().map(|planted| planted.bug as usize).collect();
    bugs.sort_unstable();
    assert!(bugs.into_iter().eq(0..PLANTED.len()), "a bug is missing, or twice there");
}

#[test]
fn without_a_bug_nothing_is_found_there() {
    two::at_a_time(SOUND.into_iter(), |configuration| {
        let found = explore(&configuration, usize::MAX);
        assert!(found.broken.is_none() && found.is_complete, "{configuration}: {found:?}");
    });
}

/// It makes a holder beside a share, and another promise sees it before.
#[test]
fn what_a_waiter_is_told_of_shares_is_true() {
    let planted = PLANTED.iter().find(|planted| planted.bug == Bug::SaysUnshared).unwrap();
    let promise = Some(Broken::FalselyUnshared);
    let found = explore(&Configuration { promise, ..planted.configuration }, usize::MAX);
    assert!(matches!(found.broken, Some((Broken::FalselyUnshared, _))), "{found:?}");
}

/// What the documentation warns about: a participant that removes unmarked sockets, too, may make two holders.
#[test]
fn the_unsafe_policy_is_unsafe() {
    for cast in [&[Cast::Impatient, Cast::Npm][..], &[Cast::Impatient, Cast::Impatient, Cast::Npm]] {
        let found = explore(&Configuration::of(cast).crashes(1), usize::MAX);
        assert!(matches!(found.broken, Some((Broken::TwoHolders, _))), "{found:?}");
    }
}

/// The clock of a file system stands still for some milliseconds (`facts/times.rs`). A chmod that lands on npm's socket within
/// them leaves its times alike: with a sticky bit that was read from our socket, it is taken for one that has just been bound by
/// us. The time of the mark alone is safe.
#[test]
fn the_birth_mark_can_be_faked_in_the_tick_of_a_bind() {
    let configuration = Configuration::of(&[Cast::Safe, Cast::Safe, Cast::Npm, Cast::Administrator]).same_tick();
    let found = explore(&configuration, usize::MAX);
    assert!(matches!(found.broken, Some((Broken::TwoHolders, _))), "{found:?}");
    let by_time_alone = Configuration { bug: Some(Bug::NoBirthMark), ..configuration };
    two::at_a_time([by_time_alone.crashes(1), by_time_alone.aside()].into_iter(), |configuration| {
        let found = explore(&configuration, usize::MAX);
        assert!(found.broken.is_none() && found.is_complete, "{configuration}: {found:?}");
    });
}
