//! A writer among processes that read without pause.

use std::fs::{self, File};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use trials::queue::{listener, waits};
use trials::sharing::witness::What;
use trials::{Adapter, Place, Player, alone, tell, wait_until_queued, watch_for, witness};

const READERS: usize = 16;
const HOLD: Duration = Duration::from_millis(50);
const WRITES: usize = 10;
/// How many shared locks each reader may take between the writer's arrival in the queue and its turn: one, if it queued before.
const FURTHER_HOLDS: usize = 1;
/// The longest that the writer waits by flock(2) before the readers are made to end.
const LONG: Duration = Duration::from_secs(2);

#[test]
fn a_writer_among_readers_waits_for_two_of_their_holds_at_most() {
    let _alone = alone();
    let place = Place::new();
    let player = || Player::start(Adapter::under_trial(), &place.lock());
    let mut readers: Vec<_> = (0..READERS).map(|_| player()).collect();
    let mut writer = player();
    writer.witness_shares(&place);
    for reader in &mut readers {
        reader.begin_reads(HOLD.as_micros() as u64, &place);
    }
    let mut writes = Vec::new();
    for write in 0..WRITES {
        let reads = |place: &Place| trials::sharing::check(place.notes()).holds.len();
        // They are all at it.
        let before = reads(&place);
        watch_for("the readers", || (reads(&place) > before + READERS).then_some(()));
        writer.send("acquire");
        // It may have been served by the time that it is looked at.
        watch_for("the writer to wait", || {
            let has_held = log(&writer, &place).lines().filter(|line| line.starts_with('+')).count() > write;
            (has_held || waits(writer.pid(), &place.lock())).then_some(())
        });
        let queued = witness::now();
        writer.expect_held();
        writer.release();
        writes.push(queued);
    }
    place.stop();
    for reader in &readers {
        assert!(reader.answer().ends_with(" 0"));
    }
    readers.into_iter().for_each(Player::quit);
    let name = writer.name().to_owned();
    writer.quit();

    let report = place.assert_shared();
    let mut longest: f64 = 0.0;
    for (queued, write) in writes.into_iter().zip(report.holds.iter().filter(|hold| hold.who == name)) {
        let start = write.start;
        longest = longest.max(start.saturating_sub(queued) as f64 / HOLD.as_nanos() as f64);
        let further = report.holds.iter().filter(|hold| hold.start > queued && hold.start < start);
        let mut counts = std::collections::BTreeMap::new();
        further.for_each(|hold| *counts.entry(&hold.who).or_insert(0) += 1);
        let most = counts.values().copied().max().unwrap_or(0);
        assert!(most <= FURTHER_HOLDS, "a reader had {most} holds before a writer that had queued: {counts:?}");
    }
    let others = writes_by_flock();
    tell(format!(
        "shares: among {READERS} readers without pause, the longest of {WRITES} waits of the writer: {longest:.2} of their holds; \
         by flock(2): {others}"
    ));
}

fn log(player: &Player, place: &Place) -> String {
    fs::read_to_string(place.log(player.name())).expect("a log")
}

/// How long a writer by flock(2) waits among as many readers.
fn writes_by_flock() -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let open = || File::open(file.path()).expect("the file");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                let file = open();
                while !over.load(Ordering::Relaxed) {
                    flock(&file, FlockOperation::LockShared).expect("flock");
                    thread::sleep(HOLD);
                    flock(&file, FlockOperation::Unlock).expect("flock");
                }
            });
        }
        // Until they are at it.
        let writer = open();
        watch_for("the readers", || {
            let tried = flock(&writer, FlockOperation::NonBlockingLockExclusive);
            flock(&writer, FlockOperation::Unlock).expect("flock");
            tried.is_err().then_some(())
        });
        let begin = Instant::now();
        let has = scope.spawn(move || {
            flock(&writer, FlockOperation::LockExclusive).expect("flock");
            begin.elapsed()
        });
        while !has.is_finished() && begin.elapsed() < LONG {
            thread::park_timeout(HOLD);
        }
        let waits_still = !has.is_finished();
        over.store(true, Ordering::Relaxed);
        let waited = has.join().expect("it has it in the end");
        let holds = waited.as_secs_f64() / HOLD.as_secs_f64();
        if waits_still { format!("until they ended, after {holds:.0}") } else { format!("{holds:.1}") }
    })
}

/// Processes that queue behind a writer are served after it, in the order of their arrival: the slots tell it.
#[test]
fn behind_a_writer_none_is_overtaken() {
    const WAITERS: usize = 8;
    let _alone = alone();
    let place = Place::new();
    let player = || Player::start(Adapter::under_trial(), &place.lock());
    let (mut reader, mut writer) = (player(), player());
    let mut waiters: Vec<_> = (0..WAITERS).map(|_| player()).collect();
    for round in 0..5 {
        waiters.rotate_left(3);
        reader.share();
        writer.send("acquire");
        watch_for("the writer to have the lock in hand", || listener(&place.lock()));
        for (before, waiter) in waiters.iter_mut().enumerate() {
            waiter.send(format!("slot {WAITERS}"));
            wait_until_queued(&place.lock(), before + 1);
        }
        assert_eq!(writer.answer_now(), None, "beside a reader");
        reader.release();
        writer.expect_held();
        assert!(waiters.iter().all(|waiter| waiter.answer_now().is_none()), "beside the writer");
        writer.release();
        let slots: Vec<_> = waiters.iter().map(Player::expect_slot).collect();
        assert_eq!(slots, (0..WAITERS).collect::<Vec<_>>(), "round {round}");
        waiters.iter_mut().for_each(Player::release);
    }
    waiters.into_iter().chain([reader, writer]).for_each(Player::quit);
    assert_eq!(place.leftovers(), [""; 0]);
}

/// A reader whose turn it is, and that does not take it, is not overtaken by a later one.
#[test]
fn a_reader_that_stands_still_is_not_overtaken() {
    let _alone = alone();
    let place = Place::new();
    let player = || Player::start(Adapter::under_trial(), &place.lock());
    let [mut writer, mut first, mut second, mut other] = [(); 4].map(|()| player());
    writer.acquire();
    first.send("share");
    wait_until_queued(&place.lock(), 1);
    second.send("share");
    wait_until_queued(&place.lock(), 2);
    trials::process::stop(first.pid());
    writer.release();
    assert_eq!(other.ask("try-share"), "would-block", "a process waits");
    assert_eq!(other.ask("share-for 20"), "timed-out", "a process waits");
    assert_eq!(second.answer_now(), None, "overtakes");
    trials::process::resume(first.pid());
    for reader in [&mut first, &mut second] {
        reader.expect("held shared");
        reader.release();
    }
    [writer, first, second, other].into_iter().for_each(Player::quit);
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn the_witnesses_see_writers_and_readers() {
    let place = Place::new();
    let mut player = Player::start(Adapter::under_trial(), &place.lock());
    player.witness_shares(&place);
    player.acquire();
    assert_eq!(player.ask("downgrade"), "held shared");
    player.release();
    player.slot(2);
    player.release();
    player.quit();
    let kinds: Vec<_> = place.assert_shared().holds.iter().map(|hold| hold.what).collect();
    assert_eq!(kinds, [What::Lock, What::Downgraded, What::Slot { index: 0, of: 2 }]);
}
