//! From `Queued`: what a server sends, and how a connection ends (protocol section 2, "Received").

mod common;

use common::*;

#[test]
fn a_listener_is_the_lock() {
    let mut participant = queued();
    participant.receives(Received::Listener, [tells(Report::Acquired)]);
    assert_eq!(*participant.state(), State::Holding);
}

#[test]
fn an_ok_alone_is_a_loan() {
    let mut participant = queued();
    participant.receives(Received::Loan, [tells(Report::Acquired)]);
    assert_eq!(*participant.state(), State::Borrowing);
    assert!(participant.state().is_held());
}

/// Taken for a loan, it would make two holders.
#[test]
fn a_listener_that_was_lost_on_the_way_is_no_lock() {
    let mut participant = queued();
    participant.receives(Received::Truncated, [Disconnect, Publish]);
    assert!(!participant.state().is_held());
}

/// Whoever bound it elsewhere, or kept a copy, could hold it as well.
#[test]
fn a_listener_that_is_not_this_locks_is_no_lock_and_no_busy_loop() {
    let mut participant = queued();
    for _ in 0..2 {
        participant.receives(Received::NotOurs, [Disconnect, Publish]);
        assert!(!participant.state().is_held());
        participant.connects(published(Published::InUse));
        participant.tell(connected(Connected::Queued), []);
    }
    participant.receives(Received::NotOurs, [Disconnect, arm(Timer::Retry, 3)]);
}

#[test]
fn anything_else_is_an_error_and_no_busy_loop() {
    let mut participant = queued();
    participant.receives(Received::Foreign, [Close, fails(Failure::NotASlocket)]);
    participant.is_finished();
}

#[test]
fn the_end_of_the_stream_sends_back_to_publishing() {
    let mut participant = queued();
    let connection = participant.connection();
    participant.tell(Ended(connection), [Disconnect, Publish]);
    participant.connects(published(Published::InUse));
    participant.tell(connected(Connected::Queued), []);
    participant.receives(Received::Listener, [tells(Report::Acquired)]);
}

#[test]
fn every_connection_has_a_number_of_its_own() {
    let numbers = connections();
    for (at, number) in numbers.iter().enumerate() {
        assert!(!numbers[..at].contains(number), "{numbers:?}");
    }
    assert_eq!(following(numbers[3]), numbers[0]);
    let participant = queued();
    assert_eq!(participant.connection(), numbers[0]);
}

#[test]
fn late_events_of_earlier_connections_change_nothing() {
    let mut participant = queued();
    let mut earlier = vec![];
    for _ in 0..3 {
        let connection = participant.connection();
        earlier.push(connection);
        match earlier.len() {
            1 | 2 => participant.tell(Ended(connection), [Disconnect, Publish]),
            _ => {
                participant.tell(Ended(connection), [Disconnect, arm(Timer::Retry, 3)]);
                participant.tell(fired(Timer::Retry), [Publish]);
            }
        }
        participant.connects(published(Published::InUse));
        for connection in &earlier {
            participant.ignores(Ended(*connection));
        }
        participant.tell(connected(Connected::Queued), []);
        for connection in &earlier {
            participant.ignores(Ended(*connection));
            for received in [Received::Listener, Received::Loan, Received::Truncated, Received::Foreign] {
                participant.ignores(Event::Received(*connection, received));
            }
        }
    }
    participant.receives(Received::Listener, [tells(Report::Acquired)]);
}

#[test]
fn other_happenings_mean_nothing_in_the_queue() {
    let mut participant = queued();
    for event in [LoanEnded, PathChanged, fired(Timer::Retry), fired(Timer::Recheck), fired(Timer::Stale)] {
        participant.ignores(event);
    }
}

#[test]
fn who_is_queued_has_nothing_to_release() {
    queued().refuses(Release);
}
