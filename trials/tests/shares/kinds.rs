//! Every kind of holder at one path, each in its own process: which holds what, and which waits for which.

use trials::{Adapter, Place, Player, alone, at_path_and_in_file, wait_until_queued};

fn player(place: &Place) -> Player {
    Player::start(Adapter::under_trial(), &place.lock())
}

fn quit(place: &Place, players: impl IntoIterator<Item = Player>) {
    players.into_iter().for_each(Player::quit);
    assert_eq!(place.leftovers(), [""; 0]);
}

at_path_and_in_file! {
    processes_with_different_numbers_of_slots
    the_lock_excludes_shared_locks_and_slots_which_do_not_exclude_each_other
}

/// Each takes the lowest free slot below its own number.
fn processes_with_different_numbers_of_slots(place: &Place) {
    let _alone = alone();
    let [mut one, mut two, mut three, mut four] = [(); 4].map(|()| player(place));
    assert_eq!((one.slot(3), two.slot(2), three.slot(3)), (0, 1, 2));
    for permits in 1..=3 {
        assert_eq!(four.ask(format!("try-slot {permits}")), "would-block", "{permits}");
    }
    assert_eq!(four.slot(7), 3);
    // The one that is free is above its number.
    three.release();
    assert_eq!(three.ask("try-slot 2"), "would-block");
    four.release();
    // It waits for any of the first two.
    three.send("slot 2");
    wait_for_the_lock_in_hand(place);
    assert_eq!(four.ask("try-slot 7"), "would-block", "it has come later");
    two.release();
    assert_eq!(three.expect_slot(), 1);
    assert_eq!(four.slot(7), 2);
    [&mut one, &mut three, &mut four].into_iter().for_each(Player::release);
    quit(place, [one, two, three, four]);
}

fn the_lock_excludes_shared_locks_and_slots_which_do_not_exclude_each_other(place: &Place) {
    let _alone = alone();
    let [mut one, mut two, mut three, mut four] = [(); 4].map(|()| player(place));
    one.acquire();
    for command in ["try", "try-share", "try-slot 9"] {
        assert_eq!(two.ask(command), "would-block", "{command} beside the lock");
    }
    one.release();
    one.share();
    assert_eq!(two.ask("try"), "would-block", "beside a shared lock");
    assert_eq!(two.slot(1), 0);
    three.share();
    one.release();
    three.release();
    assert_eq!(three.ask("try"), "would-block", "beside a slot");
    assert_eq!(three.ask("acquire-for 1"), "timed-out unknown");
    four.send("acquire");
    wait_for_the_lock_in_hand(place);
    assert_eq!(four.answer_now(), None, "beside a slot");
    two.release();
    four.expect_held();
    four.release();
    quit(place, [one, two, three, four]);
}

/// A lock that becomes a shared one lets in the readers at the head of its queue, and no writer in between.
#[test]
fn a_lock_becomes_a_shared_one() {
    let _alone = alone();
    let place = Place::new();
    let [mut holder, mut reader, mut slot, mut writer, mut later] = [(); 5].map(|()| player(&place));
    holder.acquire();
    for (queued, (player, command)) in
        [(&mut reader, "share"), (&mut slot, "slot 2"), (&mut writer, "acquire"), (&mut later, "share")]
            .into_iter()
            .enumerate()
    {
        player.send(command);
        wait_until_queued(&place.lock(), queued + 1);
    }
    assert_eq!(holder.ask("downgrade"), "held shared");
    reader.expect("held shared");
    assert_eq!(slot.expect_slot(), 0);
    wait_for_the_lock_in_hand(&place);
    for player in [&mut holder, &mut slot] {
        player.release();
        assert_eq!(writer.answer_now(), None, "there is one left");
    }
    assert_eq!(later.answer_now(), None, "it is behind the writer");
    reader.release();
    writer.expect_held();
    assert_eq!(later.answer_now(), None, "beside the writer");
    writer.release();
    later.expect("held shared");
    later.release();
    quit(&place, [holder, reader, slot, writer, later]);
}

/// Waits until a process waits with the lock in hand: it listens at the path, and holds nothing.
fn wait_for_the_lock_in_hand(place: &Place) {
    trials::watch_for("a process with the lock in hand", || trials::queue::listener(&place.lock()));
}
