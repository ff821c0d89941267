//! How the pauses grow: every attempt that comes to nothing is one level up, to 7 and not further.

mod common;

use common::*;

const LEVELS: [u8; 12] = [1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 7];

#[test]
fn a_full_backlog_is_tried_less_and_less_often() {
    let mut participant = connecting(Stale::Wait);
    for level in LEVELS {
        participant.tell(connected(Connected::BacklogFull), [arm(Timer::Retry, level)]);
        participant.connects(fired(Timer::Retry));
    }
}

#[test]
fn sweeps_are_answered_with_longer_and_longer_pauses() {
    let mut participant = publishing(Stale::Wait);
    for level in LEVELS {
        participant.tell(published(Published::Swept), [arm(Timer::Retry, level)]);
        participant.tell(fired(Timer::Retry), [Publish]);
    }
}

/// Twice at once: after a crash or a close-out every waiter comes back, and most of them find their place at once.
#[test]
fn who_is_sent_away_publishes_twice_at_once_and_then_pauses() {
    let mut participant = queued();
    for level in LEVELS {
        let connection = participant.connection();
        if level <= 2 {
            participant.tell(Ended(connection), [Disconnect, Publish]);
        } else {
            participant.tell(Ended(connection), [Disconnect, arm(Timer::Retry, level)]);
            participant.tell(fired(Timer::Retry), [Publish]);
        }
        participant.connects(published(Published::InUse));
        participant.tell(connected(Connected::Queued), []);
    }
}

#[test]
fn a_path_that_comes_and_goes_is_published_at_twice_at_once_and_then_with_pauses() {
    let mut participant = connecting(Stale::Wait);
    for level in LEVELS {
        if level <= 2 {
            participant.tell(connected(Connected::Missing), [Publish]);
        } else {
            participant.tell(connected(Connected::Missing), [arm(Timer::Retry, level)]);
            participant.tell(fired(Timer::Retry), [Publish]);
        }
        participant.connects(published(Published::InUse));
    }
}

#[test]
fn failures_of_different_kinds_add_up() {
    let mut participant = connecting(Stale::Wait);
    participant.tell(connected(Connected::Missing), [Publish]);
    participant.connects(published(Published::InUse));
    participant.tell(connected(Connected::Refused), [Inspect]);
    participant.tell(inspected(Inspected::Dead), [RECLAIM_MARKED]);
    participant.tell(reclaimed(Reclaimed::Removed), [Publish]);
    participant.connects(published(Published::InUse));
    participant.tell(connected(Connected::Refused), [Inspect]);
    participant.tell(inspected(Inspected::Dead), [RECLAIM_MARKED]);
    participant.tell(reclaimed(Reclaimed::Changed), [arm(Timer::Retry, 3)]);
    participant.tell(fired(Timer::Retry), [Publish]);
    participant.connects(published(Published::InUse));
    participant.tell(connected(Connected::BacklogFull), [arm(Timer::Retry, 4)]);
}

/// The watch is kept over the pause, and given up with it.
#[test]
fn a_pause_does_not_end_with_the_path() {
    let mut participant = connecting(Stale::Wait);
    for _ in 0..2 {
        participant.tell(connected(Connected::Missing), [Publish]);
        participant.connects(published(Published::InUse));
    }
    participant.tell(connected(Connected::NotASocket), [Watch]);
    participant.tell(WatchArmed, [Inspect]);
    participant.tell(inspected(Inspected::Missing), [arm(Timer::Retry, 3)]);
    participant.ignores(PathChanged);
    participant.ignores(fired(Timer::Recheck));
    participant.tell(fired(Timer::Retry), [Unwatch, Publish]);
}
