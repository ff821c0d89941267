//! From idle, trying: the lock without queueing (protocol section 2, "Try").

mod common;

use common::*;

/// It looks again, because the process in the way may be only passing through.
const FIRST_PAUSE: Wait = Wait { hasty: true, ..pause(1) };
const NEXT_PAUSE: Wait = Wait { hasty: true, ..pause(2) };

#[test]
fn a_free_path_becomes_ours() {
    Participant::at(None).holds(TRY);
}

#[test]
fn where_the_path_was_in_use_it_is_looked_at_first() {
    let mut participant = Participant::new(PRIVATE, Hints { in_use: true, ..Hints::default() });
    participant.world.path = Some(NPM);
    participant.ends(TRY, Report::WouldBlock).did_not(PUBLISH).did_not(JOIN);
}

#[test]
fn a_living_socket_would_block_if_it_is_there_for_a_while() {
    let mut participant = Participant::at(HOLDER);
    participant.waits(TRY, FIRST_PAUSE).did(&[PUBLISH, PROBE]).did_not(JOIN);
    for _ in 0..20 {
        participant.waits(RETRY, NEXT_PAUSE).did(&[PUBLISH, PROBE]);
    }
    participant.waits(TRY_TIME, pause(2)).did_just(&[]);
    participant.ignores(TRY_TIME);
    participant.ends(RETRY, Report::WouldBlock).did(&[PUBLISH, PROBE]);
}

#[test]
fn a_process_that_was_only_passing_through_is_not_in_the_way() {
    let mut participant = Participant::at(HOLDER);
    participant.waits(TRY, FIRST_PAUSE);
    participant.world.path = None;
    participant.holds(RETRY);

    let mut participant = Participant::at(DEAD);
    participant.world.guard = FlockResult::Busy;
    participant.waits(TRY, FIRST_PAUSE).did(&[RECLAIM]);
    participant.world.path = None;
    participant.world.guard = FlockResult::Locked;
    participant.holds(RETRY);
}

/// However many come by, a try takes no longer.
#[test]
fn the_time_of_a_try_begins_once() {
    let mut participant = Participant::at(HOLDER);
    participant.waits(TRY, FIRST_PAUSE);
    participant.instead(Call::Open(Role::Pin, Name::Lock), OpenResult::Missing);
    participant.waits(RETRY, NEXT_PAUSE);
    participant.waits(TRY_TIME, pause(2));
    participant.world.path = Some(DEAD);
    participant.world.guard = FlockResult::Busy;
    participant.ends(RETRY, Report::WouldBlock);
}

/// npm's server lends, and does not come and go.
#[test]
fn a_living_socket_without_the_mark_would_block_at_once() {
    Participant::at(NPM).ends(TRY, Report::WouldBlock);
}

#[test]
fn a_try_that_looks_again_is_cancelled_at_once() {
    let mut participant = Participant::at(HOLDER);
    participant.waits(TRY, FIRST_PAUSE).ends(CANCEL, Report::Cancelled);
}

/// Nothing tells whether any process holds it.
#[test]
fn a_socket_of_another_user_that_may_not_be_probed_is_an_error() {
    let theirs = Found { owner: Owner::Other, ..MARKED };
    Participant::at(There { found: theirs, life: Life::Denied }).fails(TRY, Failure::Inaccessible);
}

#[test]
fn a_dead_socket_is_removed_and_the_path_taken() {
    Participant::at(DEAD).holds(TRY).did(&[RECLAIM, UNLINK, PUBLISH]);
}

#[test]
fn a_stale_socket_would_block_unless_the_policy_is_to_fail() {
    // A try has no time to put up with it first: it is not removed.
    for stale in [Stale::Wait, Stale::Reclaim] {
        Participant::at(STALE).ends(Event::Request(Request::Try(policy(stale))), Report::WouldBlock).did_not(RECLAIM);
    }
    Participant::at(STALE).fails(Event::Request(Request::Try(policy(Stale::Fail))), Failure::Stale);
}

#[test]
fn a_file_that_is_not_a_socket_would_block() {
    Participant::at(DIRECTORY).ends(TRY, Report::WouldBlock).did_not(Call::Watch);
}

#[test]
fn a_file_that_is_not_a_socket_fails_if_that_is_the_policy() {
    let fails = Policy { occupied: Occupied::Fail, ..Policy::default() };
    Participant::at(DIRECTORY).fails(Event::Request(Request::Try(fails)), Failure::Occupied);
}

#[test]
fn a_path_that_goes_away_is_tried_again_and_after_the_second_time_with_a_pause() {
    let mut participant = Participant::at(HOLDER);
    for _ in 0..3 {
        participant.instead(Call::Open(Role::Pin, Name::Lock), OpenResult::Missing);
    }
    participant.waits(TRY, pause(3));
    assert_eq!(participant.count(PUBLISH), 3);
}

#[test]
fn what_can_never_be_had_is_an_error() {
    Participant::at(There { life: Life::Datagram, ..HOLDER }).fails(TRY, Failure::NotASlocket);
    Participant::at(HOLDER).instead(PROBE, DoneResult::Failed(ERRNO)).fails(TRY, failed(PROBE));
    Participant::at(HOLDER).instead(PUBLISH, DoneResult::Failed(ERRNO)).fails(TRY, failed(PUBLISH));
}

#[test]
fn an_abstract_name_that_is_in_use_is_tried_again_for_a_while() {
    let mut participant = Participant::new(NAME, Hints::default());
    participant.world.path = Some(HOLDER);
    participant.waits(TRY, FIRST_PAUSE).did_not(JOIN).did_not(PROBE);
    participant.world.path = None;
    participant.holds(RETRY);
}
