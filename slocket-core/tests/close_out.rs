//! How the path is given up (protocol section 2, "Release, in full": close out).

mod common;

use common::*;

const REFUSE: Call = Call::Shutdown(Role::Listener, Half::Read);
const ACCEPT: Call = Call::Accept(Role::Guest);
const END: Call = Call::Shutdown(Role::Guest, Half::Both);
const CLOSE: Call = Call::Close(Role::Listener);

/// Unlink, refuse newcomers, end the queued clients, close: in this order.
#[test]
fn a_path_is_given_up_in_this_order() {
    // The client at the head is a stranger, so no client is handed the lock.
    let mut participant = holding_with(&[STRANGER, WAITER, CLIENT]);
    participant.ends(RELEASE, Report::Released);
    let from = participant.calls.iter().position(|call| *call == END).expect("the head of the queue is ended");
    let end = [END, Call::HasUnread(Role::Guest), Call::Close(Role::Guest)];
    let expected = [&end[..], &[UNLINK, REFUSE, ACCEPT], &end, &[ACCEPT], &end, &[ACCEPT, CLOSE]];
    assert_eq!(participant.calls[from..], expected.concat());
}

/// To close what others sent can take for ever.
#[test]
fn a_connection_with_something_unread_is_closed_apart() {
    let mut participant = holding_with(&[STRANGER]);
    participant.instead(Call::HasUnread(Role::Guest), AnswerResult::Yes);
    participant.ends(RELEASE, Report::Released).did(&[END, Call::CloseApart(Role::Guest), UNLINK]);
}

#[test]
fn a_client_that_comes_meanwhile_is_ended_before_the_listener_is_closed() {
    let mut participant = holding();
    let refused = participant.up_to(RELEASE, REFUSE);
    participant.world.queue.push_back(WAITER);
    participant.ends(refused, Report::Released).did(&[ACCEPT, END, ACCEPT, CLOSE]);
}

/// A holder that saw that the path is not its own looks once more: it would be left behind.
#[test]
fn a_path_that_was_not_ours_is_looked_at_once_more() {
    let look = Call::Stat(Name::Lock);
    let mut participant = holding();
    participant.instead(look, StatResult::Missing);
    participant.ends(RELEASE, Report::Released).did(&[look, look, UNLINK]);
}

#[test]
fn a_path_in_other_hands_is_a_lost_lock_and_is_left() {
    let mut participant = holding();
    participant.world.path = Some(DIRECTORY);
    participant.fails(RELEASE, Failure::LockLost).did(&[REFUSE, CLOSE]).did_not(UNLINK);
    let mut participant = holding();
    participant.instead(UNLINK, UnlinkResult::Missing).fails(RELEASE, Failure::LockLost).did(&[UNLINK, REFUSE, CLOSE]);
    for result in [UnlinkResult::Denied(ERRNO), UnlinkResult::Failed(ERRNO)] {
        let mut participant = holding();
        participant.instead(UNLINK, result).fails(RELEASE, failed(UNLINK)).did(&[REFUSE, CLOSE]);
    }
    let look = Call::Stat(Name::Lock);
    let mut participant = holding();
    participant.instead(look, StatResult::Failed(ERRNO)).instead(look, StatResult::Failed(ERRNO));
    participant.fails(RELEASE, failed(look)).did_not(UNLINK);
}

#[test]
fn for_want_of_descriptors_the_reserve_is_spent_once_for_each() {
    let mut participant = holding();
    participant.instead(ACCEPT, AcceptResult::Exhausted).instead(ACCEPT, AcceptResult::Exhausted);
    participant.ends(RELEASE, Report::Released).did(&[UNLINK, REFUSE, ACCEPT, Call::SpendReserve, ACCEPT, CLOSE]);
    assert_eq!(participant.count(Call::SpendReserve), 1);
}

// ---- At an abstract name, to close is to give up.

#[track_caller]
fn holding_a_name(queue: &[Guest]) -> Participant {
    let mut participant = Participant::new(NAME, Hints::default());
    participant.holds(ACQUIRE);
    participant.world.queue.extend(queue);
    participant
}

#[test]
fn a_name_without_waiters_is_closed() {
    holding_a_name(&[]).ends(RELEASE, Report::Released).did_just(&[Call::Poll, CLOSE]);
}

/// The queued clients are accepted before the name is free, and ended after it.
#[test]
fn queued_clients_of_a_name_are_ended_after_it_is_free() {
    let accept = Call::Accept(Role::Queue);
    let end = Call::Shutdown(Role::Queue, Half::Both);
    let mut participant = holding_a_name(&[STRANGER, WAITER, WAITER]);
    participant.ends(RELEASE, Report::Released);
    participant.did(&[accept, accept, accept, CLOSE, end, Call::Close(Role::Queue), end, Call::Close(Role::Queue)]);
    participant.did_not(UNLINK).did_not(REFUSE);
}

#[test]
fn at_most_as_many_are_accepted_from_a_name_as_can_be_queued() {
    let mut participant = holding_a_name(&[STRANGER]);
    participant.world.queue.extend(std::iter::repeat_n(WAITER, 5_000));
    participant.ends(RELEASE, Report::Released);
    assert_eq!(participant.count(Call::Accept(Role::Queue)), 4_097);
    assert_eq!(participant.count(Call::Close(Role::Queue)), 4_097);
}
