//! From idle, looking: which process listens, without taking the lock (protocol section 2, "Look").

mod common;

use common::*;

#[test]
fn an_empty_path_is_free() {
    Participant::at(None).ends(LOOK, Report::Free).did_not(PUBLISH);
}

#[test]
fn a_socket_at_which_no_process_listens_is_free() {
    Participant::at(DEAD).ends(LOOK, Report::Free).did_not(UNLINK);
}

/// Nothing can be sent to such a connection, so the holder passes it over, and a look is never handed the lock.
#[test]
fn a_server_that_hands_over_is_told_of_and_left_and_can_send_nothing() {
    let mut participant = Participant::at(HOLDER);
    participant.ends(LOOK, Report::Listened);
    let connect = Call::Connect(Role::Connection, Target::Pinned(Role::Pin));
    participant.did(&[STOP_READING, connect, Call::Close(Role::Connection)]).did_not(PUBLISH);
}

/// An npm server that cannot send dies.
#[test]
fn a_server_that_may_lend_can_still_send_and_is_left_in_the_background() {
    let mut participant = Participant::at(NPM);
    participant.leaves_behind(LOOK, Report::Listened, QUEUED).did_not(STOP_READING);
    participant.world.sent.push_back(ReceiveResult::PeerClosed);
    participant.finishes(READABLE);
}

#[test]
fn an_untrusted_server_is_told_of_and_not_read_from() {
    let mut participant = Participant::at(HOLDER);
    participant.world.server = PeerResult::Peer { is_ours: false, is_trusted: false };
    participant.ends(LOOK, Report::Listened).did_not(Call::Receive);
}

/// Where the mark was set between the look at the path and the end of the look, it stood in a queue for an instant.
#[test]
fn a_listener_that_came_for_a_look_is_passed_on() {
    let mut participant = Participant::at(NPM);
    participant.world.queue.push_back(WAITER);
    participant.world.sent.push_back(ReceiveResult::Listener { unshared: false });
    // It is marked by the time that it is left.
    participant.instead(Call::Stat(Name::Lock), StatResult::Found(MARKED));
    participant.ends(LOOK, Report::Listened).did(&[STOP_READING, Call::Receive, Call::Listen, HAND_OVER_UNSEEN]);
}

#[test]
fn a_full_backlog_has_a_server() {
    Participant::at(There { life: Life::Full, ..HOLDER }).ends(LOOK, Report::Listened);
}

#[test]
fn a_server_that_is_not_slocket_is_an_error() {
    Participant::at(DIRECTORY).fails(LOOK, Failure::NotASlocket);
    Participant::at(There { life: Life::Datagram, ..HOLDER }).fails(LOOK, Failure::NotASlocket);
    let theirs = Found { owner: Owner::Other, ..MARKED };
    Participant::at(There { found: theirs, life: Life::Denied }).fails(LOOK, Failure::Inaccessible);
    Participant::at(HOLDER).instead(JOIN, DoneResult::Failed(ERRNO)).fails(LOOK, failed(JOIN));
}

#[test]
fn an_abstract_name_is_looked_at_by_a_connection_that_can_be_sent_nothing() {
    let mut participant = Participant::new(NAME, Hints::default());
    participant.ends(LOOK, Report::Free);
    let mut participant = Participant::new(NAME, Hints::default());
    participant.world.path = Some(HOLDER);
    participant.ends(LOOK, Report::Listened);
    participant.did(&[STOP_READING, Call::Connect(Role::Connection, Target::Abstract)]);
}
