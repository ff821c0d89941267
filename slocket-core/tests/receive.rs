//! What is checked before listen(2), which makes `SO_PEERCRED` name us (protocol section 2, "Received").

mod common;

use common::*;

/// In the queue, and a listener has come.
#[track_caller]
fn handed_a_listener(platform: Platform) -> Participant {
    let mut participant = Participant::new(platform, Hints::default());
    participant.world.path = Some(HOLDER);
    participant.waits(ACQUIRE, QUEUED);
    participant.world.sent.push_back(ReceiveResult::Listener { unshared: false });
    participant
}

#[test]
fn a_listener_is_asked_in_this_order() {
    let mut participant = handed_a_listener(PRIVATE);
    participant.holds(READABLE).did_just(&[
        // Room is made for it.
        Call::Close(Role::Pin),
        Call::Receive,
        Call::SocketName,
        Call::ComparePeerName,
        Call::Stat(Name::Lock),
        Call::Listen,
        HAS_SHARES,
    ]);
}

/// The sender found that no process has a share: so there is nothing to look for.
#[test]
fn a_lock_that_is_said_to_be_unshared_is_held_without_a_look() {
    let mut participant = Participant::new(PRIVATE, Hints::default());
    participant.world.path = Some(HOLDER);
    participant.waits(ACQUIRE, QUEUED);
    participant.world.sent.push_back(ReceiveResult::Listener { unshared: true });
    participant.holds(READABLE).did_not(HAS_SHARES);
    participant.world.queue.push_back(WAITER);
    participant.ends(RELEASE, Report::Released).did(&[HAND_OVER]);
}

#[test]
fn at_an_abstract_name_its_type_is_asked_for_and_no_path() {
    let mut participant = handed_a_listener(NAME);
    participant.holds(READABLE).did_just(&[
        Call::Close(Role::Pin),
        Call::Receive,
        Call::SocketName,
        Call::ComparePeerName,
        Call::Ask(Question::IsStream),
        Call::Listen,
    ]);
}

/// No lock is handed over between users, not even from root.
#[test]
fn a_listener_of_another_user_is_given_away_unused() {
    let mut participant = Participant::at(HOLDER);
    participant.world.server = PeerResult::Peer { is_ours: false, is_trusted: true };
    participant.waits(ACQUIRE, QUEUED);
    participant.world.sent.push_back(ReceiveResult::Listener { unshared: false });
    participant.waits(READABLE, QUEUED).did(&[Call::Receive, Call::CloseApart(Role::Listener)]);
    participant.did_not(Call::Listen).did_not(Call::SocketName);
}

/// Whatever cannot be told about it, no process listens on it, and it is closed apart: to close it can take for ever.
#[test]
fn what_is_not_proven_to_be_this_locks_is_given_away() {
    let other = StatResult::Found(Found { inode: OTHER, ..MARKED });
    let doubts: [(Call, CallResult); 5] = [
        (Call::SocketName, DoneResult::Failed(ERRNO).into()),
        (Call::ComparePeerName, AnswerResult::No.into()),
        (Call::ComparePeerName, AnswerResult::Failed(ERRNO).into()),
        (Call::Stat(Name::Lock), other.into()),
        (Call::Stat(Name::Lock), StatResult::Missing.into()),
    ];
    for (call, result) in doubts {
        let mut participant = handed_a_listener(PRIVATE);
        participant.instead(call, result);
        participant.waits(READABLE, QUEUED).did_not(Call::Listen);
        participant.did(&[Call::CloseApart(Role::Listener), Call::Close(Role::Connection), PUBLISH]);
    }
}

#[test]
fn at_an_abstract_name_another_type_of_socket_is_foreign() {
    for answer in [AnswerResult::No, AnswerResult::Failed(ERRNO)] {
        let mut participant = handed_a_listener(NAME);
        participant.instead(Call::Ask(Question::IsStream), answer);
        participant.fails(READABLE, Failure::NotASlocket).did_not(Call::Listen);
    }
}

/// What came under another name is a lock's listener, if not this one's; or it is none, and the server no slocket.
#[test]
fn a_descriptor_that_is_not_a_listener_is_foreign() {
    for question in [Question::Listens, Question::IsStream, Question::IsUnix] {
        let mut participant = handed_a_listener(PRIVATE);
        participant.instead(Call::ComparePeerName, AnswerResult::No).instead(Call::Ask(question), AnswerResult::No);
        participant.fails(READABLE, Failure::NotASlocket).did(&[Call::CloseApart(Role::Listener)]);
    }
}

/// The name is that of a connection that was accepted, too.
#[test]
fn what_cannot_be_listened_on_is_asked_whether_it_is_a_listener() {
    let mut participant = handed_a_listener(PRIVATE);
    participant.instead(Call::Listen, DoneResult::Failed(ERRNO));
    participant.instead(Call::Ask(Question::Listens), AnswerResult::No);
    participant.fails(READABLE, Failure::NotASlocket).did(&[Call::Listen, Call::Ask(Question::Listens)]);
}

/// Its lender could die unseen.
#[test]
fn a_loan_at_an_abstract_name_is_foreign() {
    let mut participant = Participant::new(NAME, Hints::default());
    participant.world.path = Some(HOLDER);
    participant.waits(ACQUIRE, QUEUED);
    participant.world.sent.push_back(ReceiveResult::Loan);
    participant.fails(READABLE, Failure::NotASlocket);
}
