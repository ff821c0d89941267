//! From holding, giving the lock back: handing over, lending, giving back (protocol section 2, "Release, in full").

mod common;

use common::*;

const LOOK: Call = Call::Stat(Name::Lock);
const ACCEPT: Call = Call::Accept(Role::Guest);
const GONE: Guest = Guest { takes: SendResult::Gone, ..WAITER };
const ENDED: Guest = Guest { has_ended: true, ..CLIENT };

#[test]
fn without_waiters_the_path_is_given_up() {
    holding().ends(RELEASE, Report::Released).did(&[LOOK, Call::Poll, UNLINK]).did_not(HAND_OVER);
}

/// It is woken first, for to wake up takes longer than to send.
#[test]
fn a_waiter_is_handed_the_listener_and_that_is_all() {
    let mut participant = holding_with(&[WAITER]);
    participant.ends(RELEASE, Report::Released).did_just(&[
        LOOK,
        Call::Poll,
        ACCEPT,
        Call::Peer(Role::Guest),
        Call::Shutdown(Role::Guest, Half::Read),
        HAND_OVER,
        Call::Close(Role::Listener),
        Call::Close(Role::Guest),
    ]);
}

#[test]
fn a_waiter_that_went_away_makes_room_for_the_next() {
    let mut participant = holding_with(&[GONE, ENDED, WAITER]);
    participant.ends(RELEASE, Report::Released);
    // A client that is passed over is ended; and each time the path is looked at again.
    let end = Call::Shutdown(Role::Guest, Half::Both);
    participant.did(&[LOOK, HAND_OVER, end, LOOK, Call::HasEnded(Role::Guest), end, LOOK, HAND_OVER]).did_not(UNLINK);
}

/// Those that come and go meanwhile must not make the release endless.
#[test]
fn at_most_4098_are_accepted_for_one_release() {
    for guest in [GONE, ENDED, Guest { takes: SendResult::Gone, ..CLIENT }] {
        let mut participant = holding();
        participant.world.queue.extend(std::iter::repeat_n(guest, 5_000));
        let refused = participant.up_to(RELEASE, Call::Shutdown(Role::Listener, Half::Read));
        assert_eq!(participant.count(ACCEPT), 4_098, "{guest:?}");
        participant.world.queue.clear();
        participant.ends(refused, Report::Released);
    }
}

#[test]
fn a_listener_that_cannot_be_sent_is_closed_out() {
    let mut participant = holding_with(&[Guest { takes: SendResult::Failed, ..WAITER }, WAITER]);
    participant.ends(RELEASE, Report::Released).did(&[HAND_OVER, UNLINK]);
    assert_eq!(participant.count(HAND_OVER), 1);
}

/// Another user could not unlink what it would hold.
#[test]
fn a_stranger_is_closed_out() {
    for stranger in [STRANGER, Guest { has_badge: false, ..STRANGER }] {
        let mut participant = holding_with(&[stranger, WAITER]);
        participant.ends(RELEASE, Report::Released).did(&[UNLINK]).did_not(HAND_OVER).did_not(LEND);
    }
}

#[test]
fn a_holder_can_pass_the_lock_on_when_descriptors_have_run_out() {
    let mut participant = holding_with(&[WAITER]);
    participant.instead(ACCEPT, AcceptResult::Exhausted);
    participant.ends(RELEASE, Report::Released).did(&[ACCEPT, Call::SpendReserve, ACCEPT, HAND_OVER]);

    let mut participant = holding_with(&[WAITER]);
    participant.instead(ACCEPT, AcceptResult::Exhausted).instead(ACCEPT, AcceptResult::Exhausted);
    participant.ends(RELEASE, Report::Released).did(&[ACCEPT, Call::SpendReserve, ACCEPT, UNLINK]).did_not(HAND_OVER);
}

/// Another process may hold at the path by now, beside the receiver of this listener.
#[test]
fn a_lock_that_is_lost_is_not_passed_on() {
    for there in [None, Some(There { found: Found { inode: OTHER, ..MARKED }, ..HOLDER })] {
        let mut participant = holding_with(&[WAITER]);
        participant.world.path = there;
        participant.fails(RELEASE, Failure::LockLost).did_not(HAND_OVER).did_not(UNLINK);
    }
}

/// A process has touched it while it was held.
#[test]
fn a_socket_that_has_lost_its_mark_gets_it_before_it_is_passed_on() {
    let mut participant = holding_with(&[WAITER]);
    participant.world.path.as_mut().expect("ours").found.times = TimesFound::Apart;
    let (mode, times) = (Call::SetMode(Role::Pin, Mode::Sticky), Call::SetTimes(Role::Pin, Times::Marked));
    participant.ends(RELEASE, Report::Released);
    participant.did(&[LOOK, Call::Open(Role::Pin, Name::Lock), Call::StatFile(Role::Pin), mode, times, HAND_OVER]);
}

/// What is held fast for the mark is not ours: so the lock was lost between two looks.
#[test]
fn a_mark_that_could_not_be_set_is_a_reason_to_look_again() {
    let unmarked = |found: Found| StatResult::Found(Found { times: TimesFound::Apart, ..found });
    let mut participant = holding_with(&[WAITER]);
    let ours = participant.world.path.expect("ours").found;
    participant.world.path = Some(There { found: Found { inode: OTHER, ..MARKED }, ..HOLDER });
    participant.instead(LOOK, unmarked(ours));
    participant.fails(RELEASE, Failure::LockLost).did_not(HAND_OVER).did_not(UNLINK);

    // It is ours, and may not be touched: it is passed on all the same.
    let mut participant = holding_with(&[WAITER]);
    participant.instead(LOOK, unmarked(ours)).instead(Call::Open(Role::Pin, Name::Lock), OpenResult::Denied(ERRNO));
    participant.ends(RELEASE, Report::Released).did(&[LOOK, LOOK, HAND_OVER]);
}

// ---- Lending.

/// First the bit, then the times, then the "OK".
#[test]
fn a_baseline_client_is_lent_the_lock_once_the_mark_is_cleared() {
    let mut participant = holding_with(&[CLIENT]);
    participant.leaves_behind(RELEASE, Report::Released, LENT).did_just(&[
        LOOK,
        Call::Poll,
        ACCEPT,
        Call::Peer(Role::Guest),
        Call::HasEnded(Role::Guest),
        Call::Open(Role::Pin, Name::Lock),
        Call::StatFile(Role::Pin),
        Call::SetMode(Role::Pin, Mode::NotSticky),
        Call::SetTimes(Role::Pin, Times::Lent),
        Call::Close(Role::Pin),
        LEND,
    ]);
}

#[test]
fn after_a_loan_the_mark_is_set_before_the_next_is_accepted() {
    let mut participant = lent();
    participant.world.drains.push_back(DrainResult::Ended);
    participant.world.queue.push_back(WAITER);
    let (mode, times) = (Call::SetMode(Role::Pin, Mode::Sticky), Call::SetTimes(Role::Pin, Times::Marked));
    participant.finishes(READABLE).did(&[Call::Drain, mode, times, LOOK, ACCEPT, HAND_OVER]);
}

#[test]
fn what_a_borrower_sends_is_read_away_and_not_for_ever() {
    let mut participant = lent();
    participant.world.drains.extend([DrainResult::More, DrainResult::More]);
    participant.waits(READABLE, LENT).did_just(&[Call::Drain; 3]);
    participant.world.drains.extend([DrainResult::More; 100]);
    participant.waits(READABLE, LENT);
    assert_eq!(participant.count(Call::Drain), 16);
}

#[test]
fn one_loan_follows_another_and_the_caller_is_told_once() {
    let mut participant = lent();
    for _ in 0..3 {
        participant.world.drains.push_back(DrainResult::Ended);
        participant.world.queue.push_back(CLIENT);
        participant.waits(READABLE, LENT).did(&[ACCEPT, LEND]);
    }
    participant.world.drains.push_back(DrainResult::Ended);
    participant.finishes(READABLE).did(&[UNLINK]);
}

/// A loan that was given and came back is another release: it may accept as many again.
#[test]
fn each_loan_that_comes_back_starts_the_count_again() {
    let mut participant = holding();
    participant.world.queue.extend(std::iter::repeat_n(ENDED, 4_000));
    participant.world.queue.push_back(CLIENT);
    participant.leaves_behind(RELEASE, Report::Released, LENT);
    participant.world.queue.extend(std::iter::repeat_n(ENDED, 4_000));
    participant.world.queue.push_back(WAITER);
    participant.world.drains.push_back(DrainResult::Ended);
    participant.finishes(READABLE).did(&[HAND_OVER]);
}

#[test]
fn a_client_that_has_gone_is_passed_over_with_the_mark_set_again() {
    let mut participant = holding_with(&[Guest { takes: SendResult::Gone, ..CLIENT }, WAITER]);
    let (mode, times) = (Call::SetMode(Role::Pin, Mode::Sticky), Call::SetTimes(Role::Pin, Times::Marked));
    participant.ends(RELEASE, Report::Released).did(&[LEND, mode, times, LOOK, HAND_OVER]);
}

/// Nothing can be sent to the next one, either.
#[test]
fn where_no_loan_can_be_sent_the_mark_is_set_and_the_path_given_up() {
    let mut participant = holding_with(&[Guest { takes: SendResult::Failed, ..CLIENT }, CLIENT]);
    let times = Call::SetTimes(Role::Pin, Times::Marked);
    participant.ends(RELEASE, Report::Released).did(&[LEND, times, UNLINK]);
    assert_eq!(participant.count(LEND), 1);
}

/// A process that may not change the mark lends nothing, and hands over nothing unmarked.
#[test]
fn a_mark_that_cannot_be_changed_closes_out() {
    let cannot: [(Call, CallResult); 4] = [
        (Call::Open(Role::Pin, Name::Lock), OpenResult::Denied(ERRNO).into()),
        (Call::StatFile(Role::Pin), StatResult::Found(Found { inode: OTHER, ..MARKED }).into()),
        (Call::SetMode(Role::Pin, Mode::NotSticky), DoneResult::Failed(ERRNO).into()),
        (Call::SetTimes(Role::Pin, Times::Lent), TimesResult::Failed(ERRNO).into()),
    ];
    for (call, result) in cannot {
        let mut participant = holding_with(&[CLIENT]);
        participant.instead(call, result);
        participant.ends(RELEASE, Report::Released).did(&[call, LOOK, UNLINK]).did_not(LEND);
    }
    let mut participant = lent();
    participant.world.drains.push_back(DrainResult::Ended);
    participant.world.queue.push_back(WAITER);
    participant.instead(Call::SetMode(Role::Pin, Mode::Sticky), DoneResult::Failed(ERRNO));
    participant.finishes(READABLE).did(&[UNLINK]).did_not(HAND_OVER);
}

#[test]
fn a_lock_that_was_lost_while_it_was_lent_is_not_passed_on() {
    let mut participant = lent();
    participant.world.drains.push_back(DrainResult::Ended);
    participant.world.queue.push_back(WAITER);
    participant.world.path = Some(There { found: Found { inode: OTHER, ..MARKED }, ..HOLDER });
    participant.finishes(READABLE).did_not(HAND_OVER).did_not(UNLINK);
}

#[test]
fn nothing_is_lent_at_an_abstract_name() {
    let mut participant = Participant::new(NAME, Hints::default());
    participant.holds(ACQUIRE);
    participant.world.queue.extend([CLIENT, WAITER]);
    participant.ends(RELEASE, Report::Released).did_not(LEND).did_not(HAND_OVER);
}

// ---- A loan is given back.

#[test]
fn a_loan_is_given_back_by_ending_the_connection() {
    let mut participant = borrowing();
    let end = Call::Shutdown(Role::Connection, Half::Both);
    participant.ends(RELEASE, Report::Released).did(&[
        Call::HasEnded(Role::Connection),
        end,
        Call::Close(Role::Connection),
    ]);
}

/// The server is gone: the path is unlinked if it is what we connected to, and no process has it open.
#[test]
fn what_a_dead_server_has_left_is_unlinked() {
    let mut participant = borrowing();
    participant.world.server_has_ended = true;
    participant.world.path = Some(STALE);
    let ask = Call::Connect(Role::Probe, Target::Pinned(Role::Pin));
    participant.ends(RELEASE, Report::Released);
    participant.did(&[
        Call::HasEnded(Role::Connection),
        Call::Open(Role::Pin, Name::Lock),
        Call::StatFile(Role::Pin),
        ask,
        UNLINK,
    ]);

    // It lives: another process has a copy.
    let mut participant = borrowing();
    participant.world.server_has_ended = true;
    participant.ends(RELEASE, Report::Released).did(&[ask]).did_not(UNLINK);

    // The kernel does not tell.
    let mut participant = Participant::new(Platform { probe: None, ..PRIVATE }, Hints::default());
    participant.world.path = Some(NPM);
    participant.world.sent.push_back(ReceiveResult::Loan);
    participant.waits(ACQUIRE, QUEUED).holds(READABLE);
    participant.world.server_has_ended = true;
    participant.world.path = Some(STALE);
    participant.world.probe = ProbeResult::Known(Probe::Stream);
    participant.ends(RELEASE, Report::Released).did(&[ask, Call::AskKernel]).did_not(UNLINK);
}

#[test]
fn a_loan_whose_path_is_in_other_hands_is_a_lost_lock() {
    for there in [None, Some(DEAD_OTHER)] {
        let mut participant = borrowing();
        participant.world.server_has_ended = true;
        participant.world.path = there;
        participant.fails(RELEASE, Failure::LockLost).did_not(UNLINK);
    }
    let mut participant = borrowing();
    participant.world.server_has_ended = true;
    participant.world.path = Some(STALE);
    participant.instead(UNLINK, UnlinkResult::Failed(ERRNO)).fails(RELEASE, failed(UNLINK));
}

const DEAD_OTHER: There = There { found: Found { inode: OTHER, ..MARKED }, life: Life::Dead };

/// A holder runs no event loop: whatever happens, it holds.
#[test]
fn nothing_that_happens_takes_the_lock_away() {
    for mut participant in [holding(), borrowing()] {
        for event in [READABLE, CHANGE, DEADLINE, RETRY, RECHECK, STALE_TIME, TRY_TIME] {
            participant.ignores(event);
        }
        assert_eq!(participant.machine().wait(), NOTHING);
    }
}

#[test]
fn the_lock_is_given_back_once() {
    for mut participant in [lent(), finished()] {
        participant.refuses(RELEASE);
    }
}
