//! A lock that is a locked file: the turn, and the lock that keeps it (protocol section 10, "The turn", "Release").

mod files;

use files::*;

const SEE: Call = Call::See(Role::Turn);
const SET_MODE: Call = Call::SetMode(Role::Turn);

/// Another process holds the lock.
fn held(platform: Platform) -> Participant {
    let mut participant = Participant::new(platform);
    participant.there(Name::Lock, Some(Mode::Exclusive));
    participant
}

/// It waits for that one.
#[track_caller]
fn waiting_for_holder(platform: Platform) -> Participant {
    let mut participant = held(platform);
    participant.waits(ACQUIRE, waiting(1));
    participant
}

// ---- From idle.

#[test]
fn a_free_lock_is_a_file_that_is_made_locked_and_compared() {
    let mut participant = Participant::new(REMOVES);
    participant.reports(ACQUIRE, Report::Acquired);
    participant.did(&[MAKE, SET_MODE, LOCK, COMPARE, Call::Record, LOOK_FOR_SHARES]);
    participant.reports(RELEASE, Report::Released).did(&[COMPARE, UNLINK, CLOSE]);
    assert!(!participant.is_there(Name::Lock));
}

#[test]
fn where_files_stay_the_file_is_there_already() {
    let mut participant = Participant::new(STAYS);
    participant.reports(ACQUIRE, Report::Acquired);
    participant.did(&[OPEN, MAKE, SET_MODE, LOCK, COMPARE, Call::Record, LOOK_FOR_SHARES]);
    participant.reports(RELEASE, Report::Released).did(&[COMPARE, UNLOCK, Call::Touch, CLOSE]);
    assert!(participant.is_there(Name::Lock));
    participant.machine = Machine::new(STAYS);
    participant.reports(ACQUIRE, Report::Acquired).did(&[OPEN, SEE, LOCK, COMPARE, Call::Record, LOOK_FOR_SHARES]);
}

/// A process that was killed has left it.
#[test]
fn a_file_that_nobody_has_locked_is_taken_over() {
    let mut participant = Participant::new(REMOVES);
    participant.there(Name::Lock, None).reports(ACQUIRE, Report::Acquired);
    participant.did(&[MAKE, OPEN, SEE, LOCK, COMPARE, Call::Record, LOOK_FOR_SHARES]);
}

/// Without the second look a release is missed that comes before the watch.
#[test]
fn a_waiter_looks_again_once_it_watches() {
    let mut participant = held(REMOVES);
    participant.waits(ACQUIRE, waiting(1)).did(&[MAKE, OPEN, SEE, LOCK, COMPARE, Call::Watch, LOCK, COMPARE]);
    participant.waits(CHANGE, waiting(1)).did(&[LOCK, COMPARE]);
}

#[test]
fn without_a_watch_pauses_are_all_there_is() {
    let mut participant = held(STAYS);
    participant.instead(Call::Watch, AnswerResult::No).waits(ACQUIRE, pausing(1));
    participant.waits(RETRY, pausing(2)).waits(RETRY, pausing(3));
}

#[test]
fn a_try_waits_for_a_short_time_and_does_not_watch() {
    for platform in BOTH {
        let mut participant = held(platform);
        let hasty = Wait { hasty: true, ..pausing(1) };
        participant.waits(TRY, hasty).did_not(Call::Watch);
        participant.waits(RETRY, Wait { hasty: true, ..pausing(2) });
        participant.reports(TRY_TIME, Report::WouldBlock);
    }
}

#[test]
fn a_try_takes_what_is_free_by_then() {
    let mut participant = held(STAYS);
    let _ = participant.tell(TRY);
    participant.set_locked(Name::Lock, None).reports(TRY_TIME, Report::Acquired);
}

#[test]
fn what_is_no_lock_file_is_waited_for_or_is_an_error() {
    for platform in BOTH {
        let mut participant = Participant::new(platform);
        participant.put(Name::Lock, SeeResult::Other, None).waits(ACQUIRE, waiting(1));
        participant.gone(Name::Lock).reports(CHANGE, Report::Acquired);
        let mut participant = Participant::new(platform);
        participant.put(Name::Lock, SeeResult::Other, None);
        participant.reports(ACQUIRE_OR_FAIL, Report::Failed(Failure::Occupied)).did_not(LOCK).did_not(UNLINK);
        let mut participant = Participant::new(platform);
        participant.there(Name::Lock, None);
        participant.instead(OPEN, OpenResult::NotAFile).instead(OPEN, OpenResult::NotAFile);
        participant.waits(ACQUIRE, waiting(1));
    }
}

#[test]
fn a_file_of_a_user_who_is_not_trusted_is_not_locked() {
    for platform in BOTH {
        let mut participant = Participant::new(platform);
        participant.put(Name::Lock, SeeResult::Untrusted, None);
        participant.reports(ACQUIRE, Report::Failed(Failure::UntrustedFile)).did_not(LOCK);
    }
}

#[test]
fn a_call_that_fails_ends_the_request() {
    for call in [MAKE, LOCK, COMPARE] {
        let mut participant = Participant::new(REMOVES);
        participant.instead(call, call.failed(ERRNO));
        participant.reports(ACQUIRE, Report::Failed(Failure::OfFile(Fault { call, errno: ERRNO })));
    }
    let mut participant = Participant::new(STAYS);
    participant.instead(OPEN, OPEN.failed(ERRNO));
    participant.reports(ACQUIRE, Report::Failed(Failure::OfFile(Fault { call: OPEN, errno: ERRNO })));
}

/// Others miss the mode and the record, and nothing else.
#[test]
fn a_lock_needs_neither_its_mode_nor_its_record() {
    let mut participant = Participant::new(REMOVES);
    participant.instead(SET_MODE, DoneResult::Failed(ERRNO)).instead(Call::Record, DoneResult::Failed(ERRNO));
    participant.reports(ACQUIRE, Report::Acquired);
}

// ---- The file moves.

/// The holder has removed it, and another process can have the turn by a new one.
#[test]
fn a_file_that_was_removed_before_it_was_locked_is_left() {
    let mut participant = waiting_for_holder(REMOVES);
    participant.set_locked(Name::Lock, None).gone(Name::Lock);
    participant.reports(CHANGE, Report::Acquired);
    let anew = [MAKE, SET_MODE, LOCK, COMPARE, Call::Record, LOOK_FOR_SHARES];
    participant.did(&[&[LOCK, COMPARE, CLOSE][..], &anew, &[UNWATCH]].concat());
}

#[test]
fn a_file_that_moves_again_and_again_is_left_alone_for_a_pause() {
    let mut participant = held(REMOVES);
    for _ in 0..8 {
        participant.instead(OPEN, OpenResult::Missing);
    }
    participant.waits(ACQUIRE, waiting(1));
    assert_eq!(participant.calls.iter().filter(|call| **call == OPEN).count(), 8, "{:?}", participant.calls);
}

/// It is looked at as often the next time: the change that woke it is the only one that is told.
#[test]
fn how_often_it_has_moved_is_forgotten_at_a_rest() {
    let mut participant = held(REMOVES);
    for _ in 0..3 {
        participant.instead(OPEN, OpenResult::Missing);
    }
    participant.waits(ACQUIRE, waiting(1));
    participant.gone(Name::Lock).reports(CHANGE, Report::Acquired);
}

// ---- Waiting.

#[test]
fn a_waiter_that_gives_up_leaves_the_file_as_it_is() {
    for platform in BOTH {
        for (event, report) in [(CANCEL, Report::Cancelled), (DEADLINE, Report::TimedOut)] {
            let mut participant = waiting_for_holder(platform);
            participant.reports(event, report).did(&[UNWATCH, CLOSE]);
            assert!(participant.is_there(Name::Lock));
        }
    }
}

#[test]
fn a_pause_grows_until_something_changes() {
    let mut participant = waiting_for_holder(STAYS);
    for level in [2, 3, 4, 5, 6, 6] {
        participant.waits(RETRY, waiting(level));
    }
    participant.waits(CHANGE, waiting(1));
}

// ---- Holding.

#[test]
fn a_holder_of_a_path_that_was_removed_is_told_and_removes_nothing() {
    for platform in BOTH {
        let mut participant = Participant::holding(platform);
        participant.there(Name::Lock, Some(Mode::Exclusive));
        participant.reports(RELEASE, Report::Failed(Failure::LockLost)).did(&[COMPARE, UNLOCK, CLOSE]);
        assert!(participant.is_there(Name::Lock));
    }
}

#[test]
fn a_path_that_cannot_be_compared_is_not_removed() {
    let mut participant = Participant::holding(REMOVES);
    participant.instead(COMPARE, COMPARE.failed(ERRNO));
    let fault = Fault { call: COMPARE, errno: ERRNO };
    participant.reports(RELEASE, Report::Failed(Failure::OfFile(fault))).did_not(UNLINK);
}

/// The folder belongs to others.
#[test]
fn a_file_that_may_not_be_removed_is_unlocked_and_touched() {
    for denied in [UnlinkResult::Denied(ERRNO), UnlinkResult::Failed(ERRNO)] {
        let mut participant = Participant::holding(REMOVES);
        participant.instead(UNLINK, denied).reports(RELEASE, Report::Released);
        participant.did(&[COMPARE, UNLINK, UNLOCK, Call::Touch, CLOSE]);
    }
}

#[test]
fn a_cancel_releases_what_was_acquired_meanwhile() {
    for platform in BOTH {
        Participant::holding(platform).reports(CANCEL, Report::Cancelled);
    }
}

/// Another process has passed it on.
#[test]
fn a_machine_can_begin_with_the_lock() {
    let machine = Machine::holding(REMOVES);
    assert!(machine.is_held() && machine.has(Role::Turn) && !machine.is_shared());
    let mut held = Participant::holding(REMOVES);
    held.machine = machine;
    held.reports(RELEASE, Report::Released).did(&[COMPARE, UNLINK, CLOSE]);
}

// ---- Looking.

#[test]
fn a_look_finds_nothing_or_a_file_that_nobody_has_locked() {
    for platform in BOTH {
        Participant::new(platform).reports(LOOK, Report::Free).did(&[OPEN]);
        let mut participant = Participant::new(platform);
        participant.there(Name::Lock, None).reports(LOOK, Report::Free);
        // A process that came meanwhile found it locked, and waits.
        participant.did(&[OPEN, SEE, Call::Lock(Role::Turn, Mode::Shared), UNLOCK, Call::Touch, CLOSE]);
    }
}

#[test]
fn a_look_finds_a_holder() {
    for platform in BOTH {
        let mut participant = held(platform);
        participant.reports(LOOK, Report::Listened);
        participant.did(&[OPEN, SEE, Call::Lock(Role::Turn, Mode::Shared), CLOSE]);
        let mut participant = Participant::new(platform);
        participant.put(Name::Lock, SeeResult::Other, None).reports(LOOK, Report::Failed(Failure::Occupied));
    }
}

// ---- A driver that is wrong.

#[test]
fn a_misuse_is_told_and_changes_nothing() {
    let mut machine = Machine::new(REMOVES);
    let misuses = [RELEASE, DOWNGRADE, Event::Result(DoneResult::Done.into())];
    for event in misuses {
        assert_eq!(machine.handle(event), Err(Misuse { asked: None, event }));
        assert_eq!(machine, Machine::new(REMOVES));
    }
    let step = machine.handle(ACQUIRE).unwrap();
    assert_eq!(step, Step::Call(MAKE));
    let before = machine;
    for event in [ACQUIRE, CANCEL, CHANGE, Event::Result(DoneResult::Done.into())] {
        let misuse = machine.handle(event).unwrap_err();
        assert_eq!(misuse, Misuse { asked: Some(MAKE), event });
        assert!(misuse.to_string().contains("Make(Turn, Lock)"), "{misuse}");
        assert_eq!(machine, before);
    }
}
