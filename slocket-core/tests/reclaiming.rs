//! From `Reclaiming`: a dead socket is removed, or was not dead after all (protocol section 2, "Reclaim").

mod common;

use common::*;

#[test]
fn a_dead_marked_socket_is_removed_and_the_path_taken() {
    let mut participant = inspecting(Stale::Wait);
    participant.tell(inspected(Inspected::Dead), [RECLAIM_MARKED]);
    participant.tell(reclaimed(Reclaimed::Removed), [Publish]);
    participant.tell(published(Published::Listening), [tells(Report::Acquired)]);
}

#[test]
fn who_was_faster_is_queued_at() {
    for answer in [Reclaimed::Removed, Reclaimed::Changed] {
        let mut participant = reclaiming(Stale::Wait);
        participant.tell(reclaimed(answer), [Publish]);
        participant.connects(published(Published::InUse));
        participant.tell(connected(Connected::Queued), []);
    }
}

#[test]
fn another_reclaimer_is_given_time() {
    let mut participant = reclaiming(Stale::Wait);
    participant.tell(reclaimed(Reclaimed::Busy), [arm(Timer::Retry, 1)]);
    participant.connects(fired(Timer::Retry));
}

/// Its owner cleared the mark, lent the lock and died between the look and the reclaim.
#[test]
fn a_mark_that_went_makes_a_stale_socket_of_it() {
    reclaiming(Stale::Wait).tell(reclaimed(Reclaimed::Unmarked), [Watch]);
    reclaiming(Stale::Fail).tell(reclaimed(Reclaimed::Unmarked), [Close, fails(Failure::Stale)]);
    reclaiming(Stale::Reclaim).tell(reclaimed(Reclaimed::Unmarked), [arm(Timer::Stale, 0), Watch]);
}

#[test]
fn who_may_not_unlink_fails() {
    let mut participant = reclaiming(Stale::Wait);
    participant.tell(reclaimed(Reclaimed::Denied), [Close, fails(Failure::Denied)]);
    participant.is_finished();
}

/// What looks dead here may be alive on another host.
#[test]
fn what_may_be_alive_elsewhere_is_not_removed() {
    reclaiming(Stale::Wait).tell(reclaimed(Reclaimed::Elsewhere), [Close, fails(Failure::Elsewhere)]);
}
