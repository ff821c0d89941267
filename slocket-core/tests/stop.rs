//! A cancel or a time-out, wherever something is waited for (protocol section 2, "Cancel").

mod common;

use common::*;

/// Both ways to stop wanting the lock, with what the caller is told.
const STOPS: [(Event, Report); 2] = [(CANCEL, Report::Cancelled), (DEADLINE, Report::TimedOut)];

#[test]
fn before_anything_was_asked_for_there_is_nothing_to_stop() {
    Participant::at(None).ignores(CANCEL).ignores(DEADLINE).ignores(DISMISS).ignores(CUT);
}

#[test]
fn one_that_waits_in_no_queue_stops_at_once() {
    for (stop, report) in STOPS {
        for mut participant in [watching(), watching_a_stale_socket(), pausing_to_join()] {
            participant.ends(stop, report).did_not(UNLINK);
        }
    }
}

/// After nothing more can arrive, what has arrived is read.
#[test]
fn a_waiter_leaves_the_queue_of_one_that_hands_over() {
    for (stop, report) in STOPS {
        let mut participant = queued();
        participant.ends(stop, report);
        participant.did(&[STOP_READING, Call::Receive, Call::Close(Role::Connection)]);
    }
}

#[test]
fn a_listener_that_came_first_is_passed_on_before_the_caller_is_told() {
    for (stop, report) in STOPS {
        let mut participant = queued();
        participant.world.sent.push_back(ReceiveResult::Listener { unshared: false });
        participant.world.queue.extend([Guest { takes: SendResult::Gone, ..WAITER }, WAITER]);
        participant.ends(stop, report).did(&[
            STOP_READING,
            Call::Receive,
            Call::Listen,
            HAND_OVER_UNSEEN,
            HAND_OVER_UNSEEN,
        ]);
        participant.did_not(UNLINK);
    }
}

#[test]
fn a_listener_that_came_first_and_is_not_wanted_is_closed_out() {
    for (stop, report) in STOPS {
        let mut participant = queued();
        participant.world.sent.push_back(ReceiveResult::Listener { unshared: false });
        participant.ends(stop, report).did(&[STOP_READING, Call::Listen, UNLINK]);
    }
}

#[test]
fn a_listener_that_came_first_can_be_lent() {
    for (stop, report) in STOPS {
        let mut participant = queued();
        participant.world.sent.push_back(ReceiveResult::Listener { unshared: false });
        participant.world.queue.push_back(CLIENT);
        participant.leaves_behind(stop, report, LENT).did(&[STOP_READING, Call::Listen, LEND]);
    }
}

/// The server sent something else first, and the listener is behind it.
#[test]
fn all_that_has_arrived_is_read() {
    for before in [ReceiveResult::Loan, ReceiveResult::Foreign] {
        let mut participant = queued();
        participant.world.sent.extend([before, ReceiveResult::Listener { unshared: false }]);
        participant.ends(CANCEL, Report::Cancelled).did(&[
            STOP_READING,
            Call::Receive,
            Call::Receive,
            Call::Listen,
            UNLINK,
        ]);
    }
}

/// A process that never held the lock has lost none.
#[test]
fn a_waiter_that_gave_up_is_told_so_even_if_the_path_was_lost() {
    let mut participant = queued();
    participant.world.sent.push_back(ReceiveResult::Listener { unshared: false });
    let other = Found { inode: OTHER, ..MARKED };
    participant.instead(Call::Stat(Name::Lock), StatResult::Found(MARKED));
    participant.world.path = Some(There { found: other, ..HOLDER });
    participant.ends(CANCEL, Report::Cancelled).did(&[Call::Listen]).did_not(UNLINK);
}

/// An npm server dies of a connection that is closed under its grant.
#[test]
fn a_server_that_may_lend_is_left_in_the_background() {
    for (stop, report) in STOPS {
        let mut participant = queued_at(NPM);
        participant.leaves_behind(stop, report, QUEUED).did_just(&[Call::Stat(Name::Lock), Call::Close(Role::Pin)]);
        assert!(participant.machine().is_lingering());
        participant.world.sent.push_back(ReceiveResult::PeerClosed);
        participant.finishes(READABLE);
    }
}

/// It may have been a loan when we came, and be none now.
#[test]
fn a_server_that_hands_over_by_now_is_left_like_any_that_does() {
    let mut participant = queued_at(NPM);
    participant.instead(Call::Stat(Name::Lock), StatResult::Found(MARKED));
    participant.ends(CANCEL, Report::Cancelled).did(&[Call::Stat(Name::Lock), STOP_READING]);
}

#[test]
fn a_loan_that_comes_after_all_is_given_back_without_a_word() {
    let mut participant = lingering();
    participant.world.sent.push_back(ReceiveResult::Loan);
    participant.finishes(READABLE).did(&[Call::Receive, Call::Shutdown(Role::Connection, Half::Both)]);
}

/// Whatever happens to it: the caller was told long ago.
#[test]
fn a_loan_of_a_server_that_has_gone_is_given_back_without_a_word() {
    for there in [Some(STALE), Some(DIRECTORY), None] {
        let mut participant = lingering();
        participant.world.sent.push_back(ReceiveResult::Loan);
        participant.world.server_has_ended = true;
        participant.world.path = there;
        participant.finishes(READABLE);
        assert_eq!(participant.calls.contains(&UNLINK), there.is_some_and(|there| there.found.inode == ONE));
    }
}

#[test]
fn anything_else_that_comes_after_all_is_put_away() {
    let mut participant = lingering();
    for sent in [ReceiveResult::Truncated, ReceiveResult::Foreign] {
        participant.world.sent.push_back(sent);
        participant.waits(READABLE, QUEUED).did_just(&[Call::Receive, Call::CloseApart(Role::Strays)]);
    }
    participant.world.sent.push_back(ReceiveResult::PeerClosed);
    participant.finishes(READABLE);
}

#[test]
fn a_listener_that_comes_after_all_is_passed_on_without_a_word() {
    let mut participant = lingering();
    participant.world.sent.push_back(ReceiveResult::Listener { unshared: false });
    participant.world.queue.push_back(WAITER);
    participant.finishes(READABLE).did(&[Call::Listen, HAND_OVER_UNSEEN]);
}

#[test]
fn one_that_lingers_has_nothing_left_to_stop() {
    lingering().ignores(CANCEL).ignores(DEADLINE).ignores(RETRY).ignores(CHANGE).refuses(RELEASE);
}

/// A client that has taken its leave is not a holder, whatever still comes: the server may have granted the lock to the next by then.
#[test]
fn a_server_that_was_told_that_we_are_done_lends_us_nothing() {
    for (request, half) in [(DISMISS, Half::Write), (CUT, Half::Both)] {
        let mut participant = lingering();
        participant.waits(request, QUEUED).did_just(&[Call::Shutdown(Role::Connection, half)]);
        assert!(participant.machine().is_dismissed() && participant.machine().is_lingering());
        participant.world.sent.push_back(ReceiveResult::Loan);
        participant.world.server_has_ended = true;
        participant.world.path = Some(STALE);
        participant.finishes(READABLE).did_not(UNLINK).did_not(Call::HasEnded(Role::Connection));
    }
}

#[test]
fn a_cancel_gives_back_what_is_held() {
    let mut participant = holding_with(&[WAITER]);
    participant.ends(CANCEL, Report::Cancelled).did(&[HAND_OVER]);

    // A loan whose path is lost does not concern a participant that gives up.
    let mut participant = borrowing();
    participant.world.server_has_ended = true;
    participant.world.path = None;
    participant.ends(CANCEL, Report::Cancelled);
}

#[test]
fn a_deadline_that_comes_too_late_takes_nothing_away() {
    for mut participant in [holding(), borrowing(), lent(), lingering(), finished()] {
        participant.ignores(DEADLINE);
    }
}

#[test]
fn where_no_request_is_open_a_cancel_comes_to_nothing() {
    for mut participant in [lent(), lingering(), finished()] {
        participant.ignores(CANCEL);
    }
}
