//! Shares of the lock: shared locks, slots, and the waiters for them (protocol section 8).

mod common;

use common::*;

const MAKE: Call = Call::MakeFifo(Name::Shared);
const READ: Call = Call::Read(Role::Look);
const UNLINK_SHARED: Call = Call::Unlink(Name::Shared);
const CLOSE_SHARE: Call = Call::Close(Role::Share);
const ACCEPT: Call = Call::Accept(Role::Guest);
const BASELINE: Report = Report::Failed(Failure::Baseline);
/// Both ways to stop wanting the lock, with what the caller is told.
const STOPS: [(Event, Report); 2] = [(CANCEL, Report::Cancelled), (DEADLINE, Report::TimedOut)];

const fn take(slot: u16) -> Call {
    Call::OpenFifo(Role::Share, Access::Both, Name::Slot(slot))
}

const fn unlink(slot: u16) -> Call {
    Call::Unlink(Name::Slot(slot))
}

/// The lock is free, and others have shares: as many reads say so.
fn shared_by_others(reads: usize) -> Participant {
    let mut participant = Participant::at(None);
    participant.world.shared = Some(SHARES);
    participant.world.reads.extend(std::iter::repeat_n(ReadResult::Writer, reads));
    participant
}

/// It has the lock in hand, and waits for the sharers.
#[track_caller]
fn waiting_for_shares() -> Participant {
    let mut participant = shared_by_others(1);
    participant.waits(ACQUIRE, SHARED_BY_OTHERS);
    participant
}

#[track_caller]
fn sharing() -> Participant {
    let mut participant = Participant::at(None);
    participant.shares(SHARE, None);
    participant
}

// ---- A shared lock.

/// It is open before the lock is passed on.
#[test]
fn a_share_is_taken_with_the_lock_in_hand() {
    let mut participant = Participant::at(None);
    participant.shares(SHARE, None).did(&[Call::FileSystem, PUBLISH, TAKE_SHARE, MAKE, TAKE_SHARE, UNLINK]);
    participant.did(&[TAKE_SHARE, Call::SeeFifo(Role::Share), Call::Poll, UNLINK, Call::Close(Role::Listener)]);
    participant.did_not(SEE_SHARES).did_not(UNLINK_SHARED);
}

#[test]
fn a_fifo_that_is_there_is_opened() {
    let mut participant = shared_by_others(0);
    participant.shares(SHARE, None).did(&[TAKE_SHARE, UNLINK]).did_not(MAKE);
}

#[test]
fn the_lock_is_handed_on_to_the_next() {
    let mut participant = Participant::at(None);
    participant.world.queue.push_back(WAITER);
    participant.shares(SHARE, None).did(&[TAKE_SHARE, HAND_OVER_UNSEEN, Call::Close(Role::Listener)]).did_not(UNLINK);
}

#[test]
fn a_waiter_that_is_handed_the_listener_takes_its_share() {
    let mut participant = Participant::at(HOLDER);
    participant.waits(SHARE, QUEUED);
    participant.world.sent.push_back(ReceiveResult::Listener { unshared: false });
    participant.shares(READABLE, None).did(&[Call::Listen, TAKE_SHARE, UNLINK, Call::Close(Role::Connection)]);
}

/// Whatever the umask, others can look at it.
#[test]
fn the_mode_of_a_new_fifo_is_mended_through_a_pin() {
    let mut participant = Participant::at(None);
    let spoiled = Found { mode: ModeFit::Fewer, ..FIFO };
    participant.instead(Call::StatFile(Role::Pin), StatResult::Found(spoiled));
    let mend = Call::SetMode(Role::Pin, Mode::OfFifo);
    participant.shares(SHARE, None).did(&[MAKE, Call::Open(Role::Pin, Name::Shared), mend, TAKE_SHARE]);
    let other = Found { owner: Owner::Other, ..spoiled };
    let mut participant = Participant::at(None);
    participant.instead(Call::StatFile(Role::Pin), StatResult::Found(other));
    participant.shares(SHARE, None).did_not(mend);
}

/// Its maker may have died before its mode was set.
#[test]
fn one_that_may_not_be_opened_is_repaired_if_it_is_ours() {
    let mut participant = shared_by_others(0);
    let spoiled = Found { mode: ModeFit::Fewer, ..FIFO };
    participant.instead(TAKE_SHARE, OpenResult::Denied(ERRNO));
    participant.instead(Call::StatFile(Role::Pin), StatResult::Found(spoiled));
    participant.shares(SHARE, None).did(&[TAKE_SHARE, Call::SetMode(Role::Pin, Mode::OfFifo), TAKE_SHARE]);
    let mut participant = shared_by_others(0);
    participant.instead(SEE_SHARES, OpenResult::Denied(ERRNO));
    participant.instead(Call::StatFile(Role::Pin), StatResult::Found(spoiled));
    participant.holds(ACQUIRE).did(&[SEE_SHARES, Call::SetMode(Role::Pin, Mode::OfFifo), SEE_SHARES]);
}

// ---- Beside participants of the baseline, which know nothing of shares.

/// It is lent the lock, as by any other process. (Else it would hold it beside our share.)
#[test]
fn there_is_no_share_while_a_baseline_client_waits() {
    for (event, take) in [(SHARE, TAKE_SHARE), (TRY_SHARE, TAKE_SHARE), (SLOT, take(0)), (TRY_SLOT, take(0))] {
        let mut participant = Participant::at(None);
        participant.world.queue.push_back(CLIENT);
        participant.leaves_behind(event, BASELINE, LENT).did(&[take, ACCEPT, CLOSE_SHARE, LEND]).did_not(UNLINK);
        participant.world.drains.push_back(DrainResult::Ended);
        participant.finishes(READABLE).did(&[UNLINK, SEE_SHARES, UNLINK_SHARED]);
        assert!(participant.world.shared.is_none() && participant.world.slots[0].is_none());
    }
}

#[test]
fn a_waiter_behind_a_baseline_client_is_handed_the_lock_after_it() {
    let mut participant = Participant::at(None);
    participant.world.queue.extend([CLIENT, WAITER]);
    participant.leaves_behind(SHARE, BASELINE, LENT).did(&[CLOSE_SHARE, LEND]);
    participant.world.drains.push_back(DrainResult::Ended);
    participant.finishes(READABLE).did(&[HAND_OVER_UNSEEN]).did_not(SEE_SHARES);
}

#[test]
fn a_baseline_client_that_goes_while_it_is_lent_the_lock_has_cost_the_share() {
    let mut participant = Participant::at(None);
    participant.world.queue.extend([Guest { takes: SendResult::Gone, ..CLIENT }, WAITER]);
    participant.fails(SHARE, Failure::Baseline).did(&[CLOSE_SHARE, LEND, HAND_OVER_UNSEEN]).did_not(SEE_SHARES);
}

#[test]
fn a_baseline_client_that_cannot_be_lent_the_lock_has_cost_the_share() {
    let mut participant = Participant::at(None);
    participant.world.queue.push_back(CLIENT);
    participant.instead(Call::SetMode(Role::Pin, Mode::NotSticky), DoneResult::Failed(ERRNO));
    participant.fails(SHARE, Failure::Baseline).did(&[CLOSE_SHARE, UNLINK, UNLINK_SHARED]).did_not(LEND);
}

#[test]
fn one_that_has_gone_costs_nothing() {
    let mut participant = Participant::at(None);
    participant.world.queue.push_back(Guest { has_ended: true, ..CLIENT });
    participant.shares(SHARE, None).did(&[TAKE_SHARE, ACCEPT, UNLINK]).did_not(CLOSE_SHARE);
}

/// Nothing is lent between users; but it acquires as soon as the path is free.
#[test]
fn there_is_no_share_while_a_baseline_client_of_another_user_waits() {
    let mut participant = Participant::at(None);
    participant.world.queue.push_back(Guest { has_badge: false, ..STRANGER });
    participant.fails(SHARE, Failure::Baseline).did(&[CLOSE_SHARE, UNLINK, UNLINK_SHARED]).did_not(LEND);
    let mut participant = Participant::at(None);
    participant.world.queue.push_back(STRANGER);
    participant.shares(SHARE, None).did(&[TAKE_SHARE, UNLINK]).did_not(CLOSE_SHARE);
}

/// Behind another user's waiter, or after it was seen that no process waits.
#[test]
fn one_that_is_met_when_the_path_is_given_up_already_costs_the_share() {
    let mut participant = Participant::at(None);
    participant.world.queue.extend([STRANGER, WAITER, CLIENT, WAITER]);
    participant.fails(SHARE, Failure::Baseline).did(&[UNLINK, CLOSE_SHARE, SEE_SHARES, UNLINK_SHARED]);
    let mut participant = Participant::at(None);
    participant.world.queue.push_back(CLIENT);
    participant.instead(Call::Poll, AnswerResult::No);
    participant.fails(SHARE, Failure::Baseline).did(&[UNLINK, ACCEPT, CLOSE_SHARE, SEE_SHARES, UNLINK_SHARED]);
    for harmless in [WAITER, Guest { has_ended: true, ..CLIENT }] {
        let mut participant = Participant::at(None);
        participant.world.queue.push_back(harmless);
        participant.instead(Call::Poll, AnswerResult::No);
        participant.shares(SHARE, None).did(&[UNLINK, ACCEPT]);
    }
}

/// And that the lock is lost is the worse news; but an unlink that fails is none.
#[test]
fn a_sharer_that_meets_one_is_told_of_a_lost_lock_first() {
    for (result, failure) in
        [(UnlinkResult::Missing, Failure::LockLost), (UnlinkResult::Failed(ERRNO), Failure::Baseline)]
    {
        let mut participant = Participant::at(None);
        participant.world.queue.push_back(CLIENT);
        participant.instead(Call::Poll, AnswerResult::No).instead(UNLINK, result);
        if result == UnlinkResult::Missing {
            participant.world.path = None;
        }
        participant.fails(SHARE, failure).did(&[UNLINK, CLOSE_SHARE]);
    }
}

/// Its server lends it to the next as soon as it has it back.
#[test]
fn no_share_is_taken_of_what_a_baseline_server_has_lent() {
    for event in [SHARE, SLOT] {
        let mut participant = Participant::at(NPM);
        participant.waits(event, QUEUED);
        participant.world.sent.push_back(ReceiveResult::Loan);
        participant.fails(READABLE, Failure::Baseline).did(&[Call::Shutdown(Role::Connection, Half::Both), SEE_SHARES]);
        participant.did_not(TAKE_SHARE).did_not(take(0)).did_not(MAKE).did_not(UNLINK);
    }
}

/// So a waiter without one is not one of ours.
#[test]
fn a_client_that_cannot_have_a_badge_does_not_wait() {
    for event in [ACQUIRE, SHARE, SLOT] {
        let mut participant = Participant::at(HOLDER);
        participant.instead(Call::BindBadge, BindResult::Failed(ERRNO));
        participant.fails(event, failed(Call::BindBadge));
        participant.did_not(Call::Connect(Role::Connection, Target::Pinned(Role::Pin)));
    }
}

/// It is lent the lock that is held.
#[test]
fn a_lock_that_a_baseline_client_waits_for_becomes_no_share() {
    let mut participant = holding_with(&[CLIENT]);
    participant.leaves_behind(DOWNGRADE, BASELINE, LENT).did(&[TAKE_SHARE, CLOSE_SHARE, LEND]).did_not(UNLINK);
    participant.world.drains.push_back(DrainResult::Ended);
    participant.finishes(READABLE).did(&[UNLINK, SEE_SHARES, UNLINK_SHARED]);
}

#[test]
fn a_lock_on_loan_becomes_no_share_and_is_held_as_before() {
    let mut participant = borrowing();
    participant.does_not_downgrade(Failure::Baseline).did_just(&[]);
    participant.ends(RELEASE, Report::Released).did(&[Call::Shutdown(Role::Connection, Half::Both)]);
}

// ---- Giving it back.

#[test]
fn a_share_that_is_given_back_leaves_nothing() {
    for (event, report) in [(RELEASE, Report::Released), (CANCEL, Report::Cancelled)] {
        let mut participant = sharing();
        participant.ends(event, report).did(&[CLOSE_SHARE, SEE_SHARES, READ, PUBLISH, SEE_SHARES, READ, UNLINK_SHARED]);
        // And once more, for a process that came meanwhile relies on that.
        participant.did(&[UNLINK_SHARED, UNLINK, Call::Close(Role::Listener), SEE_SHARES]);
        assert!(participant.world.shared.is_none());
    }
}

#[test]
fn while_others_have_one_there_is_nothing_to_clean_up() {
    let mut participant = sharing();
    participant.world.reads.push_back(ReadResult::Writer);
    participant.ends(RELEASE, Report::Released).did(&[CLOSE_SHARE, SEE_SHARES, READ]).did_not(PUBLISH);
}

/// The process with the lock in hand sees to it.
#[test]
fn where_the_lock_is_taken_it_is_not_waited_for() {
    let mut participant = sharing();
    participant.world.path = Some(HOLDER);
    participant.ends(RELEASE, Report::Released).did(&[CLOSE_SHARE, SEE_SHARES, PUBLISH]).did_not(UNLINK_SHARED);
}

#[test]
fn the_receiver_of_the_lock_cleans_up() {
    let mut participant = sharing();
    participant.world.queue.push_back(WAITER);
    participant.ends(RELEASE, Report::Released).did(&[PUBLISH, UNLINK_SHARED, HAND_OVER_UNSEEN]);
    assert_eq!(participant.count(SEE_SHARES), 2, "not once more");
}

/// In a sticky folder, another user's.
#[test]
fn what_may_not_be_removed_stays() {
    let mut participant = sharing();
    participant.instead(UNLINK_SHARED, UnlinkResult::Denied(ERRNO));
    participant.ends(RELEASE, Report::Released).did(&[UNLINK_SHARED, UNLINK]);
    assert_eq!(participant.count(SEE_SHARES), 2, "not again and again");
}

/// A user may make one FIFO after the other, for ever.
#[test]
fn it_does_not_clean_up_for_ever() {
    let mut participant = sharing();
    for _ in 0..100 {
        participant.world.reads.extend([ReadResult::NoWriter, ReadResult::Writer]);
    }
    participant.ends(RELEASE, Report::Released);
    assert_eq!(participant.count(PUBLISH), 16);
}

/// The path was removed by hand: what was taken meanwhile is worth nothing.
#[test]
fn a_share_of_a_lock_that_is_lost_is_none() {
    let mut participant = Participant::at(None);
    participant.instead(UNLINK, UnlinkResult::Missing);
    participant.fails(SHARE, Failure::LockLost).did(&[TAKE_SHARE, UNLINK, CLOSE_SHARE]);
}

// ---- Excluding shares.

/// A waiter may have come to its limit of descriptors.
#[test]
fn without_shares_a_look_that_opens_nothing_is_enough() {
    Participant::at(None).holds(ACQUIRE).did(&[PUBLISH, HAS_SHARES]).did_not(SEE_SHARES);
    let mut participant = Participant::at(None);
    participant.instead(HAS_SHARES, StatResult::Failed(ERRNO)).holds(ACQUIRE).did(&[HAS_SHARES, SEE_SHARES]);
}

#[test]
fn a_holder_waits_until_no_process_has_a_share() {
    let mut participant = waiting_for_shares();
    participant.did(&[PUBLISH, SEE_SHARES, READ]).did_not(UNLINK_SHARED);
    // (A false alarm.)
    participant.world.reads.push_back(ReadResult::Writer);
    participant.waits(HUNG_UP, SHARED_BY_OTHERS).did(&[READ]).did_not(UNLINK_SHARED);
    participant.holds(HUNG_UP).did(&[READ, Call::Close(Role::Look), UNLINK_SHARED]);
    participant.ends(RELEASE, Report::Released).did_not(SEE_SHARES);
}

/// What a program has written that knows nothing of shares.
#[test]
fn bytes_are_discarded() {
    let mut participant = shared_by_others(0);
    participant.world.reads.extend([ReadResult::Bytes, ReadResult::Bytes, ReadResult::Writer]);
    participant.waits(ACQUIRE, SHARED_BY_OTHERS);
    assert_eq!(participant.count(READ), 3);
    participant.world.reads.extend([ReadResult::Bytes; 40]);
    participant.waits(HUNG_UP, SHARED_BY_OTHERS);
    assert_eq!(participant.count(READ), 17, "not for ever");
}

#[test]
fn slots_are_waited_for_one_after_the_other_and_removed_from_the_highest_down() {
    let mut participant = shared_by_others(0);
    participant.world.slots = [Some(SHARES), Some(SHARES), None, None];
    participant.world.reads.extend([ReadResult::NoWriter, ReadResult::Writer]);
    participant.waits(ACQUIRE, SHARED_BY_OTHERS);
    participant.world.reads.extend([ReadResult::NoWriter, ReadResult::Writer]);
    participant.waits(HUNG_UP, SHARED_BY_OTHERS);
    participant.holds(HUNG_UP).did(&[unlink(1), unlink(0), UNLINK_SHARED]);
}

#[test]
fn a_fifo_that_may_not_be_removed_is_as_good_as_none() {
    let mut participant = shared_by_others(0);
    participant.world.slots[0] = Some(SHARES);
    participant.instead(unlink(0), UnlinkResult::Denied(ERRNO));
    participant.holds(ACQUIRE).did(&[unlink(0)]).did_not(UNLINK_SHARED);
}

#[test]
fn a_try_does_not_wait_for_shares() {
    shared_by_others(1).ends(TRY, Report::WouldBlock).did(&[SEE_SHARES, READ, Call::Close(Role::Look), UNLINK]);
}

/// In full, and then it cleans up: a process that gave its share back meanwhile relies on that.
#[test]
fn a_waiter_that_gives_up_waiting_for_shares_passes_the_lock_on() {
    for (stop, report) in STOPS {
        let mut participant = waiting_for_shares();
        participant.world.queue.push_back(WAITER);
        participant
            .ends(stop, report)
            .did(&[Call::Close(Role::Look), HAND_OVER_UNSEEN])
            .did_not(SEE_SHARES)
            .did_not(UNLINK);
        let mut participant = waiting_for_shares();
        participant.ends(stop, report).did(&[UNLINK, Call::Close(Role::Listener), SEE_SHARES, PUBLISH, UNLINK_SHARED]);
        let mut participant = waiting_for_shares();
        participant.world.queue.push_back(CLIENT);
        participant.leaves_behind(stop, report, LENT).did(&[LEND]).did_not(SEE_SHARES);
        participant.world.drains.push_back(DrainResult::Ended);
        participant.finishes(READABLE).did(&[UNLINK, SEE_SHARES, UNLINK_SHARED]);
    }
}

#[test]
fn a_waiter_that_gave_up_and_was_handed_the_listener_cleans_up() {
    let mut participant = queued();
    participant.world.shared = Some(SHARES);
    participant.world.sent.push_back(ReceiveResult::Listener { unshared: false });
    participant.ends(CANCEL, Report::Cancelled).did(&[UNLINK, SEE_SHARES, PUBLISH, UNLINK_SHARED]);
}

// ---- What is not believed.

#[test]
fn only_a_fifo_of_a_trusted_user_counts() {
    for (found, failure) in [
        (FifoResult::Untrusted, Failure::UntrustedFifo(Name::Shared)),
        (FifoResult::Other, Failure::NotAFifo(Name::Shared)),
    ] {
        for event in [ACQUIRE, TRY, SHARE, TRY_SHARE] {
            let mut participant = shared_by_others(0);
            participant.world.fifo = found;
            participant.fails(event, failure).did(&[UNLINK]).did_not(READ).did_not(UNLINK_SHARED);
        }
    }
    for event in [ACQUIRE, SHARE] {
        let mut participant = shared_by_others(0);
        let see = Call::SeeFifo(if event == ACQUIRE { Role::Look } else { Role::Share });
        participant.instead(see, FifoResult::Failed(ERRNO)).fails(event, failed(see)).did(&[UNLINK]);
    }
}

#[test]
fn where_a_share_may_be_held_elsewhere_no_process_goes_on() {
    for event in [SHARE, TRY_SHARE, SLOT, TRY_SLOT] {
        let mut participant = Participant::at(None);
        participant.world.file_system = FileSystemResult::Elsewhere;
        participant.fails(event, Failure::SharedElsewhere).did_not(PUBLISH);
        let mut participant = Participant::at(None);
        participant.world.file_system = FileSystemResult::Failed(ERRNO);
        participant.fails(event, failed(Call::FileSystem)).did_not(PUBLISH);
    }
    for file_system in [FileSystemResult::Elsewhere, FileSystemResult::Failed(ERRNO)] {
        let mut participant = shared_by_others(1);
        participant.world.file_system = file_system;
        let failure = match file_system {
            FileSystemResult::Failed(_) => failed(Call::FileSystem),
            _ => Failure::SharedElsewhere,
        };
        participant.fails(ACQUIRE, failure).did(&[SEE_SHARES, UNLINK]).did_not(UNLINK_SHARED);
    }
}

#[test]
fn at_an_abstract_name_or_where_no_process_shares_there_are_none() {
    for platform in [NAME, Platform { shares: false, ..PRIVATE }] {
        for event in [SHARE, TRY_SHARE, SLOT, TRY_SLOT] {
            Participant::new(platform, Hints::default()).fails(event, Failure::NoShares);
        }
        let mut participant = Participant::new(platform, Hints::default());
        participant.holds(ACQUIRE).did_not(SEE_SHARES);
        participant.does_not_downgrade(Failure::NoShares);
        participant.ends(RELEASE, Report::Released);
    }
}

#[test]
fn a_share_that_cannot_be_taken_is_a_failure_and_the_lock_is_passed_on() {
    for call in [TAKE_SHARE, MAKE] {
        let mut participant = Participant::at(None);
        if call == MAKE {
            participant.instead(call, MakeResult::Failed(ERRNO));
        } else {
            participant.instead(call, OpenResult::Failed(ERRNO));
        }
        participant.fails(SHARE, failed(call)).did(&[call, UNLINK]);
    }
}

// ---- Slots.

/// And before the first, the FIFO by which others know that there are shares.
#[test]
fn the_first_slot_is_made_after_the_fifo_of_shared_locks() {
    let mut participant = Participant::at(None);
    participant.shares(SLOT, Some(0)).did(&[SEE_SHARES, MAKE, SEE_SHARES, Call::SeeFifo(Role::Look)]);
    participant.did(&[Call::Close(Role::Look), Call::MakeFifo(Name::Slot(0)), take(0), UNLINK]).did_not(READ);
    participant.ends(RELEASE, Report::Released).did(&[CLOSE_SHARE, PUBLISH, unlink(0), UNLINK_SHARED]);
    assert!(participant.world.shared.is_none() && participant.world.slots[0].is_none());
}

/// A stranger could remove it while the slot is taken; then a process that wants the lock would find it missing, and hold the lock.
#[test]
fn no_slot_is_taken_beside_what_is_not_believed_to_be_the_fifo_of_shared_locks() {
    for (found, failure) in [
        (FifoResult::Untrusted, Failure::UntrustedFifo(Name::Shared)),
        (FifoResult::Other, Failure::NotAFifo(Name::Shared)),
    ] {
        for (event, slot) in [(SLOT, None), (TRY_SLOT, None), (SLOT, Some(SHARES))] {
            let mut participant = shared_by_others(0);
            participant.world.slots[0] = slot;
            participant.instead(Call::SeeFifo(Role::Look), found);
            participant.fails(event, failure).did(&[UNLINK]).did_not(take(0)).did_not(Call::MakeFifo(Name::Slot(0)));
        }
    }
    let see = Call::SeeFifo(Role::Look);
    let mut participant = shared_by_others(0);
    participant.instead(see, FifoResult::Failed(ERRNO)).fails(SLOT, failed(see)).did(&[UNLINK]);
    let mut participant = shared_by_others(0);
    participant.instead(SEE_SHARES, OpenResult::Failed(ERRNO)).fails(SLOT, failed(SEE_SHARES)).did(&[UNLINK]);
    let mut participant = Participant::at(None);
    participant.instead(MAKE, MakeResult::Failed(ERRNO)).fails(SLOT, failed(MAKE)).did(&[UNLINK]);
    // Its maker may have died before its mode was set.
    let mut participant = shared_by_others(0);
    participant.instead(SEE_SHARES, OpenResult::Denied(ERRNO));
    participant.instead(Call::StatFile(Role::Pin), StatResult::Found(Found { mode: ModeFit::Fewer, ..FIFO }));
    participant.shares(SLOT, Some(0)).did(&[Call::SetMode(Role::Pin, Mode::OfFifo), SEE_SHARES, take(0)]);
}

#[test]
fn the_first_slot_without_a_writer_is_taken() {
    let mut participant = shared_by_others(1);
    participant.world.slots = [Some(SHARES), Some(SHARES), None, None];
    participant.shares(SLOT, Some(1)).did(&[take(1), Call::Close(Role::Slots), UNLINK]).did_not(take(0));
    let mut participant = shared_by_others(1);
    participant.world.slots[0] = Some(SHARES);
    participant.shares(SLOT, Some(1)).did(&[Call::MakeFifo(Name::Slot(1)), take(1)]).did_not(MAKE);
}

#[test]
fn a_process_that_finds_all_slots_taken_waits_for_any_with_the_lock_in_hand() {
    let mut participant = shared_by_others(2);
    participant.world.slots = [Some(SHARES), Some(SHARES), None, None];
    participant.waits(SLOT, ALL_SLOTS_TAKEN).did_not(UNLINK);
    participant.world.reads.extend([ReadResult::Writer; 2]);
    participant.waits(HUNG_UP, ALL_SLOTS_TAKEN);
    participant.world.reads.push_back(ReadResult::Writer);
    participant.shares(HUNG_UP, Some(1)).did(&[Call::Close(Role::Slots), take(1), UNLINK]);
}

#[test]
fn a_waiter_that_gives_up_waiting_for_a_slot_passes_the_lock_on() {
    for (stop, report) in STOPS {
        let mut participant = shared_by_others(2);
        participant.world.slots = [Some(SHARES), Some(SHARES), None, None];
        participant.waits(SLOT, ALL_SLOTS_TAKEN);
        participant.world.reads.extend([ReadResult::Writer; 2]);
        participant.ends(stop, report).did(&[Call::Close(Role::Slots), UNLINK, SEE_SHARES]).did_not(unlink(1));
    }
}

#[test]
fn a_try_does_not_wait_for_a_slot() {
    let mut participant = shared_by_others(2);
    participant.world.slots = [Some(SHARES), Some(SHARES), None, None];
    participant.world.reads.extend([ReadResult::Writer; 2]);
    participant.ends(TRY_SLOT, Report::WouldBlock).did(&[UNLINK]);
}

#[test]
fn a_lock_that_is_held_where_a_share_may_be_held_elsewhere_stays_as_it_is() {
    for (file_system, failure) in [
        (FileSystemResult::Elsewhere, Failure::SharedElsewhere),
        (FileSystemResult::Failed(ERRNO), failed(Call::FileSystem)),
    ] {
        let mut participant = holding();
        participant.world.file_system = file_system;
        participant.does_not_downgrade(failure).did_just(&[Call::FileSystem]);
        participant.ends(RELEASE, Report::Released).did_not(SEE_SHARES);
    }
}

/// There is no gap below a slot that is taken.
#[test]
fn slots_are_cleaned_up_down_to_the_first_that_is_taken() {
    let mut participant = shared_by_others(2);
    participant.world.slots = [Some(SHARES), Some(SHARES), Some(SHARES), None];
    let of_four = Event::Request(Request::Share(policy(Stale::Wait), slots(4)));
    participant.shares(of_four, Some(2));
    let (busy, idle) = (ReadResult::Writer, ReadResult::NoWriter);
    // Without the lock: the shared one, and the highest. With it: the same, and down. And once more.
    participant.world.reads.extend([idle, idle, idle, idle, busy, idle, busy]);
    participant.ends(RELEASE, Report::Released).did(&[unlink(2), UNLINK]).did_not(unlink(1)).did_not(UNLINK_SHARED);
}

/// A process that finds no FIFO of shared locks, or a gap below a slot, looks no further.
#[test]
fn where_it_is_not_known_how_many_slots_there_are_none_is_removed() {
    for unknown in [0, 1].map(|slot| Call::Stat(Name::Slot(slot))) {
        for seen_before in [false, true] {
            let mut participant = sharing();
            participant.world.slots = [Some(SHARES), Some(SHARES), None, None];
            if seen_before {
                // Without the lock in hand.
                participant.instead(unknown, StatResult::Found(FIFO));
            }
            participant.instead(unknown, StatResult::Failed(ERRNO));
            participant.ends(RELEASE, Report::Released).did_not(UNLINK_SHARED).did_not(unlink(0)).did_not(unlink(1));
        }
    }
}

// ---- Downgrading.

#[test]
fn a_lock_that_is_held_becomes_a_share_without_a_gap() {
    let mut participant = holding();
    participant.shares(DOWNGRADE, None).did(&[MAKE, TAKE_SHARE, UNLINK]);
    participant.ends(RELEASE, Report::Released).did(&[CLOSE_SHARE, UNLINK_SHARED]);
    let mut participant = holding_with(&[WAITER]);
    participant.shares(DOWNGRADE, None).did(&[TAKE_SHARE, HAND_OVER_UNSEEN]);
}

#[test]
fn a_lock_that_does_not_become_a_share_is_held_as_before() {
    let mut participant = holding();
    participant.instead(MAKE, MakeResult::Failed(ERRNO)).does_not_downgrade(failed(MAKE)).did_not(UNLINK);
    participant.world.fifo = FifoResult::Untrusted;
    participant.does_not_downgrade(Failure::UntrustedFifo(Name::Shared)).did(&[CLOSE_SHARE]);
    participant.world.fifo = FifoResult::Trusted;
    // What it has made is not left behind.
    participant.ends(RELEASE, Report::Released).did(&[UNLINK, SEE_SHARES, UNLINK_SHARED]);
}

#[test]
fn a_lock_that_was_lost_becomes_no_share() {
    let mut participant = holding();
    participant.world.path = Some(HOLDER);
    participant.fails(DOWNGRADE, Failure::LockLost).did(&[TAKE_SHARE, CLOSE_SHARE]);
}

#[test]
fn only_a_held_lock_is_downgraded() {
    sharing().refuses(DOWNGRADE).refuses(SHARE);
    queued().refuses(DOWNGRADE);
    waiting_for_shares().refuses(DOWNGRADE).refuses(RELEASE);
    finished().refuses(DOWNGRADE);
}
