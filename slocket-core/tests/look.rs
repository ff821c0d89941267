//! From `Idle`, looking: who listens, without taking the lock.

mod common;

use common::*;

#[track_caller]
fn looking() -> Participant {
    let mut participant = idle();
    participant.connects(Look);
    participant
}

#[test]
fn nobody_at_the_path_is_free() {
    looking().tell(connected(Connected::Missing), [Close, tells(Report::Free)]);
}

#[test]
fn nobody_who_listens_is_free() {
    looking().tell(connected(Connected::Refused), [Close, tells(Report::Free)]);
}

#[test]
fn somebody_who_listens_is_told_of_and_left() {
    let mut participant = looking();
    participant.tell(connected(Connected::Queued), [Leave]);
    participant.tell(left(Left::Closed), [Close, tells(Report::Listened)]);
    participant.is_finished();
}

#[test]
fn an_untrusted_server_is_told_of_and_not_read_from() {
    looking().tell(connected(Connected::Untrusted), [Close, tells(Report::Listened)]);
}

/// Who looks stands in the queue for an instant, and may be handed the lock in it.
#[test]
fn a_listener_that_came_for_who_only_looks_is_passed_on() {
    let mut participant = looking();
    participant.tell(connected(Connected::Queued), [Leave]);
    participant.tell(left(Left::Listener), [Accept]);
    participant.tell(accepted(Accepted::Waiter), [HandOver]);
    participant.tell(HandedOver(Delivery::Sent), [Close, tells(Report::Listened)]);
}

#[test]
fn a_lending_server_is_left_in_the_background() {
    let mut participant = looking();
    participant.tell(connected(Connected::Queued), [Leave]);
    participant.tell(left(Left::Lingering), [tells(Report::Listened)]);
    assert!(participant.state().is_background());
    let connection = participant.connection();
    participant.tell(Ended(connection), [Close]);
}

#[test]
fn a_full_backlog_is_that_of_somebody() {
    looking().tell(connected(Connected::BacklogFull), [Close, tells(Report::Listened)]);
}

#[test]
fn what_is_no_slocket_is_an_error() {
    looking().tell(connected(Connected::NotASocket), [Close, fails(Failure::NotASlocket)]);
    looking().tell(connected(Connected::Denied), [Close, fails(Failure::Inaccessible)]);
    looking().tell(connected(Connected::WrongType), [Close, fails(Failure::NotASlocket)]);
    looking().tell(connected(Connected::Failed(CODE)), [Close, fails(Failure::Os(CODE))]);
}
