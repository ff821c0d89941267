//! From `ArmingWatch` and `Watching`: nothing to queue at until the path changes (protocol section 2, "Watch").

mod common;

use common::*;

#[test]
fn the_watch_is_armed_before_the_second_look() {
    let mut participant = connecting(Stale::Wait);
    participant.tell(connected(Connected::NotASocket), [Watch]);
    participant.tell(WatchArmed, [Inspect]);
    participant.tell(inspected(Inspected::NotASocket), [arm(Timer::Recheck, 0)]);
    assert_eq!(participant.state().interest(), Interest::Path);
}

#[test]
fn what_changed_before_the_watch_was_armed_is_seen_by_the_second_look() {
    let mut participant = arming_watch();
    participant.tell(WatchArmed, [Inspect]);
    participant.tell(inspected(Inspected::Missing), [Unwatch, Publish]);
    participant.tell(published(Published::Listening), [tells(Report::Acquired)]);
}

#[test]
fn a_change_of_the_path_is_a_reason_to_look() {
    let mut participant = watching();
    participant.tell(PathChanged, [Inspect]);
    participant.tell(inspected(Inspected::Missing), [Unwatch, Publish]);
}

/// For want of a watch, or on a file system that tells of no changes.
#[test]
fn a_slow_recheck_sees_what_the_watch_does_not_tell() {
    let mut participant = watching();
    participant.tell(fired(Timer::Recheck), [Inspect]);
    participant.tell(inspected(Inspected::NotASocket), [arm(Timer::Recheck, 0)]);
    participant.tell(fired(Timer::Recheck), [Inspect]);
    participant.tell(inspected(Inspected::Missing), [Unwatch, Publish]);
}

#[test]
fn a_change_that_changes_nothing_for_us_keeps_the_watch() {
    let mut participant = watching();
    for _ in 0..10 {
        participant.tell(PathChanged, [Inspect]);
        participant.tell(inspected(Inspected::NotASocket), [arm(Timer::Recheck, 0)]);
    }
}

#[test]
fn who_starts_to_listen_there_is_queued_at_and_no_longer_watched() {
    let mut participant = watching();
    participant.tell(PathChanged, [Inspect]);
    participant.tell(inspected(Inspected::Alive), [arm(Timer::Retry, 1)]);
    participant.ignores(PathChanged);
    let next = following(participant.connection());
    participant.tell(fired(Timer::Retry), [Unwatch, Connect(next)]);
    participant.tell(connected(Connected::Queued), []);
}

#[test]
fn a_watch_is_armed_anew_after_it_was_given_up() {
    let mut participant = watching();
    participant.tell(PathChanged, [Inspect]);
    participant.tell(inspected(Inspected::Missing), [Unwatch, Publish]);
    participant.connects(published(Published::InUse));
    participant.tell(connected(Connected::NotASocket), [Watch]);
}

#[test]
fn a_dead_socket_that_turns_up_is_reclaimed() {
    let mut participant = watching();
    participant.tell(PathChanged, [Inspect]);
    participant.tell(inspected(Inspected::Dead), [RECLAIM_MARKED]);
    participant.tell(reclaimed(Reclaimed::Removed), [Unwatch, Publish]);
}

#[test]
fn a_socket_that_cannot_be_locked_with_is_an_error() {
    let mut participant = watching();
    participant.tell(PathChanged, [Inspect]);
    participant.tell(inspected(Inspected::WrongType), [Close, fails(Failure::NotASlocket)]);
}

#[test]
fn other_happenings_mean_nothing_to_who_watches() {
    let mut participant = watching();
    let connection = participant.connection();
    participant.ignores(Ended(connection));
    participant.ignores(Event::Received(connection, Received::Listener));
    participant.ignores(fired(Timer::Retry));
    participant.ignores(LoanEnded);
}
