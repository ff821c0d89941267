//! How the pauses grow: every attempt that fails is one level up, to 6 and not further.

mod common;

use common::*;

const LEVELS: [u8; 12] = [1, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6];

#[test]
fn a_full_backlog_is_tried_less_and_less_often() {
    let mut participant = Participant::at(There { life: Life::Full, ..HOLDER });
    let mut event = ACQUIRE;
    for level in LEVELS {
        participant.waits(event, pause(level));
        event = RETRY;
    }
}

#[test]
fn sweeps_are_answered_with_longer_and_longer_pauses() {
    let mut participant = Participant::new(PRIVATE, Hints { spoiled: true, ..Hints::default() });
    let mut event = ACQUIRE;
    for level in LEVELS {
        participant.instead(Call::Rename(Name::Temporary), RenameResult::Missing);
        participant.waits(event, pause(level));
        event = RETRY;
    }
}

/// Twice at once: after a crash or a close-out every waiter comes back, and most of them find their place at once.
#[test]
fn a_waiter_that_is_sent_away_publishes_twice_at_once_and_then_pauses() {
    let mut participant = queued();
    for level in LEVELS {
        participant.world.sent.push_back(ReceiveResult::PeerClosed);
        if level <= 2 {
            participant.waits(READABLE, QUEUED).did(&[Call::Close(Role::Connection), PUBLISH, JOIN]);
        } else {
            participant.waits(READABLE, pause(level)).did(&[Call::Close(Role::Connection)]);
            participant.waits(RETRY, QUEUED).did(&[PUBLISH, JOIN]);
        }
    }
}

#[test]
fn a_path_that_comes_and_goes_is_published_at_twice_at_once_and_then_with_pauses() {
    let open = Call::Open(Role::Pin, Name::Lock);
    let mut participant = Participant::at(HOLDER);
    for _ in 0..3 {
        participant.instead(open, OpenResult::Missing);
    }
    participant.waits(ACQUIRE, pause(3));
    assert_eq!(participant.count(PUBLISH), 3);
    for level in [4, 5, 6, 6] {
        participant.instead(open, OpenResult::Missing).waits(RETRY, pause(level));
        assert_eq!(participant.count(PUBLISH), 1);
    }
}

#[test]
fn failures_of_different_kinds_add_up() {
    let mut participant = Participant::at(HOLDER);
    participant.instead(Call::Open(Role::Pin, Name::Lock), OpenResult::Missing);
    participant.waits(ACQUIRE, QUEUED);
    participant.world.sent.push_back(ReceiveResult::PeerClosed);
    participant.world.path = Some(There { life: Life::Full, ..HOLDER });
    participant.waits(READABLE, pause(3));
    participant.world.path = Some(There { life: Life::Refuses, ..HOLDER });
    participant.waits(RETRY, pause(4));
}

/// The watch is kept over the pause, and given up with it.
#[test]
fn a_pause_does_not_end_with_the_path() {
    let mut participant = watching();
    participant.world.path = Some(There { life: Life::Refuses, ..HOLDER });
    participant.waits(CHANGE, pause(1));
    assert!(participant.machine().has(Role::Watch));
    participant.ignores(CHANGE).ignores(RECHECK);
    participant.world.path = Some(HOLDER);
    participant.waits(RETRY, QUEUED).did(&[Call::Close(Role::Watch), JOIN]);
}
