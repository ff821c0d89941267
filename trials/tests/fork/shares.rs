//! A process that has a share of a lock - a shared lock, or a slot - and forks. Parent and child have the same FIFO open: the share
//! is given back when the last copy is closed. Where the lock is a locked file they have the same file open, and the parent's release
//! unlocks that for both.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use trials::{Adapter, Copied, Fork, Place, Player, alone, process, watch_for};

/// How a share is asked for, and the answer.
const SHARES: [(&str, &str); 2] = [("share", "held shared"), ("slot 2", "held slot 0")];

/// Where the lock is a socket, and where it is a locked file.
fn places() -> [Place; 2] {
    [Place::new(), Place::in_file()]
}

/// A player that has a share, and its child.
fn sharer(place: &Place, (command, answer): (&str, &str)) -> (Player, Fork) {
    let mut parent = Player::start(Adapter::under_trial(), &place.lock());
    assert_eq!(parent.ask(command), answer);
    let child = parent.fork();
    (parent, child)
}

/// The parent has the share until it releases it, and not longer.
#[track_caller]
fn assert_parents(parent: &mut Player, place: &Place) {
    let mut other = Player::start(Adapter::Sync, &place.lock());
    assert_eq!(other.ask("try"), "would-block", "a holder beside a share");
    parent.release();
    other.acquire();
    other.release();
    other.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// Waits until a process has the lock in hand and sleeps, as shares are out: their FIFOs are removed before the lock is held.
#[track_caller]
fn wait_until_excluding(pid: u32, place: &Place) {
    watch_for("a process to wait for shares", || {
        let left = place.leftovers();
        let has_lock = left.contains(&"lock".to_owned()) && left.contains(&".lock.shared".to_owned());
        (has_lock && process::state(pid)? == 'S').then_some(())
    });
}

/// The shares that a process has: its FIFOs that are open for writing, or its files that are locked, removed ones among them.
fn shares(pid: u32) -> Vec<String> {
    shares_if(pid, is_locked)
}

/// The same, and the files that its parent has unlocked since: that unlocks every copy, and closes none.
fn copies(pid: u32) -> Vec<String> {
    shares_if(pid, |_| true)
}

fn shares_if(pid: u32, is_share: impl Fn(&Path) -> bool) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).expect("a process that lives");
    let share = |entry: fs::DirEntry| {
        let target = fs::read_link(entry.path()).ok()?;
        let name = target.file_name()?.to_string_lossy().into_owned();
        let info = format!("/proc/{pid}/fdinfo/{}", entry.file_name().to_string_lossy());
        let is_file = fs::metadata(entry.path()).is_ok_and(|file| file.is_file());
        let info = Path::new(&info);
        let has_share = if is_file { is_share(info) } else { is_open_for_writing(info) };
        (name.starts_with(".lock.s") && has_share).then_some(name)
    };
    entries.flatten().filter_map(share).collect()
}

fn is_locked(info: &Path) -> bool {
    fs::read_to_string(info).unwrap_or_default().lines().any(|line| line.starts_with("lock:"))
}

fn is_open_for_writing(info: &Path) -> bool {
    const ACCESS: u32 = 0o3;
    let info = fs::read_to_string(info).unwrap_or_default();
    let flags = info.lines().find_map(|line| u32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok());
    flags.is_some_and(|flags| flags & ACCESS != 0)
}

#[test]
fn a_share_that_a_child_drops() {
    for share in SHARES {
        for place in places() {
            let (mut parent, mut child) = sharer(&place, share);
            assert_eq!(child.ask("drop"), "dropped");
            assert_parents(&mut parent, &place);
            child.quit();
            parent.quit();
        }
    }
}

#[test]
fn a_share_that_a_child_releases() {
    for share in SHARES {
        for place in places() {
            let (mut parent, mut child) = sharer(&place, share);
            let answer = child.ask("release");
            let why = ": this process is a fork of the one that acquired it; ";
            assert!(answer.starts_with("error Forked ") && answer.contains(why), "{answer}");
            assert_eq!(shares(parent.pid()).len(), 1);
            assert_parents(&mut parent, &place);
            child.quit();
            parent.quit();
        }
    }
}

/// It drops its copy when it ends.
#[test]
fn a_child_of_a_sharer_that_ends() {
    for share in SHARES {
        for place in places() {
            let (mut parent, child) = sharer(&place, share);
            child.quit();
            assert_parents(&mut parent, &place);
            parent.quit();
        }
    }
}

/// Unlike a lock at a path, a share outlives its release in a child that has a copy.
#[test]
fn a_copy_of_a_share_outlives_the_release() {
    for share in SHARES {
        let place = Place::new();
        let (mut parent, mut child) = sharer(&place, share);
        parent.release();
        let mut waiter = Player::start(Adapter::under_trial(), &place.lock());
        waiter.send("acquire");
        wait_until_excluding(waiter.pid(), &place);
        assert_eq!(waiter.answer_now(), None, "given back while there is a copy");
        assert_eq!(child.ask("close-copies"), "closed");
        waiter.expect_held();
        waiter.release();
        for player in [waiter, parent] {
            player.quit();
        }
        child.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// Where the lock is a file, a release unlocks it, whatever copies there are.
#[test]
fn a_copy_of_a_locked_file_does_not_outlive_the_release() {
    for share in SHARES {
        let place = Place::in_file();
        let (mut parent, child) = sharer(&place, share);
        parent.release();
        assert_eq!(shares(child.pid()), [""; 0]);
        let mut other = Player::start(Adapter::under_trial(), &place.lock());
        assert_eq!(other.ask("try"), "held");
        other.release();
        [other, parent].into_iter().for_each(Player::quit);
        child.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// By whatever way a child parts with its copy: then, and not before, the share of a parent that was killed is given back.
#[test]
fn a_sharer_that_is_killed() {
    let ways: [fn(&mut Fork); 4] = [
        |child| assert_eq!(child.ask("close-copies"), "closed"),
        // It uses a lock, while its copy of the guard lives on.
        |child| assert_eq!(child.ask("try-beside"), "would-block"),
        |child| assert_eq!(child.ask("exec"), "exec"),
        |child| process::signal(child.pid(), Signal::KILL),
    ];
    for share in SHARES {
        for (part_with, place) in ways.into_iter().flat_map(|part_with| places().map(|place| (part_with, place))) {
            let (parent, mut child) = sharer(&place, share);
            parent.kill();
            let mut waiter = Player::start(Adapter::under_trial(), &place.lock());
            assert_eq!(waiter.ask("try"), "would-block", "given back while there is a copy");
            waiter.send("acquire");
            wait_until_excluding(waiter.pid(), &place);
            assert_eq!(shares(child.pid()).len(), 1);
            assert_eq!(waiter.answer_now(), None, "given back while there is a copy");
            part_with(&mut child);
            waiter.expect_held();
            waiter.release();
            waiter.quit();
            drop(child);
            assert_eq!(place.leftovers(), [""; 0]);
        }
    }
}

/// It waits for its parent, and not for the copy that it has itself.
#[test]
fn a_child_that_acquires_the_lock_that_its_parent_shares() {
    for share in SHARES {
        for place in places() {
            let (mut parent, mut child) = sharer(&place, share);
            child.send("acquire-beside");
            wait_until_excluding(child.pid(), &place);
            assert_eq!(shares(child.pid()), [""; 0]);
            assert_eq!(shares(parent.pid()).len(), 1);
            parent.release();
            child.expect("held");
            assert_eq!(parent.ask("try"), "would-block");
            assert_eq!(child.ask("release"), "released");
            child.quit();
            parent.quit();
            assert_eq!(place.leftovers(), [""; 0]);
        }
    }
}

/// A child has no share by its parent's, and has the next slot.
#[test]
fn a_child_that_takes_a_share_beside_its_parent() {
    for place in places() {
        let (mut parent, mut child) = sharer(&place, ("slot 2", "held slot 0"));
        assert_eq!(child.ask("drop"), "dropped");
        assert_eq!(child.ask("slot 2"), "held slot 1");
        assert_eq!(child.ask("release"), "released");
        parent.release();
        assert_eq!(child.ask("slot 2"), "held slot 0");
        assert_eq!(child.ask("release"), "released");
        child.quit();
        parent.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// Enough of them that many are forked while a FIFO is opened or closed.
const MANY_FORKS: usize = 100;

/// Forked while a thread of its parent takes shares and gives them back, a child is rid of them by one call.
#[test]
fn a_child_forked_at_any_instant_keeps_no_share() {
    let _alone = alone();
    for ((command, _), place) in SHARES.into_iter().flat_map(|share| places().map(|place| (share, place))) {
        let mut parent = Player::start(Adapter::under_trial(), &place.lock());
        parent.send(format!("busy-with {command}"));
        parent.expect("busy");
        let mut had_copies = 0;
        let children: Vec<Fork> = (0..MANY_FORKS)
            .map(|_| {
                let mut child = parent.fork();
                had_copies += copies(child.pid()).len();
                assert_eq!(child.ask("close-copies"), "closed");
                child
            })
            .collect();
        assert!(had_copies > 0, "no child had a copy to close");
        let idle = parent.ask("idle");
        assert!(idle.starts_with("idle "), "{idle}");
        let left: Vec<_> = children.iter().flat_map(|child| copies(child.pid())).collect();
        assert_eq!(left, [""; 0], "of {MANY_FORKS} children");
        assert_eq!(parent.ask("acquire-for 10000"), "held", "while {MANY_FORKS} children live");
        parent.release();
        drop(children);
        parent.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// A program that has a share and passes it to one that it starts, while it starts others in other threads.
fn passes_on(place: &Place, share: (&str, &str), end: impl FnOnce(Player)) {
    const OTHERS: usize = 8;
    let mut parent = Player::start(Adapter::under_trial(), &place.lock());
    assert_eq!(parent.ask(share.0), share.1);
    let answer = parent.ask(format!("pass {OTHERS}"));
    let programs = answer.strip_prefix("passed ").unwrap_or_else(|| panic!("{answer}"));
    let programs: Vec<u32> = programs.split(' ').map(|pid| pid.parse().expect("a process id")).collect();
    let [program, ref others @ ..] = programs[..] else { panic!("{answer}") };
    assert_eq!(others.len(), OTHERS);
    let kept = Programs(programs.clone());
    end(parent);
    let mut other = Player::start(Adapter::Sync, &place.lock());
    assert_eq!(other.ask("try"), "would-block", "a holder beside a share");
    other.send("acquire");
    wait_until_excluding(other.pid(), place);
    assert_eq!(shares(program).len(), 1);
    for other in others {
        assert_eq!(shares(*other), [""; 0], "what was started meanwhile has the share, too");
    }
    process::signal(program, Signal::KILL);
    other.expect_held();
    other.release();
    other.quit();
    drop(kept);
    assert_eq!(place.leftovers(), [""; 0]);
}

/// They are killed when the trial is over.
struct Programs(Vec<u32>);

impl Drop for Programs {
    fn drop(&mut self) {
        for program in &self.0 {
            if !process::is_over(*program) {
                process::signal(*program, Signal::KILL);
            }
        }
    }
}

#[test]
fn a_program_keeps_a_share_that_was_passed_to_it_after_the_release() {
    for share in SHARES {
        passes_on(&Place::new(), share, |mut parent| {
            parent.release();
            // (It has the program as its child, whose end it does not wait for.)
            parent.quit();
        });
    }
}

#[test]
fn a_program_keeps_a_share_that_was_passed_to_it_when_the_parent_is_killed() {
    for share in SHARES {
        places().iter().for_each(|place| passes_on(place, share, Player::kill));
    }
}

const ASYNCHRONOUS: [Adapter; 4] = [Adapter::Tokio, Adapter::TokioThreads, Adapter::AsyncStd, Adapter::Smol];

/// Its parent's future has the lock in hand, or a place in the queue, and waits for shares: whatever the child does with its copy, that
/// goes on.
#[test]
fn a_child_of_a_future_that_waits_for_shares_cancels_nothing() {
    for (adapter, in_file) in ASYNCHRONOUS.into_iter().flat_map(|adapter| [(adapter, false), (adapter, true)]) {
        for copy in [Copied::Dropped, Copied::Polled] {
            for (share, what, held) in [("share", "lock", "held"), ("slot 1", "slot 1", "held slot 0")] {
                let place = if in_file { Place::in_file() } else { Place::new() };
                let mut sharer = Player::start(Adapter::Sync, &place.lock());
                assert!(sharer.ask(share).starts_with("held "));
                let mut parent = Player::start(adapter, &place.lock());
                let mut child = parent.fork_waiting_for(what, copy);
                wait_until_excluding(parent.pid(), &place);
                // The parent has the lock in hand as before.
                let mut other = Player::start(Adapter::Sync, &place.lock());
                assert_eq!(other.ask("try"), "would-block");
                assert_eq!(
                    child.ask("try-share"),
                    "would-block",
                    "the child has given up the lock that its parent has"
                );
                sharer.release();
                parent.expect(held);
                assert_eq!(child.ask("try"), "would-block", "two holders");
                parent.release();
                assert_eq!(child.ask("acquire"), "held");
                child.quit();
                for player in [parent, sharer, other] {
                    player.quit();
                }
                assert_eq!(place.leftovers(), [""; 0]);
            }
        }
    }
}

/// The same of a thread that blocks: there is none in the child.
#[test]
fn a_child_of_a_process_with_a_thread_that_waits_for_shares_cancels_nothing() {
    for place in places() {
        let mut sharer = Player::start(Adapter::Sync, &place.lock());
        sharer.share();
        let mut parent = Player::start(Adapter::under_trial(), &place.lock());
        parent.send(format!("busy 1 {} {}", place.counter().display(), place.log(parent.name()).display()));
        parent.expect("busy");
        wait_until_excluding(parent.pid(), &place);
        let mut child = parent.fork();
        assert_eq!(child.ask("close-copies"), "closed");
        assert_eq!(child.ask("try-share"), "would-block", "the child has given up the lock that its parent has");
        child.quit();
        assert_eq!(place.leftovers(), [".lock.shared", "lock"]);
        sharer.release();
        let idle = parent.ask("idle");
        assert!(idle.starts_with("idle ") && idle != "idle 0", "{idle}");
        parent.quit();
        sharer.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}
