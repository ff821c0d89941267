//! A stale socket: dead, not marked, perhaps lent out. What each policy makes of it (protocol section 2, "Reclaim").

mod common;

use common::*;

#[test]
fn to_wait_is_to_watch() {
    let mut participant = inspecting(Stale::Wait);
    participant.tell(inspected(Inspected::Stale), [Watch]);
    participant.tell(WatchArmed, [Inspect]);
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Recheck, 0)]);
    participant.tell(PathChanged, [Inspect]);
    participant.tell(inspected(Inspected::Missing), [Unwatch, Publish]);
}

/// However long it takes: no timer makes it removable.
#[test]
fn who_waits_never_removes_it() {
    let mut participant = inspecting(Stale::Wait);
    participant.tell(inspected(Inspected::Stale), [Watch]);
    participant.ignores(fired(Timer::Stale));
    participant.tell(WatchArmed, [Inspect]);
    participant.ignores(fired(Timer::Stale));
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Recheck, 0)]);
    for timer in [Timer::Recheck, Timer::Stale, Timer::Recheck] {
        participant.tell(fired(timer), [Inspect]);
        participant.tell(inspected(Inspected::Stale), [arm(Timer::Recheck, 0)]);
    }
}

#[test]
fn to_fail_is_to_fail_at_once() {
    let mut participant = inspecting(Stale::Fail);
    participant.tell(inspected(Inspected::Stale), [Close, fails(Failure::Stale)]);
    participant.is_finished();
}

/// What is dead and marked is free under every policy; only a stale socket makes it fail.
#[test]
fn who_fails_at_a_stale_socket_reclaims_a_dead_one() {
    let mut participant = reclaiming(Stale::Fail);
    participant.tell(reclaimed(Reclaimed::Removed), [Publish]);
}

#[test]
fn to_reclaim_is_to_remove_it_after_the_stated_time() {
    let mut participant = inspecting(Stale::Reclaim);
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Stale, 0), Watch]);
    participant.tell(WatchArmed, [Inspect]);
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Recheck, 0)]);
    participant.tell(fired(Timer::Stale), [Inspect]);
    participant.tell(inspected(Inspected::Stale), [RECLAIM_ANY]);
    participant.tell(reclaimed(Reclaimed::Removed), [Unwatch, Publish]);
    participant.tell(published(Published::Listening), [tells(Report::Acquired)]);
}

#[test]
fn the_stated_time_runs_on_while_the_path_is_looked_at() {
    let mut participant = watching_a_stale_socket();
    for cause in [PathChanged, fired(Timer::Recheck), PathChanged] {
        participant.tell(cause, [Inspect]);
        participant.tell(inspected(Inspected::Stale), [arm(Timer::Recheck, 0)]);
    }
    participant.tell(fired(Timer::Stale), [Inspect]);
    participant.tell(inspected(Inspected::Stale), [RECLAIM_ANY]);
}

#[test]
fn the_stated_time_may_end_while_an_answer_is_outstanding() {
    let mut participant = inspecting(Stale::Reclaim);
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Stale, 0), Watch]);
    participant.tell(fired(Timer::Stale), []);
    participant.tell(WatchArmed, [Inspect]);
    participant.tell(inspected(Inspected::Stale), [RECLAIM_ANY]);

    let mut participant = watching_a_stale_socket();
    participant.tell(PathChanged, [Inspect]);
    participant.tell(fired(Timer::Stale), []);
    participant.tell(inspected(Inspected::Stale), [RECLAIM_ANY]);
}

#[test]
fn a_sign_of_life_starts_the_stated_time_anew() {
    let mut participant = watching_a_stale_socket();
    participant.tell(PathChanged, [Inspect]);
    participant.tell(inspected(Inspected::Alive), [arm(Timer::Retry, 1)]);
    participant.ignores(fired(Timer::Stale));
    let next = following(participant.connection());
    participant.tell(fired(Timer::Retry), [Unwatch, Connect(next)]);
    participant.tell(connected(Connected::Refused), [Inspect]);
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Stale, 0), Watch]);
}

#[test]
fn something_else_in_its_place_starts_the_stated_time_anew() {
    let mut participant = watching_a_stale_socket();
    participant.tell(PathChanged, [Inspect]);
    participant.tell(inspected(Inspected::NotASocket), [arm(Timer::Recheck, 0)]);
    participant.tell(PathChanged, [Inspect]);
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Stale, 0), arm(Timer::Recheck, 0)]);
}

#[test]
fn a_time_that_ended_for_an_earlier_socket_removes_no_other() {
    let mut participant = watching_a_stale_socket();
    participant.tell(PathChanged, [Inspect]);
    participant.tell(inspected(Inspected::NotASocket), [arm(Timer::Recheck, 0)]);
    participant.tell(fired(Timer::Stale), [Inspect]);
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Stale, 0), arm(Timer::Recheck, 0)]);
}

#[test]
fn what_is_marked_when_the_time_is_over_is_removed_as_marked_only() {
    let mut participant = watching_a_stale_socket();
    participant.tell(fired(Timer::Stale), [Inspect]);
    participant.tell(inspected(Inspected::Dead), [RECLAIM_MARKED]);
}

/// Brings a participant to where the stated time is over and the stale socket is being removed.
#[track_caller]
fn reclaiming_a_stale_socket() -> Participant {
    let mut participant = watching_a_stale_socket();
    participant.tell(fired(Timer::Stale), [Inspect]);
    participant.tell(inspected(Inspected::Stale), [RECLAIM_ANY]);
    participant
}

/// Hours later, an npm server that died while it lent must be put up with for the stated time like any other.
#[test]
fn the_next_stale_socket_is_put_up_with_for_the_stated_time_again() {
    let mut participant = reclaiming_a_stale_socket();
    participant.tell(reclaimed(Reclaimed::Removed), [Unwatch, Publish]);
    participant.connects(published(Published::InUse));
    participant.tell(connected(Connected::Queued), []);
    let connection = participant.connection();
    participant.tell(Ended(connection), [Disconnect, Publish]);
    participant.connects(published(Published::InUse));
    participant.tell(connected(Connected::Refused), [Inspect]);
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Stale, 0), Watch]);
}

#[test]
fn what_took_its_place_while_it_was_removed_is_put_up_with_again() {
    let mut participant = reclaiming_a_stale_socket();
    participant.tell(reclaimed(Reclaimed::Changed), [Unwatch, Publish]);
    participant.connects(published(Published::InUse));
    participant.tell(connected(Connected::Refused), [Inspect]);
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Stale, 0), Watch]);

    let mut participant = reclaiming_a_stale_socket();
    participant.tell(reclaimed(Reclaimed::Busy), [arm(Timer::Retry, 1)]);
    let next = following(participant.connection());
    participant.tell(fired(Timer::Retry), [Unwatch, Connect(next)]);
    participant.tell(connected(Connected::Refused), [Inspect]);
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Stale, 0), Watch]);
}
