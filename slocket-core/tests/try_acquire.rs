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

#[test]
fn a_living_socket_would_block() {
    let mut participant = trying_in_vain(Stale::Wait);
    participant.tell(inspected(Inspected::Alive), WOULD_BLOCK);
    participant.is_finished();
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
    participant.tell(inspected(Inspected::Alive), WOULD_BLOCK);
}

#[test]
fn another_reclaimer_would_block() {
    let mut participant = trying_in_vain(Stale::Wait);
    participant.tell(inspected(Inspected::Dead), [RECLAIM_MARKED]);
    participant.tell(reclaimed(Reclaimed::Busy), WOULD_BLOCK);
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
