//! From idle, taking the lock: publishing the socket, or finding the holder (protocol sections 1 and 2).

mod common;

use common::*;

#[test]
fn a_free_path_becomes_ours() {
    let mut participant = Participant::at(None);
    participant.holds(ACQUIRE);
    assert!(participant.machine().has(Role::Listener));
}

#[test]
fn a_path_in_use_is_connected_to_and_the_queue_waited_in() {
    let mut participant = Participant::at(HOLDER);
    participant.waits(ACQUIRE, QUEUED).did(&[PUBLISH, JOIN]);
    assert!(participant.machine().server_hands_over());
    assert_eq!(participant.machine().inode(), Some(ONE));
}

/// To publish in vain takes seven calls.
#[test]
fn where_the_path_was_in_use_it_is_connected_to_first() {
    let mut participant = Participant::new(PRIVATE, Hints { in_use: true, ..Hints::default() });
    participant.world.path = Some(HOLDER);
    participant.waits(ACQUIRE, QUEUED).did_not(PUBLISH);
    assert!(participant.machine().hints().in_use);
}

#[test]
fn a_path_that_is_free_again_is_published_at() {
    let mut participant = Participant::new(PRIVATE, Hints { in_use: true, ..Hints::default() });
    participant.holds(ACQUIRE).did(&[Call::Open(Role::Pin, Name::Lock), PUBLISH]);
    assert!(!participant.machine().hints().in_use);
}

/// Between bind and listen, and while it closes out, a living socket refuses.
#[test]
fn a_server_that_is_alive_but_does_not_listen_is_asked_again_after_a_pause() {
    let mut participant = Participant::at(There { life: Life::Refuses, ..HOLDER });
    participant.waits(ACQUIRE, pause(1)).did(&[JOIN, PROBE]);
    participant.world.path = Some(HOLDER);
    participant.waits(RETRY, QUEUED).did_not(PUBLISH);
}

#[test]
fn what_went_away_while_it_was_connected_to_is_published_at() {
    let mut participant = Participant::at(There { life: Life::Refuses, ..HOLDER });
    // Refused, and gone when it is looked at.
    participant.instead(Call::Stat(Name::Lock), StatResult::Missing);
    participant.waits(ACQUIRE, pause(2)).did(&[JOIN, Call::Stat(Name::Lock), PUBLISH, JOIN, PROBE]);
}

#[test]
fn a_full_backlog_is_tried_again_after_a_pause() {
    let mut participant = pausing_to_join();
    participant.world.path = Some(HOLDER);
    participant.waits(RETRY, QUEUED).did_not(PUBLISH);
}

#[test]
fn a_datagram_socket_at_the_path_is_an_error() {
    Participant::at(There { life: Life::Datagram, ..HOLDER }).fails(ACQUIRE, Failure::NotASlocket);
}

/// Nothing is read from it, for it may have sent a listener.
#[test]
fn an_untrusted_server_is_left_at_once() {
    let mut participant = Participant::at(HOLDER);
    participant.world.server = PeerResult::Peer { is_ours: false, is_trusted: false };
    participant.fails(ACQUIRE, Failure::Untrusted).did_not(Call::Receive);
    participant.did(&[Call::Peer(Role::Connection), Call::Shutdown(Role::Connection, Half::Both)]);
}

/// While its owner holds it, the path changes in the end; nothing else tells whether it is alive.
#[test]
fn a_socket_of_another_user_that_may_not_be_connected_to_is_watched() {
    let theirs = Found { owner: Owner::Other, ..MARKED };
    let mut participant = Participant::at(There { found: theirs, life: Life::Denied });
    participant.waits(ACQUIRE, WATCHING).did(&[JOIN, Call::Watch, PROBE]);
    participant.world.path = None;
    participant.holds(CHANGE);
}

#[test]
fn what_the_system_refuses_is_an_error_with_the_call_and_its_code() {
    for call in [PUBLISH, JOIN, Call::SetSocketMode, Call::StatFile(Role::Pin)] {
        let mut participant = Participant::at(HOLDER);
        let result: CallResult = match call {
            Call::StatFile(_) => StatResult::Failed(ERRNO).into(),
            _ => DoneResult::Failed(ERRNO).into(),
        };
        participant.instead(call, result).fails(ACQUIRE, failed(call));
    }
    let bind = Call::Bind(Name::Lock, Way::Path);
    Participant::at(None).instead(bind, BindResult::Failed(ERRNO)).fails(ACQUIRE, failed(bind));
    let connect = Call::Connect(Role::Connection, Target::Pinned(Role::Pin));
    Participant::at(HOLDER).instead(connect, ConnectResult::Failed(ERRNO)).fails(ACQUIRE, failed(connect));
}

#[test]
fn a_machine_serves_one_request() {
    for mut participant in [queued(), holding(), lent(), lingering(), watching(), pausing_to_join(), finished()] {
        participant.refuses(ACQUIRE).refuses(TRY).refuses(LOOK);
    }
}

#[test]
fn nothing_else_is_told_while_a_call_is_asked_for() {
    let mut participant = Participant::at(None);
    let step = participant.step(ACQUIRE);
    assert_eq!(step, Step::Call(PUBLISH));
    for event in [ACQUIRE, CANCEL, READABLE, DEADLINE, Event::Result(AnswerResult::Yes.into())] {
        participant.refuses(event);
    }
    let mut machine = *participant.machine();
    let misuse = machine.handle(CANCEL).expect_err("a call is asked for");
    assert_eq!(misuse, Misuse { asked: Some(PUBLISH), event: CANCEL });
    assert_eq!(misuse.to_string(), "the driver sent Request(Cancel) instead of the result of Socket(Listener, Stream)");
}

#[test]
fn a_result_that_was_not_asked_for_is_the_drivers_mistake() {
    let result = Event::Result(DoneResult::Done.into());
    for mut participant in [Participant::at(None), queued(), holding(), lent(), finished()] {
        participant.refuses(result);
    }
    let misuse = holding().machine().clone().handle(result).expect_err("nothing is asked for");
    assert_eq!(misuse.to_string(), "the driver sent Result(DoneResult(Done)) at the wrong time");
}

/// Without `/proc` the path may lead to another server than to the file that is held fast. It may be one that must not be left
/// before it has had its say: so the waiter stays, and takes it for one that may lend.
#[test]
fn a_connection_by_path_counts_if_the_path_is_still_that_file() {
    let pinned = Call::Connect(Role::Connection, Target::Pinned(Role::Pin));
    let mut participant = Participant::at(HOLDER);
    participant.instead(pinned, ConnectResult::Missing(ERRNO)).waits(ACQUIRE, QUEUED);
    participant.did(&[pinned, Call::Connect(Role::Connection, Target::Path(Name::Lock)), Call::StatByPath(Name::Lock)]);

    let mut participant = Participant::at(HOLDER);
    participant.instead(pinned, ConnectResult::Missing(ERRNO));
    participant.instead(Call::StatByPath(Name::Lock), StatResult::Found(Found { inode: OTHER, ..MARKED }));
    participant.waits(ACQUIRE, QUEUED).did(&[Call::StatByPath(Name::Lock), Call::Peer(Role::Connection)]);
    assert!(!participant.machine().server_hands_over());
}
