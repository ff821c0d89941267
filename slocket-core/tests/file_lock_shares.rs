//! A lock that is a locked file: its shares (protocol section 10, "Shares").

mod files;

use files::*;

const SHARED: Report = Report::Shared { slot: None };
const OPEN_SHARE: Call = Call::Open(Role::Share, Name::Shared);
const MAKE_SHARE: Call = Call::Make(Role::Share, Name::Shared);
const LOCK_SHARE: Call = Call::Lock(Role::Share, Mode::Shared);
const UNLOCK_SHARE: Call = Call::Unlock(Role::Share);
const SEE: Call = Call::See(Role::Turn);
const SET_MODE: Call = Call::SetMode(Role::Turn);
const SEE_LOOK: Call = Call::See(Role::Look);
const UNLOCK_LOOK: Call = Call::Unlock(Role::Look);
const TAKE_TURN: [Call; 5] = [MAKE, SET_MODE, LOCK, COMPARE, Call::Record];
const STOPS: [(Event, Report); 2] = [(CANCEL, Report::Cancelled), (DEADLINE, Report::TimedOut)];

const fn slot(slot: u16) -> Report {
    Report::Shared { slot: Some(slot) }
}

fn calls(parts: &[&[Call]]) -> Vec<Call> {
    parts.concat()
}

/// Others have shared locks.
fn shared_by_others(platform: Platform) -> Participant {
    let mut participant = Participant::new(platform);
    participant.there(Name::Shared, Some(Mode::Shared));
    participant
}

/// It has the turn, and waits for them.
#[track_caller]
fn waiting_for_shares(platform: Platform) -> Participant {
    let mut participant = shared_by_others(platform);
    participant.waits(ACQUIRE, waiting(1));
    assert!(participant.machine.awaits_shares());
    participant
}

/// Both slots are taken by others.
fn full(platform: Platform) -> Participant {
    let mut participant = Participant::new(platform);
    participant.there(Name::Shared, None);
    participant.there(Name::Slot(0), Some(Mode::Exclusive)).there(Name::Slot(1), Some(Mode::Exclusive));
    participant
}

// ---- Taking one.

/// It is locked before the turn is passed on.
#[test]
fn a_share_is_taken_with_the_turn_in_hand() {
    let mut participant = Participant::new(REMOVES);
    participant.reports(SHARE, SHARED);
    let take = [OPEN_SHARE, MAKE_SHARE, Call::SetMode(Role::Share), LOCK_SHARE];
    participant.did(&calls(&[&TAKE_TURN, &take, &[COMPARE, UNLINK, CLOSE]]));
    assert!(participant.is_there(Name::Shared) && !participant.is_there(Name::Lock));
    Participant::new(STAYS).reports(SHARE, SHARED);
}

#[test]
fn many_have_a_shared_lock_at_a_time() {
    for platform in BOTH {
        shared_by_others(platform).reports(SHARE, SHARED).did_not(MAKE_SHARE);
        shared_by_others(platform).reports(TRY_SHARE, SHARED);
    }
}

#[test]
fn the_first_free_slot_is_taken_and_the_file_of_the_shared_locks_is_there_before() {
    for platform in BOTH {
        let mut participant = Participant::new(platform);
        participant.reports(SLOT, slot(0));
        let base = participant.calls.iter().position(|call| *call == MAKE_SHARE).unwrap();
        let first = Call::Make(Role::Share, Name::Slot(0));
        assert!(base < participant.calls.iter().position(|call| *call == first).unwrap());
        assert_eq!(participant.machine.slot(), Some(0));
        let mut participant = full(platform);
        participant.set_locked(Name::Slot(1), None).reports(SLOT, slot(1));
        let mut participant = full(platform);
        participant.gone(Name::Slot(1)).reports(TRY_SLOT, slot(1));
    }
}

/// It keeps the turn, so no process overtakes it.
#[test]
fn all_slots_taken_are_waited_for_with_the_turn() {
    for platform in BOTH {
        let mut participant = full(platform);
        participant.waits(SLOT, waiting(1)).did_not(UNLINK).did_not(UNLOCK);
        assert!(participant.machine.awaits_shares());
        participant.waits(CHANGE, waiting(1));
        participant.set_locked(Name::Slot(0), None).reports(CHANGE, slot(0));
    }
}

#[test]
fn a_wait_for_a_slot_is_given_up_with_the_turn() {
    for platform in BOTH {
        for (event, report) in STOPS {
            let mut participant = full(platform);
            participant.waits(SLOT, waiting(1)).reports(event, report);
            assert_eq!(participant.is_there(Name::Lock), !platform.removes);
            assert!(participant.is_there(Name::Slot(1)), "another process has it");
        }
    }
}

#[test]
fn a_try_for_a_slot_would_block_and_removes_what_it_made() {
    let mut participant = full(REMOVES);
    let _ = participant.tell(TRY_SLOT);
    participant.set_locked(Name::Slot(0), Some(Mode::Shared)).reports(TRY_TIME, Report::WouldBlock);
    let mut participant = Participant::new(REMOVES);
    let lock = Call::Lock(Role::Share, Mode::Exclusive);
    participant.instead(lock, lock.failed(ERRNO));
    participant.reports(SLOT, Report::Failed(Failure::OfFile(Fault { call: lock, errno: ERRNO })));
    for name in [Name::Slot(0), Name::Shared, Name::Lock] {
        assert!(!participant.is_there(name), "{name:?}");
    }
}

#[test]
fn what_has_a_shares_name_and_is_no_lock_file_is_an_error() {
    for platform in BOTH {
        for (event, name) in
            [(SHARE, Name::Shared), (SLOT, Name::Shared), (SLOT, Name::Slot(0)), (ACQUIRE, Name::Shared)]
        {
            for (seen, failure) in
                [(SeeResult::Other, Failure::NotALockFile(name)), (SeeResult::Untrusted, Failure::UntrustedFifo(name))]
            {
                let mut participant = Participant::new(platform);
                participant.put(name, seen, None).reports(event, Report::Failed(failure));
                assert!(participant.is_there(name));
            }
        }
    }
}

/// A process that has lost the lock, and does not know yet, has made it.
#[test]
fn a_file_that_was_made_meanwhile_is_waited_for() {
    for platform in BOTH {
        let mut participant = Participant::new(platform);
        participant.there(Name::Shared, None);
        participant.instead(OPEN_SHARE, OpenResult::Missing).instead(OPEN_SHARE, OpenResult::Missing);
        participant.waits(SHARE, waiting(1)).reports(CHANGE, SHARED);
        let mut participant = Participant::holding(platform);
        participant.there(Name::Shared, None).instead(OPEN_SHARE, OpenResult::Missing);
        participant.reports(DOWNGRADE, Report::NotDowngraded(Failure::NotALockFile(Name::Shared)));
    }
}

#[test]
fn a_turn_that_was_lost_meanwhile_costs_the_share() {
    for platform in BOTH {
        let mut participant = Participant::new(platform);
        participant.instead(COMPARE, AnswerResult::Yes).instead(COMPARE, AnswerResult::No);
        participant.reports(SLOT, Report::Failed(Failure::LockLost)).did_not(UNLINK);
        let at = |call| participant.calls.iter().position(|other| *other == call).unwrap();
        assert!(at(UNLOCK_SHARE) < at(UNLOCK));
        assert_eq!(participant.machine.slot(), None);
    }
}

// ---- Excluding them.

#[test]
fn a_holder_waits_until_no_process_has_a_share_and_removes_their_files() {
    let mut participant = waiting_for_shares(REMOVES);
    participant.there(Name::Slot(0), None).there(Name::Slot(1), None);
    participant.waits(CHANGE, waiting(1)).did(&[LOCK_LOOK]);
    participant.set_locked(Name::Shared, None).reports(CHANGE, Report::Acquired);
    let seen = |slot| [look_for(slot), SEE_LOOK, LOCK_LOOK, UNLOCK_LOOK, CLOSE_LOOK];
    let unlink = [Call::Unlink(Name::Slot(1)), Call::Unlink(Name::Slot(0)), Call::Unlink(Name::Shared)];
    let first = [LOCK_LOOK, UNLOCK_LOOK, CLOSE_LOOK];
    participant.did(&calls(&[&first, &seen(0), &seen(1), &[look_for(2)], &unlink, &[UNWATCH]]));
}

#[test]
fn files_of_shares_stay_where_files_stay() {
    let mut participant = waiting_for_shares(STAYS);
    participant.set_locked(Name::Shared, None).reports(CHANGE, Report::Acquired);
    assert!(participant.is_there(Name::Shared));
}

/// What is below it stays as well: if the file of the shared locks is missing, no process has a share.
#[test]
fn a_file_that_may_not_be_removed_ends_the_removal() {
    let mut participant = Participant::new(REMOVES);
    participant.there(Name::Shared, None).there(Name::Slot(0), None);
    participant.instead(Call::Unlink(Name::Slot(0)), UnlinkResult::Denied(ERRNO)).reports(ACQUIRE, Report::Acquired);
    participant.did_not(Call::Unlink(Name::Shared));
}

#[test]
fn a_wait_for_shares_is_given_up_with_the_turn() {
    for platform in BOTH {
        for (event, report) in STOPS {
            let mut participant = waiting_for_shares(platform);
            participant.reports(event, report);
            assert!(participant.is_there(Name::Shared), "others have it");
            assert_eq!(participant.is_there(Name::Lock), !platform.removes);
        }
    }
}

/// The process that gave the share back meanwhile left its file to the process with the turn.
#[test]
fn a_wait_that_is_given_up_removes_what_was_given_back_meanwhile() {
    let mut participant = waiting_for_shares(REMOVES);
    participant.set_locked(Name::Shared, None);
    participant.instead(Call::WasTouched, AnswerResult::Yes).reports(CANCEL, Report::Cancelled);
    assert!(!participant.is_there(Name::Shared) && !participant.is_there(Name::Lock));
}

// ---- Giving one back.

#[test]
fn the_last_share_takes_its_file_with_it() {
    let mut participant = Participant::sharing(REMOVES);
    participant.reports(RELEASE, Report::Released);
    let seen = [LOOK_FOR_SHARES, SEE_LOOK, LOCK_LOOK, UNLOCK_LOOK, CLOSE_LOOK, look_for(0)];
    let rest = [Call::Unlink(Name::Shared), COMPARE, UNLINK, CLOSE];
    participant.did(&calls(&[&[UNLOCK_SHARE, CLOSE_SHARE], &TAKE_TURN, &seen, &rest]));
    assert!(!participant.is_there(Name::Shared));
}

#[test]
fn another_share_keeps_its_file() {
    let mut participant = Participant::sharing(REMOVES);
    participant.set_locked(Name::Shared, Some(Mode::Shared)).reports(RELEASE, Report::Released);
    participant.did_not(Call::Unlink(Name::Shared));
    assert!(participant.is_there(Name::Shared) && !participant.is_there(Name::Lock));
}

/// That one is given back, too, while this one looks.
#[test]
fn two_shares_that_are_given_back_at_once_leave_nothing() {
    let mut participant = Participant::sharing(REMOVES);
    participant.set_locked(Name::Shared, Some(Mode::Shared));
    participant.instead(Call::WasTouched, AnswerResult::Yes);
    // It is still there at the first look.
    participant.instead(LOCK_LOOK, FlockResult::Busy).set_locked(Name::Shared, None);
    participant.reports(RELEASE, Report::Released);
    assert!(!participant.is_there(Name::Shared) && !participant.is_there(Name::Lock));
}

/// It may wait for this share.
#[test]
fn the_process_with_the_turn_is_woken() {
    let mut participant = Participant::sharing(REMOVES);
    participant.there(Name::Lock, Some(Mode::Exclusive)).reports(RELEASE, Report::Released);
    participant.did(&[UNLOCK_SHARE, CLOSE_SHARE, MAKE, OPEN, SEE, LOCK, Call::Touch, COMPARE, CLOSE]);
    let mut participant = Participant::sharing(STAYS);
    participant.reports(RELEASE, Report::Released).did(&[UNLOCK_SHARE, CLOSE_SHARE, OPEN, SEE, Call::Touch, CLOSE]);
}

/// What was touched had been passed on by then, so that perhaps no process has taken note.
#[test]
fn a_turn_that_was_passed_on_before_the_touch_is_tried_for_again() {
    let mut participant = Participant::sharing(REMOVES);
    participant.there(Name::Lock, Some(Mode::Exclusive)).instead(COMPARE, AnswerResult::No);
    participant.reports(RELEASE, Report::Released);
    // Another process has made the path again: it sees that the share was given back.
    participant.did(&[UNLOCK_SHARE, CLOSE_SHARE, MAKE, OPEN, SEE, LOCK, Call::Touch, COMPARE, CLOSE, MAKE]);
}

#[test]
fn a_failed_clean_up_is_not_told() {
    for call in [MAKE, LOCK, LOOK_FOR_SHARES, SEE_LOOK, LOCK_LOOK] {
        let mut participant = Participant::sharing(REMOVES);
        participant.instead(call, call.failed(ERRNO)).reports(RELEASE, Report::Released);
    }
}

#[test]
fn a_cancel_gives_the_share_back() {
    for platform in BOTH {
        Participant::sharing(platform).reports(CANCEL, Report::Cancelled);
    }
}

// ---- The lock becomes a share.

#[test]
fn a_lock_becomes_a_share_before_the_turn_is_passed_on() {
    let mut participant = Participant::holding(REMOVES);
    participant.reports(DOWNGRADE, SHARED);
    participant.did(&[OPEN_SHARE, MAKE_SHARE, Call::SetMode(Role::Share), LOCK_SHARE, COMPARE, UNLINK, CLOSE]);
    let mut participant = Participant::holding(STAYS);
    participant.reports(DOWNGRADE, SHARED).reports(RELEASE, Report::Released);
}

#[test]
fn a_lock_that_cannot_become_a_share_is_held_as_before() {
    for platform in BOTH {
        let mut participant = Participant::holding(platform);
        participant.there(Name::Shared, Some(Mode::Exclusive));
        participant.reports(DOWNGRADE, Report::NotDowngraded(Failure::NotALockFile(Name::Shared)));
        let mut participant = Participant::holding(platform);
        participant.instead(LOCK_SHARE, LOCK_SHARE.failed(ERRNO));
        let failure = Failure::OfFile(Fault { call: LOCK_SHARE, errno: ERRNO });
        participant.reports(DOWNGRADE, Report::NotDowngraded(failure));
        participant.reports(RELEASE, Report::Released);
    }
}
