//! What a share costs: system calls, threads, processor time.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use trials::process::processor_share;
use trials::trace::{self, of_library};
use trials::{
    Adapter, Place, Player, alone, at_path_and_in_file, process, strace_or_skip, tell, wait_until_queued, watch_for,
};

/// How many system calls an uncontended acquire and release may make together, of a shared lock and of the first of four slots.
const BUDGETS: [(&str, usize); 2] = [("shared", 55), ("4", 75)];

fn player(place: &Place) -> Player {
    Player::start(Adapter::under_trial(), &place.lock())
}

#[test]
fn an_uncontended_share_makes_few_system_calls() {
    if !strace_or_skip() {
        return;
    }
    let _alone = alone();
    for (share, budget) in BUDGETS {
        let place = Place::new();
        let file = place.note("trace");
        let mut player = Player::start_traced(Adapter::under_trial(), &place.lock(), &file);
        // The first lock of a process may pay for what later ones reuse.
        for _ in 0..2 {
            player.send(format!("once-marked {share}"));
            player.expect("done 1");
        }
        player.quit();
        let calls = trace::read(&file);
        let second = calls.iter().rposition(|call| call.line.contains("mark: begin")).expect("the marks");
        let acquire = of_library(trace::between(&calls[second..], "mark: begin", "mark: held"));
        let release = of_library(trace::between(&calls[second..], "mark: held", "mark: end"));
        tell(format!("cost: {share}: {} system calls to acquire, {} to release:", acquire.len(), release.len()));
        for call in acquire.iter().chain(&release) {
            tell(format!("    {}", call.line));
        }
        assert!(acquire.iter().any(|call| call.name() == "mknodat"), "this is not the way that is to be counted");
        let sum = acquire.len() + release.len();
        assert!(sum <= budget, "{share}: {sum} system calls, {budget} are the budget");
    }
}

#[test]
fn a_holder_of_a_share_does_no_work() {
    if !strace_or_skip() {
        return;
    }
    let _alone = alone();
    for share in ["share", "slot 4"] {
        let place = Place::new();
        let file = place.note("trace");
        let mut holder = Player::start_traced(Adapter::under_trial(), &place.lock(), &file);
        let (mut writer, mut behind) = (player(&place), player(&place));
        assert!(holder.ask(share).starts_with("held "));
        let threads = process::threads(holder.pid());
        // A waiter makes no work either: with the lock in hand, and behind.
        writer.send("acquire");
        watch_for("the writer to have the lock in hand", || trials::queue::listener(&place.lock()));
        behind.send("share");
        wait_until_queued(&place.lock(), 1);
        // Not to wait for anything: this is the second that is looked at.
        thread::sleep(Duration::from_secs(1));
        assert_eq!(process::threads(holder.pid()), threads, "threads of a holder, before and after");
        let brings_threads = Adapter::under_trial().brings_threads();
        assert!(brings_threads || threads == 1, "{threads} threads of a holder");
        holder.release();
        writer.expect_held();
        writer.release();
        behind.expect("held shared");
        behind.release();
        [holder, writer, behind].into_iter().for_each(Player::quit);

        let calls = trace::read(&file);
        let threads: BTreeSet<_> = calls.iter().map(|call| call.tid).collect();
        assert!(brings_threads || threads.len() == 1, "threads that made a system call: {threads:?}");
        let held = trace::between(&calls, "write(1, \"held", "write(1, \"released");
        let read = held.iter().position(|call| call.line.contains("\"release\\n\"")).expect("the read of the command");
        assert_eq!(of_library(&held[..read]), [], "system calls while the share is held");
    }
    tell(
        "cost: no system call and no thread of the library while a share is held for one second, with a writer and a reader waiting",
    );
}

at_path_and_in_file! { a_waiter_for_shares_uses_no_processor_time }

fn a_waiter_for_shares_uses_no_processor_time(readers: &Place) {
    let _alone = alone();
    let slots = if readers.is_in_file() { Place::in_file() } else { Place::new() };
    let (mut reader, mut writer, mut behind) = (player(readers), player(readers), player(readers));
    let (mut holder, mut next) = (player(&slots), player(&slots));
    reader.share();
    writer.send("acquire");
    watch_for("the writer to have the lock in hand", || trials::queue::listener(&readers.lock()));
    behind.send("share");
    wait_until_queued(&readers.lock(), 1);
    assert_eq!(holder.slot(1), 0);
    next.send("slot 1");
    watch_for("the next to have the lock in hand", || trials::queue::listener(&slots.lock()));
    let used = processor_share([writer.pid(), behind.pid(), next.pid()]);
    let whom = ["a writer behind a share", "a reader behind that", "a waiter for a slot"];
    for (who, used) in whom.into_iter().zip(used) {
        tell(format!("cost: {who} uses {:.2} % of a processor", used * 100.0));
        // (A waiter for shares that are files looks again after a pause, since no event tells of a kill.)
        assert!(used < 0.01, "{who} uses {:.2} % of a processor", used * 100.0);
    }
    reader.release();
    writer.expect_held();
    writer.release();
    behind.expect("held shared");
    behind.release();
    holder.release();
    assert_eq!(next.expect_slot(), 0);
    next.release();
    [reader, writer, behind, holder, next].into_iter().for_each(Player::quit);
    assert_eq!([readers.leftovers(), slots.leftovers()], [[""; 0]; 2]);
}
