//! A cancel or a time-out, at every point: between two questions, and while an answer is outstanding (protocol
//! section 2, "Cancel").

mod common;

use common::*;

/// Both ways to stop wanting the lock, with what the caller is told.
const STOPS: [(Event, Report); 2] = [(Cancel, Report::Cancelled), (TimerFired(Timer::Deadline), Report::TimedOut)];

#[test]
fn before_anything_was_asked_for_there_is_nothing_to_stop() {
    for (stop, _) in STOPS {
        idle().ignores(stop);
    }
}

#[test]
fn who_waits_in_no_queue_stops_at_once() {
    for (stop, report) in STOPS {
        for mut participant in [watching(), watching_a_stale_socket(), pausing_to_publish(), pausing_to_connect()] {
            participant.tell(stop, [Close, tells(report)]);
            participant.is_finished();
        }
    }
}

#[test]
fn who_is_queued_leaves_the_queue() {
    for (stop, report) in STOPS {
        let mut participant = queued();
        participant.tell(stop, [Leave]);
        participant.tell(left(Left::Closed), [Close, tells(report)]);
        participant.is_finished();
    }
}

#[test]
fn a_listener_that_came_first_is_passed_on_before_the_caller_is_told() {
    for (stop, report) in STOPS {
        let mut participant = queued();
        participant.tell(stop, [Leave]);
        participant.tell(left(Left::Listener), [Accept]);
        participant.tell(accepted(Accepted::Waiter), [HandOver]);
        participant.tell(HandedOver(Delivery::Gone), [Accept]);
        participant.tell(accepted(Accepted::Nobody), [CloseOut]);
        participant.tell(ClosedOut(Removal::Done), [Close, tells(report)]);
    }
}

#[test]
fn a_listener_that_came_first_can_be_lent() {
    for (stop, report) in STOPS {
        let mut participant = queued();
        participant.tell(stop, [Leave]);
        participant.tell(left(Left::Listener), [Accept]);
        participant.tell(accepted(Accepted::Client), [ClearMark]);
        participant.tell(MarkCleared(true), [Lend]);
        participant.tell(Granted(Delivery::Sent), [tells(report)]);
        assert_eq!(*participant.state(), State::Lent);
    }
}

/// Who never had the lock has lost none.
#[test]
fn who_gave_up_is_told_so_even_if_the_path_was_lost() {
    for removal in [Removal::NotOurs, Removal::Failed(CODE)] {
        let mut participant = leaving();
        participant.tell(left(Left::Listener), [Accept]);
        participant.tell(accepted(Accepted::Nobody), [CloseOut]);
        participant.tell(ClosedOut(removal), [Close, tells(Report::Cancelled)]);
    }
}

/// An npm server dies of a connection that is closed under its grant.
#[test]
fn a_lending_server_is_left_gently_in_the_background() {
    for (stop, report) in STOPS {
        let mut participant = queued();
        participant.tell(stop, [Leave]);
        participant.tell(left(Left::Lingering), [tells(report)]);
        assert!(participant.state().is_background());
        assert_eq!(participant.state().interest(), Interest::Connection);
        let connection = participant.connection();
        participant.tell(Ended(connection), [Close]);
        participant.is_finished();
    }
}

#[test]
fn a_loan_that_comes_after_all_is_given_back_without_a_word() {
    for removal in [Removal::Done, Removal::NotOurs, Removal::Failed(CODE)] {
        let mut participant = lingering();
        participant.receives(Received::Loan, [GiveBack]);
        assert!(participant.state().is_background());
        participant.tell(Event::GivenBack(removal), [Close]);
        participant.is_finished();
    }
}

#[test]
fn anything_else_that_comes_after_all_is_ignored() {
    let mut participant = lingering();
    let connection = participant.connection();
    participant.ignores(Event::Received(connection, Received::Truncated));
    participant.ignores(Event::Received(connection, Received::Foreign));
    participant.tell(Ended(connection), [Close]);
}

#[test]
fn a_listener_that_comes_after_all_is_passed_on_without_a_word() {
    let mut participant = lingering();
    participant.receives(Received::Listener, [Accept]);
    participant.tell(accepted(Accepted::Waiter), [HandOver]);
    participant.tell(HandedOver(Delivery::Sent), [Close]);
}

#[test]
fn who_lingers_listens_to_its_own_connection_only() {
    let mut participant = lingering();
    let other = following(participant.connection());
    participant.ignores(Ended(other));
    participant.ignores(Event::Received(other, Received::Listener));
    participant.ignores(Cancel);
    participant.ignores(fired(Timer::Deadline));
}

#[test]
fn while_publishing_it_is_remembered() {
    for (stop, report) in STOPS {
        for answer in [Published::InUse, Published::Swept, Published::Failed(CODE)] {
            let mut participant = publishing(Stale::Wait);
            participant.tell(stop, []);
            participant.tell(published(answer), [Close, tells(report)]);
        }
    }
}

#[test]
fn a_socket_that_is_published_all_the_same_is_released_properly() {
    for (stop, report) in STOPS {
        let mut participant = publishing(Stale::Wait);
        participant.tell(stop, []);
        participant.tell(published(Published::Listening), [Accept]);
        participant.tell(accepted(Accepted::Waiter), [HandOver]);
        participant.tell(HandedOver(Delivery::Sent), [Close, tells(report)]);
    }
}

#[test]
fn while_connecting_it_is_remembered() {
    use Connected::{BacklogFull, Failed, Missing, NotASocket, Refused, WrongType};
    for (stop, report) in STOPS {
        for answer in [Missing, Refused, BacklogFull, NotASocket, WrongType, Failed(CODE)] {
            let mut participant = connecting(Stale::Wait);
            participant.tell(stop, []);
            participant.tell(connected(answer), [Close, tells(report)]);
        }
    }
}

#[test]
fn a_queue_that_was_joined_all_the_same_is_left() {
    for (stop, report) in STOPS {
        let mut participant = connecting(Stale::Wait);
        participant.tell(stop, []);
        participant.tell(connected(Connected::Queued), [Leave]);
        participant.tell(left(Left::Lingering), [tells(report)]);
        let connection = participant.connection();
        participant.tell(Ended(connection), [Close]);
    }
}

#[test]
fn while_looking_at_the_path_it_is_remembered() {
    use Inspected::{Alive, Dead, Denied, Failed, Missing, NotASocket, Unmarked, WrongType};
    for (stop, report) in STOPS {
        for answer in [Missing, Alive, Unmarked, Dead, Inspected::Stale, NotASocket, WrongType, Denied, Failed(CODE)] {
            let mut participant = inspecting(Stale::Fail);
            participant.tell(stop, []);
            participant.tell(inspected(answer), [Close, tells(report)]);
        }
    }
}

#[test]
fn while_a_watch_is_armed_it_is_remembered() {
    for (stop, report) in STOPS {
        let mut participant = arming_watch();
        participant.tell(stop, []);
        participant.tell(WatchArmed, [Close, tells(report)]);
    }
}

#[test]
fn while_a_dead_socket_is_removed_it_is_remembered() {
    use Reclaimed::{Busy, Changed, Denied, Elsewhere, Failed, Removed, Unmarked};
    for (stop, report) in STOPS {
        for answer in [Removed, Changed, Busy, Unmarked, Denied, Elsewhere, Failed(CODE)] {
            let mut participant = reclaiming(Stale::Fail);
            participant.tell(stop, []);
            participant.tell(reclaimed(answer), [Close, tells(report)]);
        }
    }
}

#[test]
fn while_leaving_what_the_caller_is_told_is_settled() {
    for (stop, _) in STOPS {
        let mut participant = leaving();
        participant.ignores(stop);
        participant.tell(left(Left::Closed), [Close, tells(Report::Cancelled)]);
    }
}

#[test]
fn a_cancel_gives_back_what_is_held() {
    let mut participant = holding();
    participant.tell(Cancel, [Accept]);
    participant.tell(accepted(Accepted::Waiter), [HandOver]);
    participant.tell(HandedOver(Delivery::Sent), [Close, tells(Report::Cancelled)]);

    let mut participant = borrowing();
    participant.tell(Cancel, [GiveBack]);
    participant.tell(GivenBack(Removal::NotOurs), [Close, tells(Report::Cancelled)]);
}

#[test]
fn a_deadline_that_comes_too_late_takes_nothing_away() {
    holding().ignores(fired(Timer::Deadline));
    borrowing().ignores(fired(Timer::Deadline));
    lent().ignores(fired(Timer::Deadline));
    finished().ignores(fired(Timer::Deadline));
}

#[test]
fn a_release_that_is_under_way_goes_on() {
    let under_way =
        [accepting(), handing_over(), clearing_mark(), lending(), lent(), setting_mark(), closing_out(), giving_back()];
    for mut participant in under_way {
        participant.ignores(Cancel);
        participant.ignores(fired(Timer::Deadline));
    }
}

#[test]
fn who_stops_twice_is_told_of_the_first_time() {
    for (at, (stop, report)) in STOPS.into_iter().enumerate() {
        let (other, _) = STOPS[1 - at];
        for mut participant in [publishing(Stale::Wait), connecting(Stale::Wait), inspecting(Stale::Wait)] {
            participant.tell(stop, []);
            participant.ignores(other);
        }
        let mut participant = publishing(Stale::Wait);
        participant.tell(stop, []);
        participant.ignores(other);
        participant.tell(published(Published::InUse), [Close, tells(report)]);
    }
}
