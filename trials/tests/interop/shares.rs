//! Shares of a lock that npm's slocket uses, too, which knows none: it never holds the lock beside another holder, and where it is
//! met no share is taken.

use trials::Adapter::Node;
use trials::queue::listener;
use trials::{Adapter, Place, Player, alone, node_or_skip, process, sharing, tell, watch_for};

use crate::{first_to_hold, holds, ours, queue};

#[track_caller]
fn refused(answer: &str) {
    assert!(answer.starts_with("error NoShares "), "{answer}");
}

fn end(place: &Place, players: impl IntoIterator<Item = Player>) {
    players.into_iter().for_each(Player::quit);
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn npm_waits_behind_a_writer_that_waits_for_a_share() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let [mut reader, mut writer] = [(); 2].map(|()| Player::start(ours(), &place.lock()));
    reader.share();
    writer.send("acquire");
    watch_for("the writer to have the lock in hand", || listener(&place.lock()));
    let mut npm = queue(&place, ours(), &[Node], 0);
    assert!(!holds(&mut writer) && !holds(&mut npm[0]), "beside a share");
    reader.release();
    writer.expect_held();
    assert!(!holds(&mut npm[0]), "beside the writer");
    writer.release();
    first_to_hold(&mut npm);
    for command in ["try-share", "try-slot 3", "try"] {
        assert_eq!(reader.ask(command), "would-block", "beside npm's");
    }
    npm[0].release();
    assert_eq!(writer.ask("settle"), "settled");
    end(&place, npm.into_iter().chain([reader, writer]));
}

#[test]
fn no_share_is_taken_before_npm() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    for share in ["share", "slot 2"] {
        let place = Place::new();
        let [mut holder, mut reader] = [(); 2].map(|()| Player::start(ours(), &place.lock()));
        holder.acquire();
        reader.send(share);
        trials::wait_until_queued(&place.lock(), 1);
        let mut npm = queue(&place, ours(), &[Node], 1);
        holder.release();
        refused(&reader.answer());
        first_to_hold(&mut npm);
        npm[0].release();
        assert_eq!(reader.ask("settle"), "settled");
        assert!(reader.ask(share).starts_with("held"), "npm's has gone");
        reader.release();
        end(&place, npm.into_iter().chain([holder, reader]));
    }
}

#[test]
fn the_lock_does_not_become_a_shared_one_before_npm() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut holder = Player::start(ours(), &place.lock());
    holder.acquire();
    let mut npm = queue(&place, ours(), &[Node], 0);
    refused(&holder.ask("downgrade"));
    assert_eq!(holder.ask("release"), "error Usage nothing is held");
    first_to_hold(&mut npm);
    npm[0].release();
    assert_eq!(holder.ask("settle"), "settled");
    end(&place, npm.into_iter().chain([holder]));
}

#[test]
fn no_share_is_taken_of_what_npm_lends() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    for share in ["share", "slot 2"] {
        let place = Place::new();
        let mut npm = Player::start(Node, &place.lock());
        npm.acquire();
        let mut reader = Player::start(ours(), &place.lock());
        reader.send(share);
        crate::wait_until_in_line(&place.lock(), Node, 1);
        npm.release();
        refused(&reader.answer());
        end(&place, [reader, npm]);
    }
}

/// As the pages say: npm's may hold beside a share that was there before. Ours never hold beside either.
#[test]
fn a_writer_waits_for_a_share_and_for_npm_beside_it() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let [mut reader, mut writer] = [(); 2].map(|()| Player::start(ours(), &place.lock()));
    reader.share();
    let mut npm = Player::start(Node, &place.lock());
    npm.acquire();
    writer.send("acquire");
    crate::wait_until_in_line(&place.lock(), Node, 1);
    assert!(!holds(&mut writer), "beside npm's");
    npm.release();
    watch_for("the writer to wait for the share", || {
        let open = process::descriptors(writer.pid());
        open.iter().any(|file| file.ends_with("/.lock.shared")).then_some(())
    });
    assert!(!holds(&mut writer), "beside a share");
    reader.release();
    writer.expect_held();
    writer.release();
    end(&place, [reader, writer, npm]);
}

/// Our writers and npm's, among our readers.
#[test]
fn writers_of_both_among_readers() {
    const ROUNDS: u64 = 300;
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let readings = Place::new();
    let mut readers: Vec<_> = (0..3).map(|_| Player::start(ours(), &place.lock())).collect();
    let mut writers: Vec<_> =
        [ours(), Adapter::Sync, Node, Node].map(|adapter| Player::start(adapter, &place.lock())).into();
    readers.iter_mut().for_each(|reader| reader.begin_reads(300, &readings));
    // They are at it; beside npm's most of their requests are refused.
    watch_for("the readers", || (sharing::check(readings.notes()).holds.len() > 10).then_some(()));
    writers.iter_mut().for_each(|writer| writer.begin_rounds(ROUNDS, 100, &place));
    for writer in &writers {
        writer.expect_done(ROUNDS);
    }
    readings.stop();
    let answers: Vec<_> = readers.iter().map(Player::answer).collect();
    writers.into_iter().chain(readers).for_each(Player::quit);
    // npm's may have kept a process from removing a FIFO.
    let mut last = Player::start(ours(), &place.lock());
    last.acquire();
    last.release();
    last.quit();
    place.assert_exclusive(4 * ROUNDS);
    let counts: Vec<u64> = answers
        .iter()
        .flat_map(|answer| answer.split(' ').skip(1).map(|count| count.parse().expect("a count")))
        .collect();
    let (held, refused): (u64, u64) = (counts.iter().step_by(2).sum(), counts.iter().skip(1).step_by(2).sum());
    assert!(refused > 0, "npm's was not met: {answers:?}");
    tell(format!(
        "shares: beside npm's: {} holds of the lock, 0 overlaps; {held} shared locks, {refused} refused",
        4 * ROUNDS
    ));
}
