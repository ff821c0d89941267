//! A dead socket is removed, or was not dead after all (protocol section 2, "Reclaim").

mod common;

use common::*;

const OPEN: Call = Call::Open(Role::Pin, Name::Lock);
const LOOK_AT_FILE: Call = Call::StatFile(Role::Pin);
const ASK: Call = Call::Connect(Role::Probe, Target::Pinned(Role::Pin));
const LOOK_AGAIN: Call = Call::Stat(Name::Lock);
const END: [Call; 2] = [Call::Unlock, Call::Close(Role::Guard)];

/// It has the exclusive guard: what follows is the result of that call.
#[track_caller]
fn reclaiming_on(platform: Platform, there: There, stale: Stale) -> (Participant, Event) {
    let mut participant = Participant::new(platform, Hints::default());
    participant.world.path = Some(there);
    let locked = participant.up_to(acquire(stale), RECLAIM);
    (participant, locked)
}

#[track_caller]
fn reclaiming(stale: Stale) -> (Participant, Event) {
    reclaiming_on(PRIVATE, DEAD, stale)
}

/// Under the guard: held fast, probed, looked at once more, removed; and the guard is given back before it is closed.
#[test]
fn a_dead_marked_socket_is_removed_in_this_order() {
    let (mut participant, locked) = reclaiming(Stale::Wait);
    participant.holds(locked);
    assert_eq!(
        participant.calls[..15],
        [
            OPEN,
            LOOK_AT_FILE,
            PROBE,
            ASK,
            Call::Close(Role::Probe),
            LOOK_AGAIN,
            UNLINK,
            Call::OpenFolder(Role::Listing),
            Call::NextName,
            Call::Close(Role::Listing),
            Call::Close(Role::Pin),
            Call::Unlock,
            Call::Close(Role::Guard),
            PUBLISH,
            Call::OpenFolder(Role::Guard),
        ]
    );
}

#[test]
fn a_process_that_was_faster_is_queued_at() {
    let (mut participant, locked) = reclaiming(Stale::Wait);
    participant.world.next = Some(There { found: Found { inode: OTHER, ..MARKED }, ..HOLDER });
    participant.waits(locked, QUEUED).did(&[UNLINK, PUBLISH, JOIN]);
}

#[test]
fn another_reclaimer_is_given_time() {
    let mut participant = Participant::at(DEAD);
    participant.world.guard = FlockResult::Busy;
    participant
        .waits(ACQUIRE, pause(1))
        .did(&[RECLAIM, Call::Close(Role::Guard)])
        .did_not(UNLINK)
        .did_not(Call::Unlock);
}

/// A process that cannot read the folder cannot repair a crash; others may.
#[test]
fn a_folder_that_cannot_be_read_is_left_to_others() {
    let folder = Call::OpenFolder(Role::Guard);
    // (It cannot be published in place, either.)
    let mut participant = Participant::at(DEAD);
    participant.instead(folder, OpenResult::Denied(ERRNO)).instead(folder, OpenResult::Denied(ERRNO));
    participant.waits(ACQUIRE, pause(1)).did_not(RECLAIM).did_not(UNLINK);
}

/// Its owner cleared the mark, lent the lock and died between the look and the reclaim.
#[test]
fn a_mark_that_went_leaves_a_stale_socket() {
    for (stale, wait) in [(Stale::Wait, WATCHING), (Stale::Reclaim, WATCHING_STALE)] {
        let (mut participant, locked) = reclaiming(stale);
        participant.world.path = Some(STALE);
        participant.waits(locked, wait).did(&[ASK, LOOK_AGAIN]).did(&END).did_not(UNLINK);
    }
    let (mut participant, locked) = reclaiming(Stale::Fail);
    participant.world.path = Some(STALE);
    participant.fails(locked, Failure::Stale).did(&END).did_not(UNLINK);
}

/// A chmod in the tick of the clock in which a socket was bound can put the mark of bind on npm's.
#[test]
fn a_mark_by_birth_that_is_young_is_looked_at_again() {
    let (mut participant, locked) = reclaiming(Stale::Wait);
    participant.world.path = Some(There { found: NEW, life: Life::Dead });
    participant.waits(locked, pause(1)).did(&[LOOK_AGAIN]).did(&END).did_not(UNLINK);
    participant.world.path = Some(There { found: Found { is_recent: false, ..NEW }, life: Life::Dead });
    participant.holds(RETRY).did(&[UNLINK]);
}

#[test]
fn what_came_to_life_or_is_another_by_now_is_left_alone() {
    // It lives.
    let (mut participant, locked) = reclaiming(Stale::Wait);
    participant.world.path = Some(HOLDER);
    participant.waits(locked, QUEUED).did(&[ASK]).did(&END).did_not(UNLINK);
    // It is another by the time of the second look.
    let (mut participant, locked) = reclaiming(Stale::Wait);
    participant.instead(LOOK_AGAIN, StatResult::Found(Found { inode: OTHER, ..MARKED }));
    let closed = participant.up_to(locked, Call::Unlock);
    participant.did_not(UNLINK);
    participant.world.path = Some(HOLDER);
    participant.waits(closed, QUEUED);
    // It is gone.
    let (mut participant, locked) = reclaiming(Stale::Wait);
    participant.world.path = None;
    participant.holds(locked).did(&[OPEN]).did(&END).did_not(UNLINK);
}

#[test]
fn a_socket_that_we_may_not_unlink_is_an_error() {
    let mut participant = Participant::at(DEAD);
    participant.instead(UNLINK, UnlinkResult::Denied(ERRNO)).fails(ACQUIRE, Failure::Denied).did(&[UNLINK]).did(&END);
    let mut participant = Participant::at(DEAD);
    participant.instead(UNLINK, UnlinkResult::Failed(ERRNO)).fails(ACQUIRE, failed(UNLINK)).did(&END);
}

/// What looks dead here may be alive on another host.
#[test]
fn what_may_be_alive_elsewhere_is_not_removed() {
    let mut participant = Participant::at(DEAD);
    participant.world.file_system = FileSystemResult::Elsewhere;
    participant.fails(ACQUIRE, Failure::Elsewhere).did(&[LOOK_AGAIN, LOOK_AT_FILE]).did(&END).did_not(UNLINK);
}

/// On such a file system a pin may not keep the number from being used again.
#[test]
fn elsewhere_what_has_lost_its_name_was_another_socket() {
    let mut participant = Participant::at(DEAD);
    participant.world.file_system = FileSystemResult::Elsewhere;
    let locked = participant.up_to(ACQUIRE, RECLAIM);
    let looked = participant.up_to(locked, LOOK_AGAIN);
    participant.instead(LOOK_AT_FILE, StatResult::Found(Found { links: Links::None, ..MARKED }));
    participant.world.path = Some(HOLDER);
    participant.waits(looked, QUEUED).did_not(UNLINK);
}

// ---- The kernel is asked before it is believed.

#[test]
fn before_the_first_verdict_is_acted_on_the_kernel_is_asked() {
    let (mut participant, locked) = reclaiming_on(Platform { probe: None, ..PRIVATE }, DEAD, Stale::Wait);
    participant.holds(locked).did(&[OPEN, LOOK_AT_FILE, Call::AskKernel, PROBE, UNLINK]);
    // It is asked once.
    let (mut participant, locked) = reclaiming(Stale::Wait);
    participant.holds(locked).did_not(Call::AskKernel);
}

#[test]
fn where_the_probe_is_a_connection_only_marked_sockets_are_asked_under_the_guard() {
    let stream = Call::Socket(Role::Probe, Kind::Stream);
    let asks = Platform { probe: Some(Probe::Stream), ..PRIVATE };
    let (mut participant, locked) = reclaiming_on(asks, DEAD, Stale::Wait);
    participant.holds(locked).did(&[stream, ASK, LOOK_AGAIN, UNLINK]).did_not(PROBE);
    // A datagram socket has said "dead" of one that lives: it is left at once, and in peace.
    let (mut participant, locked) = reclaiming_on(asks, DEAD, Stale::Wait);
    participant.world.path = Some(HOLDER);
    participant.waits(locked, pause(1)).did(&[
        stream,
        ASK,
        Call::Shutdown(Role::Probe, Half::Both),
        Call::Close(Role::Probe),
    ]);
    participant.did_not(UNLINK);
    // A client that leaves a server that may lend can hurt it.
    let (mut participant, locked) = reclaiming_on(asks, DEAD, Stale::Wait);
    participant.world.path = Some(STALE);
    participant.waits(locked, WATCHING).did_not(stream).did_not(UNLINK);
}

/// It is connected to again instead: a process that retains the lock changes nothing at the path.
#[test]
fn where_nothing_tells_nothing_is_ever_called_dead() {
    let (mut participant, locked) = reclaiming_on(Platform { probe: None, ..PRIVATE }, DEAD, Stale::Wait);
    participant.world.probe = ProbeResult::Known(Probe::None);
    participant.waits(locked, pause(1)).did(&[Call::AskKernel]).did_not(UNLINK).did_not(Call::Watch);
    participant.world.path = None;
    participant.holds(RETRY);
}

#[test]
fn what_the_kernel_cannot_be_asked_is_not_acted_on() {
    let asks = Platform { probe: None, ..PRIVATE };
    let (mut participant, locked) = reclaiming_on(asks, DEAD, Stale::Wait);
    participant.world.probe = ProbeResult::Busy;
    participant.waits(locked, pause(1)).did_not(UNLINK);
    let (mut participant, locked) = reclaiming_on(asks, DEAD, Stale::Wait);
    participant.world.probe = ProbeResult::Denied;
    participant.fails(locked, Failure::Denied).did_not(UNLINK);
}

/// A socket to which not even its owner may write is repaired under the guard: the times first, for a chmod takes the mark of bind
/// away.
#[test]
fn one_that_is_not_settled_is_mended_and_then_probed() {
    let there = There { found: UNSETTLED, life: Life::Dead };
    let mut participant = Participant::at(There { life: Life::Denied, ..there });
    let locked = participant.up_to(ACQUIRE, RECLAIM);
    participant.world.path = Some(there);
    let (times, mode) = (Call::SetTimes(Role::Pin, Times::Marked), Call::SetMode(Role::Pin, Mode::OwnerWrites));
    participant.holds(locked).did(&[OPEN, LOOK_AT_FILE, times, mode, PROBE, ASK, LOOK_AGAIN, UNLINK]);
}

// ---- The sweep.

#[test]
fn dead_temporary_names_are_swept_and_no_living_ones() {
    let name = Name::Swept;
    let ask = Call::Connect(Role::Probe, Target::Pinned(Role::Swept));
    for (life, goes) in [(Life::Dead, true), (Life::Listens, false), (Life::Refuses, false)] {
        let mut participant = Participant::at(DEAD);
        participant.world.left = 1;
        participant.world.temporary = Some(There { found: Found { inode: OTHER, ..UNMARKED }, life });
        participant.holds(ACQUIRE).did(&[
            UNLINK,
            Call::Open(Role::Swept, name),
            Call::StatFile(Role::Swept),
            PROBE,
            ask,
        ]);
        assert_eq!(participant.calls.contains(&Call::Unlink(name)), goes, "{life:?}");
    }
}

/// A user who may write to the folder can fill it.
#[test]
fn at_most_64_names_are_swept_each_time() {
    let mut participant = Participant::at(DEAD);
    participant.world.left = 100;
    participant.holds(ACQUIRE);
    assert_eq!(participant.count(Call::NextName), 64);
}

#[test]
fn what_has_another_name_by_now_is_not_swept() {
    let name = Name::Swept;
    let mut participant = Participant::at(DEAD);
    participant.world.left = 1;
    participant.world.temporary = Some(There { found: Found { inode: OTHER, ..MARKED }, life: Life::Datagram });
    // Without `/proc` it is asked by its path, where another is by then.
    let pinned = Call::Connect(Role::Probe, Target::Pinned(Role::Swept));
    participant.instead(pinned, ConnectResult::Missing(ERRNO));
    participant.instead(Call::StatByPath(name), StatResult::Found(MARKED));
    participant.holds(ACQUIRE).did(&[Call::StatByPath(name)]).did_not(Call::Unlink(name));
}
