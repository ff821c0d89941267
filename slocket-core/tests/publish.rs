//! How a socket comes to the path: in place, aside, and at an abstract name (protocol section 2, "Publishing the socket").

mod common;

use common::*;

const TEMPORARY: Name = Name::Temporary;
const BIND: Call = Call::Bind(Name::Lock, Way::Path);
const BIND_ASIDE: Call = Call::Bind(TEMPORARY, Way::Path);
const SHARED_GUARD: Call = Call::Flock(Flock::Shared);
const END: [Call; 2] = [Call::Unlock, Call::Close(Role::Guard)];
const LOOK: Call = Call::Stat(Name::Lock);
const SPOILED: Hints = Hints { in_use: false, unfixed: false, spoiled: true };

fn in_folder(platform: Platform) -> Participant {
    Participant::new(platform, Hints::default())
}

// ---- In place.

#[test]
fn in_place_under_the_guard_from_before_bind_until_it_listens() {
    let mut participant = in_folder(PRIVATE);
    participant.holds(ACQUIRE).did_just(&[
        PUBLISH,
        Call::OpenFolder(Role::Guard),
        SHARED_GUARD,
        Call::SetSocketMode,
        BIND,
        LOOK,
        Call::SetTimesOfName(Name::Lock),
        Call::Listen,
        Call::Unlock,
        Call::Close(Role::Guard),
        HAS_SHARES,
    ]);
}

/// A user who may rename in the folder can have put another file in its place.
#[test]
fn in_a_shared_folder_it_is_held_fast_before_it_is_touched() {
    let mut participant = in_folder(SHARED);
    participant.holds(ACQUIRE).did_just(&[
        PUBLISH,
        Call::OpenFolder(Role::Guard),
        SHARED_GUARD,
        Call::SetSocketMode,
        BIND,
        Call::Open(Role::Pin, Name::Lock),
        Call::StatFile(Role::Pin),
        Call::SetTimes(Role::Pin, Times::Marked),
        Call::Close(Role::Pin),
        Call::Listen,
        Call::Unlock,
        Call::Close(Role::Guard),
        HAS_SHARES,
    ]);
}

#[test]
fn an_older_kernel_sets_the_times_by_proc_and_one_that_cannot_keeps_the_mark_of_bind() {
    let (times, in_proc) = (Call::SetTimes(Role::Pin, Times::Marked), Call::SetTimesInProc(Role::Pin, Times::Marked));
    for result in [TimesResult::Done, TimesResult::Unsupported(ERRNO), TimesResult::Failed(ERRNO)] {
        let mut participant = in_folder(SHARED);
        participant.instead(times, TimesResult::Unsupported(ERRNO)).instead(in_proc, result);
        participant.holds(ACQUIRE).did(&[times, in_proc, Call::Listen]);
    }
}

#[test]
fn a_path_in_use_gives_the_guard_back() {
    let mut participant = Participant::at(HOLDER);
    participant.waits(ACQUIRE, QUEUED).did(&[BIND]).did(&[
        Call::Unlock,
        Call::Close(Role::Guard),
        Call::Close(Role::Listener),
    ]);
}

/// Nothing is done to what is not our new socket; and it is bound by way of the folder from then on.
#[test]
fn what_is_not_our_new_socket_is_not_touched() {
    let strange = [
        Found { owner: Owner::Other, ..NEW },
        Found { links: Links::More, ..NEW },
        Found { is_sticky: false, ..NEW },
        Found { times: TimesFound::Marked, ..NEW },
        Found { mode: ModeFit::Other, ..NEW },
    ];
    for found in strange {
        let mut participant = in_folder(SHARED);
        participant.instead(Call::StatFile(Role::Pin), StatResult::Found(found));
        if found.owner == Owner::Us && found.links == Links::One && found.times != TimesFound::Marked {
            participant.instead(Call::CompareBoundFile, AnswerResult::No);
        }
        participant
            .waits(ACQUIRE, pause(1))
            .did_not(Call::Listen)
            .did_not(Call::SetTimes(Role::Pin, Times::Marked))
            .did(&END);
        assert!(participant.machine().hints().unfixed);
        participant.world.path = None;
        participant.holds(RETRY).did(&[Call::Bind(Name::Lock, Way::Proc)]);
    }
}

/// An administrator has changed its mode since it was bound: the kernel tells that it is ours all the same, and both are repaired.
#[test]
fn a_new_socket_whose_mode_was_changed_is_told_by_the_kernel() {
    let mode = Call::SetMode(Role::Pin, Mode::AsAsked);
    for found in [Found { is_sticky: false, mode: ModeFit::Fewer, ..NEW }, Found { mode: ModeFit::Other, ..NEW }] {
        for answer in [AnswerResult::Yes, AnswerResult::No, AnswerResult::Failed(ERRNO)] {
            let mut participant = in_folder(SHARED);
            participant.instead(Call::StatFile(Role::Pin), StatResult::Found(found));
            participant.instead(Call::CompareBoundFile, answer);
            if answer == AnswerResult::Yes {
                participant.holds(ACQUIRE).did(&[Call::SetTimes(Role::Pin, Times::Marked), mode, Call::Listen]);
            } else {
                participant.waits(ACQUIRE, pause(1)).did_not(mode).did_not(Call::Listen);
            }
        }
    }
}

/// The folder was moved: at the path it is not ours, and is not to be removed.
#[test]
fn a_socket_that_is_not_in_the_folder_is_given_up() {
    for platform in [PRIVATE, SHARED] {
        let mut participant = in_folder(platform);
        participant
            .instead(if platform.is_private { LOOK } else { Call::Open(Role::Pin, Name::Lock) }, missing(platform));
        participant.waits(ACQUIRE, pause(1)).did_not(UNLINK).did_not(Call::Listen).did(&END);
        assert!(participant.machine().hints().unfixed);
    }
}

fn missing(platform: Platform) -> CallResult {
    if platform.is_private { StatResult::Missing.into() } else { OpenResult::Missing.into() }
}

/// Where the umask took bits away: the times first, then the mode, and aside from then on.
#[test]
fn a_mode_that_the_umask_spoiled_is_set_after_the_times() {
    for platform in [PRIVATE, SHARED] {
        let spoiled = StatResult::Found(Found { mode: ModeFit::Fewer, inode: first_inode(), ..NEW });
        let mut participant = in_folder(platform);
        if platform.is_private {
            participant.instead(LOOK, spoiled);
        }
        participant.instead(Call::StatFile(Role::Pin), spoiled);
        let (times, mode) = (Call::SetTimes(Role::Pin, Times::Marked), Call::SetMode(Role::Pin, Mode::AsAsked));
        participant.holds(ACQUIRE).did(&[Call::StatFile(Role::Pin), times, mode, Call::Close(Role::Pin), Call::Listen]);
        assert!(participant.machine().hints().spoiled);
    }
}

/// Of the first socket that a world binds.
fn first_inode() -> slocket_core::Inode {
    slocket_core::Inode { device: 1, number: 101 }
}

#[test]
fn a_mode_that_cannot_be_set_removes_the_socket() {
    let spoiled = StatResult::Found(Found { mode: ModeFit::Fewer, inode: first_inode(), ..NEW });
    let mode = Call::SetMode(Role::Pin, Mode::AsAsked);
    let mut participant = in_folder(SHARED);
    participant.instead(Call::StatFile(Role::Pin), spoiled).instead(mode, DoneResult::Failed(ERRNO));
    participant.fails(ACQUIRE, failed(mode)).did(&[mode, UNLINK]).did(&END).did_not(Call::Listen);
}

#[test]
fn a_socket_that_cannot_listen_is_discarded_if_it_is_still_there() {
    let mut participant = in_folder(PRIVATE);
    participant.instead(Call::Listen, DoneResult::Failed(ERRNO));
    participant.fails(ACQUIRE, failed(Call::Listen)).did(&[Call::Listen, LOOK, UNLINK]).did(&END);

    let mut participant = in_folder(PRIVATE);
    let listened = {
        participant.instead(Call::Listen, DoneResult::Failed(ERRNO));
        participant.up_to(ACQUIRE, Call::Listen)
    };
    participant.world.path = Some(There { found: Found { inode: OTHER, ..MARKED }, ..HOLDER });
    participant.fails(listened, failed(Call::Listen)).did(&[LOOK]).did_not(UNLINK);
}

/// It may be another's by now: what cannot be looked at stays, marked by its birth, to be reclaimed.
#[test]
fn what_cannot_be_looked_at_is_not_discarded() {
    let pin = Call::Open(Role::Pin, Name::Lock);
    let looked_at_in_vain = || {
        let mut participant = in_folder(PRIVATE);
        participant.instead(LOOK, StatResult::Failed(ERRNO)).instead(LOOK, StatResult::Failed(ERRNO));
        participant
    };
    let mut participant = looked_at_in_vain();
    participant.instead(pin, OpenResult::Failed(ERRNO));
    participant.fails(ACQUIRE, failed(LOOK)).did(&[LOOK, LOOK, pin]).did_not(UNLINK);
    let mut participant = looked_at_in_vain();
    participant.instead(Call::StatFile(Role::Pin), StatResult::Failed(ERRNO));
    participant.fails(ACQUIRE, failed(LOOK)).did(&[pin, Call::StatFile(Role::Pin)]).did_not(UNLINK);
    // By whichever call it is seen.
    looked_at_in_vain().fails(ACQUIRE, failed(LOOK)).did(&[pin, Call::StatFile(Role::Pin), UNLINK]);
}

// ---- By which address.

#[test]
fn a_path_that_leads_nowhere_is_bound_by_way_of_the_folder() {
    let by_proc = Call::Bind(Name::Lock, Way::Proc);
    let mut participant = in_folder(PRIVATE);
    participant.instead(BIND, BindResult::Missing(ERRNO));
    participant.holds(ACQUIRE).did(&[BIND, Call::StatProc, by_proc, Call::Listen]);
    assert!(participant.machine().hints().unfixed);

    // `/proc` is not mounted, either.
    let mut participant = Participant::new(PRIVATE, Hints { unfixed: true, ..Hints::default() });
    participant.instead(by_proc, BindResult::Missing(ERRNO)).instead(Call::StatProc, ProcResult::LeadsNowhere);
    participant.holds(ACQUIRE).did(&[by_proc, Call::StatProc, BIND]);

    // Once, and no more.
    let mut participant = in_folder(PRIVATE);
    participant.instead(BIND, BindResult::Missing(ERRNO)).instead(by_proc, BindResult::Missing(ERRNO));
    participant.fails(ACQUIRE, failed(by_proc));
}

#[test]
fn a_path_that_is_too_long_is_bound_through_proc_or_aside_or_not_at_all() {
    let proc_only = Ways { path: false, proc: true };
    let neither = Ways { path: false, proc: false };
    in_folder(Platform { lock: proc_only, ..PRIVATE }).holds(ACQUIRE).did(&[Call::Bind(Name::Lock, Way::Proc)]);
    let mut participant = in_folder(Platform { lock: neither, temporary: proc_only, ..PRIVATE });
    participant.holds(ACQUIRE).did(&[Call::Bind(TEMPORARY, Way::Proc), Call::Rename(TEMPORARY)]);
    in_folder(Platform { lock: neither, temporary: neither, ..PRIVATE }).fails(ACQUIRE, Failure::TooLong);
}

/// Some file systems in user space make an empty file where a socket was asked for.
#[test]
fn an_empty_file_that_bind_has_made_is_removed() {
    let empty = Found { kind: FileKind::EmptyFile, ..UNMARKED };
    let mut participant = in_folder(PRIVATE);
    participant.instead(BIND, BindResult::Broken(ERRNO)).instead(LOOK, StatResult::Found(empty));
    participant.fails(ACQUIRE, Failure::NoSockets).did(&[BIND, LOOK, UNLINK]);

    let mut participant = in_folder(PRIVATE);
    participant.instead(BIND, BindResult::Broken(ERRNO));
    participant.fails(ACQUIRE, failed(BIND)).did_not(UNLINK);
}

// ---- Aside.

/// What is visible is alive and listens.
#[test]
fn aside_it_is_bound_marked_and_listens_before_it_comes_to_the_path() {
    let mut participant = Participant::new(PRIVATE, SPOILED);
    participant.holds(ACQUIRE).did_just(&[
        PUBLISH,
        Call::FileSystem,
        LOOK,
        Call::OpenFolder(Role::Listing),
        Call::NextName,
        Call::Close(Role::Listing),
        Call::Random,
        Call::SetSocketMode,
        BIND_ASIDE,
        Call::Stat(TEMPORARY),
        Call::SetTimesOfName(TEMPORARY),
        Call::Listen,
        Call::Rename(TEMPORARY),
        HAS_SHARES,
    ]);
}

#[test]
fn where_the_guard_is_not_to_be_had_it_is_published_aside() {
    let mut participant = Participant::at(None);
    participant.world.guard = FlockResult::Busy;
    participant.holds(ACQUIRE).did(&[
        SHARED_GUARD,
        Call::Close(Role::Guard),
        Call::FileSystem,
        LOOK,
        Call::Rename(TEMPORARY),
    ]);
    let mut participant = Participant::at(None);
    participant.instead(Call::OpenFolder(Role::Guard), OpenResult::Denied(ERRNO));
    participant.holds(ACQUIRE).did(&[Call::FileSystem, LOOK, Call::Rename(TEMPORARY)]).did_not(SHARED_GUARD);
}

/// No process removes dead sockets there, and FUSE may give a socket that is moved another inode.
#[test]
fn elsewhere_it_is_published_in_place_with_the_guard_or_without() {
    let mut participant = Participant::at(None);
    participant.world.guard = FlockResult::Busy;
    participant.world.file_system = FileSystemResult::Elsewhere;
    participant.holds(ACQUIRE).did(&[Call::FileSystem, BIND, Call::Listen]).did_not(Call::Rename(TEMPORARY));
}

#[test]
fn aside_a_path_in_use_is_seen_first() {
    let mut participant = Participant::new(PRIVATE, SPOILED);
    participant.world.path = Some(HOLDER);
    participant.waits(ACQUIRE, QUEUED).did(&[LOOK]).did_not(BIND_ASIDE).did_not(Call::OpenFolder(Role::Listing));
}

#[test]
fn aside_nothing_is_replaced_and_the_temporary_name_goes() {
    let mut participant = Participant::new(PRIVATE, SPOILED);
    let listening = participant.up_to(ACQUIRE, Call::Listen);
    participant.world.path = Some(HOLDER);
    participant.waits(listening, QUEUED);
    participant.did(&[
        Call::Rename(TEMPORARY),
        Call::Stat(TEMPORARY),
        Call::Unlink(TEMPORARY),
        Call::Close(Role::Listener),
        JOIN,
    ]);
}

/// A sweep that hits a living one only makes its owner try again.
#[test]
fn aside_a_name_that_was_swept_is_tried_again_under_another_after_a_pause() {
    let mut participant = Participant::new(PRIVATE, SPOILED);
    participant.instead(Call::Rename(TEMPORARY), RenameResult::Missing);
    participant.waits(ACQUIRE, pause(1));
    participant.world.temporary = None;
    participant.holds(RETRY).did(&[Call::Random, BIND_ASIDE, Call::Rename(TEMPORARY)]);
}

#[test]
fn where_a_name_cannot_be_moved_it_is_linked_and_then_unlinked() {
    let mut participant = Participant::new(PRIVATE, SPOILED);
    participant.instead(Call::Rename(TEMPORARY), RenameResult::Unsupported(ERRNO));
    participant.holds(ACQUIRE).did(&[Call::Rename(TEMPORARY), Call::Link(TEMPORARY), Call::Unlink(TEMPORARY)]);
    let mut participant = Participant::new(PRIVATE, SPOILED);
    participant.instead(Call::Rename(TEMPORARY), RenameResult::Unsupported(ERRNO));
    participant.instead(Call::Link(TEMPORARY), RenameResult::Unsupported(ERRNO));
    participant.fails(ACQUIRE, failed(Call::Link(TEMPORARY))).did(&[Call::Stat(TEMPORARY), Call::Unlink(TEMPORARY)]);
}

/// In a shared folder another file can have been put under the temporary name, which is at the path then.
#[test]
fn in_a_shared_folder_what_came_to_the_path_is_looked_at_last() {
    let mut participant = Participant::new(SHARED, SPOILED);
    participant.holds(ACQUIRE).did(&[Call::Rename(TEMPORARY), LOOK]);
    let mut participant = Participant::new(SHARED, SPOILED);
    let moved = participant.up_to(ACQUIRE, Call::Rename(TEMPORARY));
    participant.world.path = Some(There { found: Found { inode: OTHER, ..MARKED }, ..HOLDER });
    participant.waits(moved, pause(1)).did(&[LOOK]).did_not(UNLINK);
}

// ---- At an abstract name.

#[test]
fn at_an_abstract_name_it_is_bound_and_listens_and_that_is_all() {
    let bind = Call::Bind(Name::Lock, Way::Abstract);
    let mut participant = in_folder(NAME);
    participant.holds(ACQUIRE).did_just(&[PUBLISH, bind, Call::Listen]);
    assert_eq!(participant.machine().inode(), None);

    // Nothing is left behind, so nothing is looked for.
    let mut participant = in_folder(NAME);
    participant.instead(Call::Listen, DoneResult::Failed(ERRNO)).fails(ACQUIRE, failed(Call::Listen));
    participant.did_just(&[PUBLISH, bind, Call::Listen, Call::Close(Role::Listener)]);

    let mut participant = in_folder(NAME);
    participant.world.path = Some(HOLDER);
    participant.waits(ACQUIRE, QUEUED).did(&[bind, Call::Close(Role::Listener), JOIN, Call::Reserve]);
    // Gone, or bound and not listening yet.
    let mut participant = in_folder(NAME);
    participant.world.path = Some(There { life: Life::Refuses, ..HOLDER });
    participant.waits(ACQUIRE, pause(3));
}
