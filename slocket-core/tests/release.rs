//! From `Holding`, giving the lock back: handing over, lending, closing out (protocol section 2, "Release, in full").

mod common;

use common::*;

#[test]
fn nobody_waits_and_the_path_is_given_up() {
    let mut participant = holding();
    participant.tell(Release, [Accept]);
    participant.tell(accepted(Accepted::Nobody), [CloseOut]);
    participant.tell(ClosedOut(Removal::Done), [Close, tells(Report::Released)]);
    participant.is_finished();
}

#[test]
fn a_waiter_is_handed_the_listener_and_that_is_all() {
    let mut participant = accepting();
    participant.tell(accepted(Accepted::Waiter), [HandOver]);
    participant.tell(HandedOver(Delivery::Sent), [Close, tells(Report::Released)]);
    participant.is_finished();
}

#[test]
fn a_waiter_that_went_away_makes_room_for_the_next() {
    let mut participant = handing_over();
    participant.tell(HandedOver(Delivery::Gone), [Accept]);
    participant.tell(accepted(Accepted::Gone), [Accept]);
    participant.tell(accepted(Accepted::Waiter), [HandOver]);
    participant.tell(HandedOver(Delivery::Sent), [Close, tells(Report::Released)]);
}

#[test]
fn a_listener_that_cannot_be_sent_is_closed_out() {
    let mut participant = handing_over();
    participant.tell(HandedOver(Delivery::Failed), [CloseOut]);
    participant.tell(ClosedOut(Removal::Done), [Close, tells(Report::Released)]);
}

/// Another user could not unlink what it would hold.
#[test]
fn a_stranger_is_closed_out() {
    accepting().tell(accepted(Accepted::Stranger), [CloseOut]);
}

#[test]
fn for_want_of_descriptors_the_path_is_given_up() {
    accepting().tell(accepted(Accepted::Failed), [CloseOut]);
}

/// Another may hold at the path by now, beside whoever got this listener.
#[test]
fn a_lock_that_is_lost_is_not_passed_on() {
    let mut participant = accepting();
    participant.tell(accepted(Accepted::Lost), [CloseOut]);
    participant.tell(ClosedOut(Removal::NotOurs), [Close, fails(Failure::LockLost)]);
}

#[test]
fn a_lock_that_was_lost_while_it_was_lent_is_not_passed_on() {
    let mut participant = setting_mark();
    participant.tell(MarkSet(true), [Accept]);
    participant.tell(accepted(Accepted::Lost), [CloseOut]);
    participant.tell(ClosedOut(Removal::NotOurs), [Close]);
}

#[test]
fn a_baseline_client_is_lent_the_lock_once_the_mark_is_cleared() {
    let mut participant = accepting();
    participant.tell(accepted(Accepted::Client), [ClearMark]);
    participant.tell(MarkCleared(true), [Lend]);
    participant.tell(Granted(Delivery::Sent), [tells(Report::Released)]);
    assert_eq!(*participant.state(), State::Lent);
    assert_eq!(participant.state().interest(), Interest::Loan);
    assert!(participant.state().is_background());
}

#[test]
fn after_a_loan_the_mark_is_set_before_the_next_is_accepted() {
    let mut participant = lent();
    participant.tell(LoanEnded, [SetMark]);
    participant.tell(MarkSet(true), [Accept]);
    assert!(participant.state().is_background(), "the caller has been told long ago");
    participant.tell(accepted(Accepted::Waiter), [HandOver]);
    participant.tell(HandedOver(Delivery::Sent), [Close]);
    participant.is_finished();
}

#[test]
fn one_loan_follows_another_and_the_caller_is_told_once() {
    let mut participant = lent();
    for _ in 0..3 {
        participant.tell(LoanEnded, [SetMark]);
        participant.tell(MarkSet(true), [Accept]);
        participant.tell(accepted(Accepted::Client), [ClearMark]);
        participant.tell(MarkCleared(true), [Lend]);
        participant.tell(Granted(Delivery::Sent), []);
        assert_eq!(*participant.state(), State::Lent);
    }
    participant.tell(LoanEnded, [SetMark]);
    participant.tell(MarkSet(true), [Accept]);
    participant.tell(accepted(Accepted::Nobody), [CloseOut]);
    participant.tell(ClosedOut(Removal::Done), [Close]);
}

#[test]
fn a_client_that_could_not_be_lent_to_is_passed_over_with_the_mark_set_again() {
    for delivery in [Delivery::Gone, Delivery::Failed] {
        let mut participant = lending();
        participant.tell(Granted(delivery), [SetMark]);
        participant.tell(MarkSet(true), [Accept]);
        participant.tell(accepted(Accepted::Nobody), [CloseOut]);
        participant.tell(ClosedOut(Removal::Done), [Close, tells(Report::Released)]);
    }
}

/// Another user's socket: who may not change the mark lends nothing, and hands over nothing unmarked.
#[test]
fn a_mark_that_cannot_be_changed_closes_out() {
    let mut participant = clearing_mark();
    participant.tell(MarkCleared(false), [CloseOut]);
    participant.tell(ClosedOut(Removal::Done), [Close, tells(Report::Released)]);
    let mut participant = setting_mark();
    participant.tell(MarkSet(false), [CloseOut]);
    participant.tell(ClosedOut(Removal::Done), [Close]);
}

#[test]
fn a_path_in_other_hands_is_a_lost_lock() {
    closing_out().tell(ClosedOut(Removal::NotOurs), [Close, fails(Failure::LockLost)]);
    closing_out().tell(ClosedOut(Removal::Failed(CODE)), [Close, fails(Failure::Os(CODE))]);
}

#[test]
fn a_loan_is_given_back() {
    let mut participant = borrowing();
    participant.tell(Release, [GiveBack]);
    participant.tell(GivenBack(Removal::Done), [Close, tells(Report::Released)]);
    participant.is_finished();
}

#[test]
fn a_loan_whose_path_is_in_other_hands_is_a_lost_lock() {
    giving_back().tell(GivenBack(Removal::NotOurs), [Close, fails(Failure::LockLost)]);
    giving_back().tell(GivenBack(Removal::Failed(CODE)), [Close, fails(Failure::Os(CODE))]);
}

/// A holder runs no event loop: whatever happens, it holds.
#[test]
fn nothing_that_happens_takes_the_lock_away() {
    for mut participant in [holding(), borrowing()] {
        let connection = participant.connection();
        participant.ignores(Ended(connection));
        participant.ignores(Event::Received(connection, Received::Listener));
        participant.ignores(PathChanged);
        participant.ignores(LoanEnded);
        for timer in [Timer::Deadline, Timer::Retry, Timer::Recheck, Timer::Stale] {
            participant.ignores(fired(timer));
        }
        assert_eq!(participant.state().interest(), Interest::Timer);
    }
}

#[test]
fn the_lock_is_given_back_once() {
    for mut participant in [accepting(), handing_over(), lending(), lent(), closing_out(), giving_back(), finished()] {
        participant.refuses(Release);
        participant.ignores(Cancel);
    }
}
