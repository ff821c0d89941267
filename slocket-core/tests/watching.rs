//! From watching: nothing to queue at until the path changes (protocol section 2, "Watch").

mod common;

use common::*;

/// Without the second look a wake-up is lost.
#[test]
fn the_watch_is_armed_before_the_second_look() {
    let open = Call::Open(Role::Pin, Name::Lock);
    let mut participant = Participant::at(DIRECTORY);
    participant.waits(ACQUIRE, WATCHING).did(&[open, Call::Watch, open, Call::StatFile(Role::Pin)]);
}

#[test]
fn what_changed_before_the_watch_was_armed_is_seen_by_the_second_look() {
    // The first look finds a directory; it is gone when the watch is armed.
    let mut participant = Participant::at(DIRECTORY);
    let armed = participant.up_to(ACQUIRE, Call::Watch);
    participant.world.path = None;
    participant.holds(armed).did(&[Call::Open(Role::Pin, Name::Lock), Call::Close(Role::Watch), PUBLISH]);
}

#[test]
fn a_change_of_the_path_is_a_reason_to_look() {
    let mut participant = watching();
    participant.world.path = None;
    participant.holds(CHANGE).did(&[Call::Close(Role::Watch), PUBLISH]);
}

/// For want of a watch, or on a file system that tells of no changes.
#[test]
fn a_slow_recheck_sees_what_the_watch_does_not_tell() {
    let mut participant = watching();
    participant.waits(RECHECK, WATCHING).did_not(Call::Watch);
    participant.world.path = None;
    participant.holds(RECHECK);
}

/// What is not open is not closed.
#[test]
fn without_a_watch_only_the_recheck_looks() {
    for answer in [AnswerResult::No, AnswerResult::Failed(ERRNO)] {
        let mut participant = Participant::at(DIRECTORY);
        participant.instead(Call::Watch, answer).waits(ACQUIRE, WATCHING);
        participant.waits(RECHECK, WATCHING).did_not(Call::Watch);
        participant.world.path = None;
        participant.holds(RECHECK).did_not(Call::Close(Role::Watch));
    }
}

#[test]
fn a_change_that_changes_nothing_for_us_keeps_the_watch() {
    let mut participant = watching();
    for _ in 0..10 {
        participant.waits(CHANGE, WATCHING).did_not(Call::Watch).did_not(Call::Close(Role::Watch));
    }
}

#[test]
fn a_server_that_starts_to_listen_there_is_queued_at_and_no_longer_watched() {
    let mut participant = watching();
    participant.world.path = Some(HOLDER);
    participant.waits(CHANGE, pause(1));
    participant.ignores(CHANGE);
    participant.waits(RETRY, QUEUED).did(&[Call::Close(Role::Watch), JOIN]);
}

#[test]
fn a_watch_is_armed_again_after_it_was_given_up() {
    let mut participant = watching();
    participant.instead(Call::Open(Role::Pin, Name::Lock), OpenResult::Missing);
    participant.waits(CHANGE, WATCHING).did(&[Call::Close(Role::Watch), PUBLISH, Call::Watch]);
}

#[test]
fn a_dead_socket_that_turns_up_is_reclaimed() {
    let mut participant = watching();
    participant.world.path = Some(DEAD);
    participant.holds(CHANGE).did(&[PROBE, RECLAIM, UNLINK, Call::Close(Role::Watch), PUBLISH]);
}

#[test]
fn a_socket_that_cannot_be_locked_with_is_an_error() {
    let mut participant = watching();
    participant.world.path = Some(There { life: Life::Datagram, ..HOLDER });
    participant.fails(CHANGE, Failure::NotASlocket).did(&[Call::Close(Role::Watch)]);
}

#[test]
fn a_file_that_is_not_a_socket_is_not_watched_if_the_policy_is_to_fail() {
    let fails = Event::Request(Request::Acquire(Policy { occupied: Occupied::Fail, ..Policy::default() }));
    Participant::at(DIRECTORY).fails(fails, Failure::Occupied).did_not(Call::Watch);
    // No process listened there at first, and then it was not a socket.
    let mut participant = Participant::at(There { life: Life::Refuses, ..HOLDER });
    let looked = participant.up_to(fails, Call::Close(Role::Connection));
    participant.world.path = Some(DIRECTORY);
    participant.fails(looked, Failure::Occupied).did_not(Call::Watch);
}

#[test]
fn other_notices_mean_nothing_to_one_that_watches() {
    watching().ignores(READABLE).ignores(RETRY).ignores(TRY_TIME);
}
