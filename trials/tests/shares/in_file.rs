//! Shares of a lock that is a locked file, where other things are promised than of a socket: no order between processes, but that no process
//! takes a share while another has the turn and waits for shares to end.

use std::time::Duration;

use trials::queue::{listener, waits};
use trials::sharing::witness::What;
use trials::{Adapter, Place, Player, alone, process, tell, wait_until_queued, watch_for, witness};

const READERS: usize = 8;
const HOLD: Duration = Duration::from_millis(10);
const WRITES: usize = 10;

fn player(place: &Place) -> Player {
    Player::start(Adapter::under_trial(), &place.lock())
}

/// Waits until it has the turn, and waits for shares to be given back.
#[track_caller]
fn wait_until_excluding(player: &Player, place: &Place) {
    watch_for("the turn, and shares in the way", || {
        let has_turn = listener(&place.lock()).is_some();
        (has_turn && waits(player.pid(), &place.lock())).then_some(())
    });
}

#[test]
fn later_readers_do_not_overtake_a_writer_that_has_the_turn() {
    let _alone = alone();
    let place = Place::in_file();
    let [mut reader, mut writer, mut later] = [(); 3].map(|()| player(&place));
    for first in ["share", "slot 2"] {
        assert!(reader.ask(first).starts_with("held "));
        writer.send("acquire");
        wait_until_excluding(&writer, &place);
        for command in ["try-share", "try-slot 2", "try"] {
            assert_eq!(later.ask(command), "would-block", "{command} before the writer");
        }
        for command in ["share-for 20", "slot-for 2 20"] {
            assert_eq!(later.ask(command), "timed-out", "{command} before the writer");
        }
        later.send("share");
        wait_until_queued(&place.lock(), 1);
        assert_eq!(writer.answer_now(), None, "beside a share");
        reader.release();
        writer.expect_held();
        assert_eq!(later.answer_now(), None, "beside the writer");
        writer.release();
        later.expect("held shared");
        later.release();
    }
    [reader, writer, later].into_iter().for_each(Player::quit);
    assert_eq!(place.leftovers(), [""; 0]);
}

/// A writer that is killed, or gives up, while it has the turn and waits for shares, leaves the turn to the others.
#[test]
fn a_writer_that_has_the_turn_goes() {
    let _alone = alone();
    let place = Place::in_file();
    let [mut reader, mut later] = [(); 2].map(|()| player(&place));
    for is_killed in [true, false] {
        reader.share();
        let mut writer = player(&place);
        if is_killed {
            writer.send("acquire");
            wait_until_excluding(&writer, &place);
            later.send("share");
            wait_until_queued(&place.lock(), 1);
            writer.kill();
        } else {
            writer.send("acquire-for 200");
            watch_for("the writer to have the turn, or to give up", || listener(&place.lock()).or(writer.answer_now()));
            later.send("share");
        }
        later.expect("held shared");
        later.release();
        reader.release();
        later.acquire();
        later.release();
    }
    [reader, later].into_iter().for_each(Player::quit);
    assert_eq!(place.leftovers(), [""; 0]);
}

/// A waiter for a slot, stopped with the turn in hand, keeps the others waiting; killed, it does not.
#[test]
fn a_waiter_for_a_slot_that_has_the_turn_is_killed() {
    let _alone = alone();
    let place = Place::in_file();
    let [mut holder, mut other] = [(); 2].map(|()| player(&place));
    assert_eq!(holder.slot(1), 0);
    let mut waiter = player(&place);
    waiter.send("slot 1");
    wait_until_excluding(&waiter, &place);
    process::stop(waiter.pid());
    other.send("slot 1");
    wait_until_queued(&place.lock(), 1);
    holder.release();
    assert_eq!(other.answer_now(), None, "the turn is another's");
    waiter.kill();
    assert_eq!(other.expect_slot(), 0);
    other.release();
    [holder, other].into_iter().for_each(Player::quit);
    assert_eq!(place.leftovers(), [""; 0]);
}

/// No order is promised among readers and writers that wait for the turn; each writer has its turn all the same.
#[test]
fn a_writer_among_readers_has_its_turn() {
    let _alone = alone();
    let place = Place::in_file();
    let mut readers: Vec<_> = (0..READERS).map(|_| player(&place)).collect();
    let mut writer = player(&place);
    writer.witness_shares(&place);
    for reader in &mut readers {
        reader.begin_reads(HOLD.as_micros() as u64, &place);
    }
    let reads = || trials::sharing::check(place.notes()).holds.len();
    let mut asked = Vec::new();
    for _ in 0..WRITES {
        // They are all at it.
        let before = reads();
        watch_for("the readers", || (reads() > before + READERS).then_some(()));
        asked.push(witness::now());
        writer.acquire();
        writer.release();
    }
    place.stop();
    for reader in &readers {
        assert!(reader.answer().ends_with(" 0"));
    }
    let name = writer.name().to_owned();
    readers.into_iter().chain([writer]).for_each(Player::quit);

    let report = place.assert_shared();
    let writes: Vec<_> = report.holds.iter().filter(|hold| hold.who == name).collect();
    assert_eq!(writes.len(), WRITES);
    assert!(writes.iter().all(|hold| hold.what == What::Lock));
    let mut waited: Vec<f64> =
        writes.iter().zip(asked).map(|(hold, asked)| (hold.start - asked) as f64 / HOLD.as_nanos() as f64).collect();
    waited.sort_by(f64::total_cmp);
    tell(format!(
        "shares, in a file: among {READERS} readers without pause, {WRITES} waits of the writer: median {:.1} of their holds, longest {:.1}",
        waited[WRITES / 2],
        waited[WRITES - 1]
    ));
}

/// No event tells of a kill: the waiter with the turn finds the slot free when it looks again.
#[test]
fn a_waiter_has_the_slot_of_a_holder_that_is_killed() {
    const SLOTS: usize = 4;
    const ROUNDS: usize = 10;
    let _alone = alone();
    let place = Place::in_file();
    let player = || {
        let mut player = player(&place);
        player.witness_shares(&place);
        player
    };
    let mut holders: Vec<_> = (0..SLOTS).map(|_| player()).collect();
    for (slot, holder) in holders.iter_mut().enumerate() {
        assert_eq!(holder.slot(SLOTS), slot);
    }
    let mut delays = Vec::new();
    for round in 0..ROUNDS {
        let mut waiter = player();
        waiter.send(format!("slot {SLOTS}"));
        wait_until_excluding(&waiter, &place);
        let slot = round * 3 % SLOTS;
        let holder = std::mem::replace(&mut holders[slot], waiter);
        let killed = witness::now();
        std::fs::write(place.log(holder.name()).with_extension("killed"), killed.to_string()).expect("a note");
        holder.kill();
        assert_eq!(holders[slot].expect_slot(), slot, "of the one that was killed");
        delays.push((witness::now() - killed) as f64 / 1e6);
    }
    for holder in &mut holders {
        holder.release();
    }
    holders.into_iter().for_each(Player::quit);
    place.assert_shared();
    delays.sort_by(f64::total_cmp);
    tell(format!(
        "shares, in a file: from the kill of a holder of 1 of {SLOTS} slots to its next hold, {ROUNDS} rounds: median {:.2} ms, most \
         {:.2} ms",
        delays[ROUNDS / 2],
        delays[ROUNDS - 1]
    ));
}

/// Those that wait are served, readers and slots beside each other, and the writer alone.
#[test]
fn a_lock_becomes_a_shared_one() {
    let _alone = alone();
    let place = Place::in_file();
    let [mut holder, mut reader, mut slot, mut writer] = [(); 4].map(|()| player(&place));
    holder.acquire();
    reader.send("share");
    wait_until_queued(&place.lock(), 1);
    slot.send("slot 2");
    wait_until_queued(&place.lock(), 2);
    assert_eq!(holder.ask("downgrade"), "held shared");
    reader.expect("held shared");
    assert_eq!(slot.expect_slot(), 0);
    writer.send("acquire");
    wait_until_excluding(&writer, &place);
    for player in [&mut holder, &mut slot] {
        player.release();
        assert_eq!(writer.answer_now(), None, "there is one left");
    }
    reader.release();
    writer.expect_held();
    writer.release();
    [holder, reader, slot, writer].into_iter().for_each(Player::quit);
    assert_eq!(place.leftovers(), [""; 0]);
}
