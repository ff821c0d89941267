//! From the queue: what a server sends, and how a connection ends (protocol section 2, "Received").

mod common;

use common::*;

#[track_caller]
fn receiving(sent: ReceiveResult) -> Participant {
    let mut participant = queued();
    participant.world.sent.push_back(sent);
    participant
}

#[test]
fn a_listener_is_the_lock() {
    let mut participant = receiving(ReceiveResult::Listener { unshared: false });
    participant.holds(READABLE);
    assert!(participant.machine().has(Role::Listener));
}

#[test]
fn an_ok_alone_is_a_loan() {
    let mut participant = receiving(ReceiveResult::Loan);
    participant.holds(READABLE);
    assert!(!participant.machine().has(Role::Listener));
}

/// Taken for a loan, it would make two holders.
#[test]
fn a_listener_that_was_lost_on_the_way_is_not_the_lock() {
    let mut participant = receiving(ReceiveResult::Truncated);
    participant.waits(READABLE, QUEUED).did(&[Call::CloseApart(Role::Strays), Call::Close(Role::Connection), PUBLISH]);
}

/// The process that bound it elsewhere, or kept a copy, could hold it as well.
#[test]
fn a_listener_that_is_not_this_locks_is_not_taken_and_makes_no_busy_loop() {
    let mut participant = queued();
    for wait in [QUEUED, QUEUED, pause(3)] {
        participant.world.sent.push_back(ReceiveResult::Listener { unshared: false });
        participant.instead(Call::ComparePeerName, AnswerResult::No);
        participant.waits(READABLE, wait).did_not(Call::Listen);
    }
}

#[test]
fn anything_else_is_an_error_and_no_busy_loop() {
    receiving(ReceiveResult::Foreign).fails(READABLE, Failure::NotASlocket);
}

#[test]
fn the_end_of_the_stream_sends_back_to_publishing() {
    let mut participant = receiving(ReceiveResult::PeerClosed);
    participant.waits(READABLE, QUEUED).did(&[Call::Close(Role::Connection), PUBLISH, JOIN]);
    participant.world.sent.push_back(ReceiveResult::Listener { unshared: false });
    participant.holds(READABLE);
}

#[test]
fn a_false_alarm_keeps_the_place_and_the_reserve() {
    let mut participant = queued();
    participant.waits(READABLE, QUEUED);
    participant.did_just(&[Call::Close(Role::Pin), Call::Receive, Call::Reserve]);
    assert!(participant.machine().has(Role::Pin));
}

#[test]
fn other_notices_mean_nothing_in_the_queue() {
    let mut participant = queued();
    for event in [CHANGE, RETRY, RECHECK, STALE_TIME, TRY_TIME] {
        participant.ignores(event);
    }
}

#[test]
fn a_waiter_has_nothing_to_release() {
    queued().refuses(RELEASE).refuses(DISMISS).refuses(CUT);
}
