//! A stale socket: dead, not marked, perhaps lent out. What each policy does with it (protocol section 2, "Reclaim").

mod common;

use common::*;

#[test]
fn to_wait_is_to_watch() {
    let mut participant = Participant::at(STALE);
    // It is probed twice before it is called stale: the first probe may have come before it was registered.
    participant.waits(ACQUIRE, WATCHING).did(&[PROBE, Call::Stat(Name::Lock), PROBE, Call::Watch, PROBE]);
    participant.world.path = None;
    participant.holds(CHANGE);
}

/// However long it takes: no timer makes it removable.
#[test]
fn one_that_waits_never_removes_it() {
    let mut participant = Participant::at(STALE);
    participant.waits(ACQUIRE, WATCHING).did_not(UNLINK);
    for timer in [RECHECK, STALE_TIME, RECHECK, STALE_TIME] {
        participant.waits(timer, WATCHING).did_not(UNLINK).did_not(RECLAIM);
    }
}

#[test]
fn to_fail_is_to_fail_at_once() {
    Participant::at(STALE).fails(acquire(Stale::Fail), Failure::Stale).did_not(UNLINK);
}

/// What is dead and marked is free under every policy; only a stale socket makes it fail.
#[test]
fn what_is_dead_and_marked_is_reclaimed_under_every_policy() {
    for stale in [Stale::Wait, Stale::Fail, Stale::Reclaim] {
        Participant::at(DEAD).holds(acquire(stale)).did(&[RECLAIM, UNLINK, PUBLISH]);
    }
}

#[test]
fn to_reclaim_is_to_remove_it_after_the_stated_time() {
    let mut participant = Participant::at(STALE);
    participant.waits(acquire(Stale::Reclaim), WATCHING_STALE).did_not(RECLAIM);
    participant.holds(STALE_TIME).did(&[PROBE, RECLAIM, PROBE, UNLINK, Call::Close(Role::Watch), PUBLISH]);
}

#[test]
fn the_stated_time_runs_on_while_the_path_is_looked_at() {
    let mut participant = watching_a_stale_socket();
    for cause in [CHANGE, RECHECK, CHANGE] {
        participant.waits(cause, WATCHING_STALE).did_not(RECLAIM);
    }
    participant.holds(STALE_TIME).did(&[UNLINK]);
}

#[test]
fn a_sign_of_life_starts_the_stated_time_again() {
    let mut participant = watching_a_stale_socket();
    participant.world.path = Some(NPM);
    participant.waits(CHANGE, pause(1));
    participant.ignores(STALE_TIME);
    participant.world.path = Some(STALE);
    participant.waits(RETRY, WATCHING_STALE).did_not(RECLAIM);
}

/// Each wait that does not name the timer ends it. In one go, the next socket would have the rest of this one's time.
#[test]
fn a_socket_that_took_its_place_unseen_starts_the_stated_time_again() {
    let mut participant = watching_a_stale_socket();
    participant.world.path = None;
    participant.waits(CHANGE, pause(1)).did_not(PUBLISH);
    participant.world.path = Some(There { found: Found { inode: OTHER, ..STALE.found }, ..STALE });
    participant.waits(RETRY, WATCHING_STALE).did(&[PUBLISH, JOIN, PROBE]).did_not(RECLAIM);

    // One that is free to be removed, and is not any more when that is done.
    let mut participant = watching_a_stale_socket();
    participant.world.path = Some(DEAD);
    participant.waits(CHANGE, pause(1)).did_not(RECLAIM);
    participant.world.path = Some(STALE);
    participant.waits(RETRY, WATCHING_STALE).did_not(RECLAIM);
}

#[test]
fn another_file_in_its_place_starts_the_stated_time_again() {
    let mut participant = watching_a_stale_socket();
    participant.world.path = Some(DIRECTORY);
    participant.waits(CHANGE, WATCHING);
    participant.world.path = Some(STALE);
    participant.waits(CHANGE, WATCHING_STALE).did_not(RECLAIM);
}

#[test]
fn a_time_that_ended_for_an_earlier_socket_removes_no_other() {
    let mut participant = watching_a_stale_socket();
    participant.world.path = Some(DIRECTORY);
    participant.waits(CHANGE, WATCHING);
    participant.world.path = Some(STALE);
    participant.waits(STALE_TIME, WATCHING_STALE).did_not(RECLAIM);
}

/// It is removed as marked: if the mark has gone by then, it stays.
#[test]
fn what_is_marked_when_the_time_is_over_is_removed_as_marked_only() {
    let mut participant = watching_a_stale_socket();
    participant.world.path = Some(DEAD);
    let marked = StatResult::Found(DEAD.found);
    participant.instead(Call::Stat(Name::Lock), marked).instead(Call::Stat(Name::Lock), StatResult::Found(UNMARKED));
    participant.waits(STALE_TIME, WATCHING_STALE).did(&[RECLAIM]).did_not(UNLINK);
}

/// Hours later, an npm server that died while it lent must be put up with for the stated time like any other.
#[test]
fn the_next_stale_socket_is_put_up_with_for_the_stated_time_again() {
    let mut participant = watching_a_stale_socket();
    // Another is faster when the first has been removed, and dies of the same.
    participant.world.next = Some(There { found: Found { inode: OTHER, ..STALE.found }, ..STALE });
    participant.waits(STALE_TIME, WATCHING_STALE).did(&[UNLINK, PUBLISH, JOIN, PROBE]);
    assert_eq!(participant.count(UNLINK), 1);
}

#[test]
fn what_took_its_place_while_it_was_removed_is_put_up_with_again() {
    let mut participant = watching_a_stale_socket();
    participant.world.guard = FlockResult::Busy;
    participant.waits(STALE_TIME, pause(1)).did(&[RECLAIM]).did_not(UNLINK);
    participant.world.guard = FlockResult::Locked;
    participant.waits(RETRY, WATCHING_STALE).did_not(RECLAIM);
}
