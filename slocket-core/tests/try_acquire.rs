//! From `Idle`, trying: the lock without queueing (protocol section 2, "Try").

mod common;

use common::*;

#[track_caller]
fn trying(stale: Stale) -> Participant {
    let mut participant = idle();
    participant.tell(Event::Try(stale), [Publish]);
    participant
}

/// Looks at the path, since it is in use.
#[track_caller]
fn trying_in_vain(stale: Stale) -> Participant {
    let mut participant = trying(stale);
    participant.tell(published(Published::InUse), [Inspect]);
    participant
}

const WOULD_BLOCK: [Action; 2] = [Close, Action::Report(Report::WouldBlock)];

#[test]
fn a_free_path_becomes_ours() {
    let mut participant = trying(Stale::Wait);
    participant.tell(published(Published::Listening), [tells(Report::Acquired)]);
    assert_eq!(*participant.state(), State::Holding);
}

/// Looks again, since whoever is in the way may be only passing through.
#[track_caller]
fn pausing(answer: Event) -> Participant {
    let mut participant = trying_in_vain(Stale::Wait);
    if answer == reclaimed(Reclaimed::Busy) {
        participant.tell(inspected(Inspected::Dead), [RECLAIM_MARKED]);
    }
    participant.tell(answer, [arm(Timer::Try, 0), arm(Timer::Retry, 1)]);
    participant
}

#[test]
fn a_living_socket_would_block_if_it_is_there_for_a_while() {
    let mut participant = pausing(inspected(Inspected::Alive));
    for _ in 0..20 {
        participant.tell(fired(Timer::Retry), [Publish]);
        participant.tell(published(Published::InUse), [Inspect]);
        participant.tell(inspected(Inspected::Alive), [arm(Timer::Retry, 2)]);
    }
    participant.tell(fired(Timer::Try), []);
    participant.ignores(fired(Timer::Try));
    participant.tell(fired(Timer::Retry), [Publish]);
    participant.tell(published(Published::InUse), [Inspect]);
    participant.tell(inspected(Inspected::Alive), WOULD_BLOCK);
    participant.is_finished();
}

#[test]
fn whoever_was_only_passing_through_is_in_nobodys_way() {
    for answer in [inspected(Inspected::Alive), reclaimed(Reclaimed::Busy)] {
        let mut participant = pausing(answer);
        participant.tell(fired(Timer::Retry), [Publish]);
        participant.tell(published(Published::Listening), [tells(Report::Acquired)]);
    }
}

/// However many come by, a try takes no longer.
#[test]
fn the_time_of_a_try_begins_once() {
    let mut participant = pausing(inspected(Inspected::Alive));
    participant.tell(fired(Timer::Retry), [Publish]);
    participant.tell(published(Published::InUse), [Inspect]);
    participant.tell(inspected(Inspected::Missing), [Publish]);
    participant.tell(published(Published::InUse), [Inspect]);
    participant.tell(inspected(Inspected::Dead), [RECLAIM_MARKED]);
    participant.tell(fired(Timer::Try), []);
    participant.tell(reclaimed(Reclaimed::Busy), WOULD_BLOCK);
}

/// npm's server lends and does not come and go.
#[test]
fn a_living_socket_without_the_mark_would_block_at_once() {
    trying_in_vain(Stale::Wait).tell(inspected(Inspected::Unmarked), WOULD_BLOCK);
}

#[test]
fn a_try_that_looks_again_is_cancelled_at_once() {
    let mut participant = pausing(inspected(Inspected::Alive));
    participant.tell(Cancel, [Close, tells(Report::Cancelled)]);
}

/// Nothing tells whether anybody holds it.
#[test]
fn a_socket_of_another_user_that_may_not_be_probed_is_an_error() {
    trying_in_vain(Stale::Wait).tell(inspected(Inspected::Denied), [Close, fails(Failure::Inaccessible)]);
}

#[test]
fn a_dead_socket_is_removed_and_the_path_taken() {
    let mut participant = trying_in_vain(Stale::Wait);
    participant.tell(inspected(Inspected::Dead), [RECLAIM_MARKED]);
    participant.tell(reclaimed(Reclaimed::Removed), [Publish]);
    participant.tell(published(Published::Listening), [tells(Report::Acquired)]);
}

#[test]
fn who_comes_first_after_a_reclaim_is_looked_at_anew() {
    let mut participant = trying_in_vain(Stale::Wait);
    participant.tell(inspected(Inspected::Dead), [RECLAIM_MARKED]);
    participant.tell(reclaimed(Reclaimed::Changed), [Publish]);
    participant.tell(published(Published::InUse), [Inspect]);
    participant.tell(inspected(Inspected::Unmarked), WOULD_BLOCK);
}

#[test]
fn a_stale_socket_would_block_unless_the_policy_is_to_fail() {
    // Who only tries has no time to put up with it first: it is not removed.
    trying_in_vain(Stale::Reclaim).tell(inspected(Inspected::Stale), WOULD_BLOCK);
    trying_in_vain(Stale::Wait).tell(inspected(Inspected::Stale), WOULD_BLOCK);
    trying_in_vain(Stale::Fail).tell(inspected(Inspected::Stale), [Close, fails(Failure::Stale)]);
}

#[test]
fn what_is_no_socket_would_block() {
    trying_in_vain(Stale::Wait).tell(inspected(Inspected::NotASocket), WOULD_BLOCK);
}

#[test]
fn a_path_that_goes_away_is_tried_again_and_after_the_second_time_with_a_pause() {
    let mut participant = trying_in_vain(Stale::Wait);
    for _ in 0..2 {
        participant.tell(inspected(Inspected::Missing), [Publish]);
        participant.tell(published(Published::InUse), [Inspect]);
    }
    participant.tell(inspected(Inspected::Missing), [arm(Timer::Retry, 3)]);
    participant.tell(fired(Timer::Retry), [Publish]);
}

#[test]
fn what_can_never_be_had_is_an_error() {
    trying_in_vain(Stale::Wait).tell(inspected(Inspected::WrongType), [Close, fails(Failure::NotASlocket)]);
    trying_in_vain(Stale::Wait).tell(inspected(Inspected::Failed(CODE)), [Close, fails(Failure::Os(CODE))]);
    trying(Stale::Wait).tell(published(Published::Failed(CODE)), [Close, fails(Failure::Os(CODE))]);
}
