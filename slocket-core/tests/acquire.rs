//! From `Idle`, taking the lock: publishing the socket, or finding who has it (protocol sections 1 and 2).

mod common;

use common::*;

#[test]
fn a_free_path_becomes_ours() {
    let mut participant = idle();
    participant.tell(Event::Acquire(Stale::Wait), [Publish]);
    participant.tell(published(Published::Listening), [tells(Report::Acquired)]);
    assert_eq!(*participant.state(), State::Holding);
    assert!(participant.state().is_held());
}

#[test]
fn a_path_in_use_is_connected_to_and_the_queue_waited_in() {
    let mut participant = publishing(Stale::Wait);
    participant.connects(published(Published::InUse));
    participant.tell(connected(Connected::Queued), []);
    assert!(matches!(participant.state(), State::Queued(_)));
    assert_eq!(participant.state().interest(), Interest::Connection);
}

#[test]
fn a_path_that_is_free_again_is_published_at() {
    let mut participant = connecting(Stale::Wait);
    participant.tell(connected(Connected::Missing), [Publish]);
    participant.tell(published(Published::Listening), [tells(Report::Acquired)]);
}

#[test]
fn a_path_where_nobody_listens_is_looked_at() {
    let mut participant = connecting(Stale::Wait);
    participant.tell(connected(Connected::Refused), [Inspect]);
}

/// Between bind and listen, and while it closes out, a living socket refuses.
#[test]
fn who_is_alive_but_does_not_listen_is_asked_again_after_a_pause() {
    let mut participant = inspecting(Stale::Wait);
    participant.tell(inspected(Inspected::Alive), [arm(Timer::Retry, 1)]);
    participant.connects(fired(Timer::Retry));
}

#[test]
fn what_went_away_meanwhile_is_published_at() {
    let mut participant = inspecting(Stale::Wait);
    participant.tell(inspected(Inspected::Missing), [Publish]);
}

#[test]
fn a_full_backlog_is_tried_again_after_a_pause() {
    let mut participant = connecting(Stale::Wait);
    participant.tell(connected(Connected::BacklogFull), [arm(Timer::Retry, 1)]);
    assert_eq!(participant.state().interest(), Interest::Timer);
    participant.connects(fired(Timer::Retry));
    participant.tell(connected(Connected::Queued), []);
}

#[test]
fn a_swept_name_is_published_under_another_after_a_pause() {
    let mut participant = publishing(Stale::Wait);
    participant.tell(published(Published::Swept), [arm(Timer::Retry, 1)]);
    participant.tell(fired(Timer::Retry), [Publish]);
    participant.tell(published(Published::Listening), [tells(Report::Acquired)]);
}

#[test]
fn a_datagram_socket_at_the_path_is_an_error() {
    let mut participant = connecting(Stale::Wait);
    participant.tell(connected(Connected::WrongType), [Close, fails(Failure::NotASlocket)]);
    participant.is_finished();
    let mut participant = inspecting(Stale::Wait);
    participant.tell(inspected(Inspected::WrongType), [Close, fails(Failure::NotASlocket)]);
    participant.is_finished();
}

#[test]
fn an_untrusted_server_is_left_at_once() {
    let mut participant = connecting(Stale::Wait);
    participant.tell(connected(Connected::Untrusted), [Close, fails(Failure::Untrusted)]);
    participant.is_finished();
}

/// While its owner holds it, the path changes in the end; nothing else tells whether it is alive.
#[test]
fn a_socket_of_another_user_that_may_not_be_connected_to_is_watched() {
    let mut participant = connecting(Stale::Wait);
    participant.tell(connected(Connected::Denied), [Watch]);
    participant.tell(WatchArmed, [Inspect]);
    participant.tell(inspected(Inspected::Denied), [arm(Timer::Recheck, 0)]);
    participant.tell(PathChanged, [Inspect]);
    participant.tell(inspected(Inspected::Missing), [Unwatch, Publish]);
}

#[test]
fn what_the_system_refuses_is_an_error_with_its_code() {
    let refused = [Close, fails(Failure::Os(CODE))];
    publishing(Stale::Wait).tell(published(Published::Failed(CODE)), refused);
    connecting(Stale::Wait).tell(connected(Connected::Failed(CODE)), refused);
    inspecting(Stale::Wait).tell(inspected(Inspected::Failed(CODE)), refused);
    reclaiming(Stale::Wait).tell(reclaimed(Reclaimed::Failed(CODE)), refused);
}

#[test]
fn a_machine_serves_one_request() {
    for mut participant in [publishing(Stale::Wait), queued(), holding(), lent(), finished()] {
        participant.refuses(Event::Acquire(Stale::Wait));
        participant.refuses(Event::Try(Stale::Wait));
        participant.refuses(Look);
    }
}

#[test]
fn an_answer_that_was_not_asked_for_is_the_drivers_mistake() {
    publishing(Stale::Wait).refuses(connected(Connected::Queued));
    queued().refuses(published(Published::Listening));
    holding().refuses(accepted(Accepted::Nobody));
    finished().refuses(ClosedOut(Removal::Done));
    let misuse = Misuse { state: State::Holding, event: WatchArmed };
    assert_eq!(misuse.to_string(), "the driver sent WatchArmed in state Holding");
}
