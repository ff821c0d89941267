//! From idle, inspecting: what is at the path, without changing anything (protocol section 2, "Is a socket alive: the probe").

mod common;

use common::*;

const UNTRUTHFUL: [Probe; 2] = [Probe::Stream, Probe::None];

/// What is said to be there; nothing was done but to look and to probe, and nothing is left open.
#[track_caller]
fn says(there: impl Into<Option<There>>, expected: Inspected) -> Participant {
    let mut participant = Participant::at(there);
    participant.ends(INSPECT, Report::Inspected(expected));
    participant
}

fn theirs() -> There {
    There { found: Found { owner: Owner::Other, ..MARKED }, life: Life::Denied }
}

#[test]
fn a_file_that_is_not_a_lock_is_told_without_a_probe() {
    says(None, Inspected::Missing).did_not(PROBE);
    says(DIRECTORY, Inspected::NotASocket).did_not(PROBE);
}

#[test]
fn a_living_socket_is_marked_or_not() {
    says(HOLDER, Inspected::Alive);
    says(There { life: Life::Full, ..HOLDER }, Inspected::Alive);
    says(There { life: Life::Refuses, ..HOLDER }, Inspected::Alive);
    says(NPM, Inspected::Unmarked);
    says(There { life: Life::Datagram, ..HOLDER }, Inspected::WrongType);
}

#[test]
fn the_mark_of_a_dead_one_is_read_after_the_probe() {
    let connect = Call::Connect(Role::Probe, Target::Pinned(Role::Pin));
    says(DEAD, Inspected::Dead).did(&[Call::StatFile(Role::Pin), connect, Call::Stat(Name::Lock)]);
    // It was cleared meanwhile, for a loan.
    let mut participant = Participant::at(DEAD);
    participant.instead(Call::Stat(Name::Lock), StatResult::Found(UNMARKED));
    participant.ends(INSPECT, Report::Inspected(Inspected::Stale));
    // Another socket has the path by now.
    let mut participant = Participant::at(DEAD);
    let other = Found { inode: OTHER, ..MARKED };
    participant.instead(Call::Stat(Name::Lock), StatResult::Found(other));
    participant.ends(INSPECT, Report::Inspected(Inspected::Alive));
}

#[test]
fn a_stale_one_is_probed_twice() {
    assert_eq!(says(STALE, Inspected::Stale).count(PROBE), 2);
}

/// Its owner may be about to give it its mode: the machine of an acquire asks the guard.
#[test]
fn one_that_not_even_its_owner_may_connect_to_is_not_called_dead() {
    for (found, is_marked) in [(MARKED, true), (UNMARKED, false)] {
        let unsettled = There { found: Found { owner_writes: false, ..found }, life: Life::Denied };
        says(unsettled, Inspected::Unsettled { is_marked }).did_not(RECLAIM);
    }
    says(theirs(), Inspected::Denied);
    Participant::at(There { found: MARKED, ..theirs() })
        .fails(INSPECT, failed(Call::Connect(Role::Probe, Target::Pinned(Role::Pin))));
}

/// There a datagram socket says of a living one that it is dead.
#[test]
fn a_kernel_that_does_not_tell_is_not_believed_and_not_asked_by_a_connection() {
    for probe in UNTRUTHFUL {
        for there in [HOLDER, DEAD, STALE] {
            let mut participant = Participant::new(Platform { probe: Some(probe), ..PRIVATE }, Hints::default());
            participant.world.path = Some(There { life: Life::Dead, ..there });
            participant.ends(INSPECT, Report::Inspected(Inspected::Unknown));
            participant.did_not(Call::Socket(Role::Probe, Kind::Stream));
        }
    }
}

#[test]
fn a_call_that_fails_is_named() {
    for call in [Call::StatFile(Role::Pin), Call::Stat(Name::Lock)] {
        let mut participant = Participant::at(DEAD);
        participant.instead(call, StatResult::Failed(ERRNO));
        participant.fails(INSPECT, failed(call));
    }
    Participant::at(HOLDER).instead(PROBE, DoneResult::Failed(ERRNO)).fails(INSPECT, failed(PROBE));
}

#[test]
fn of_an_abstract_name_nothing_is_told() {
    let mut participant = Participant::new(NAME, Hints::default());
    participant.ends(INSPECT, Report::Inspected(Inspected::Unknown)).did_just(&[]);
}
