//! A process that forks while its futures wait for the lock. The child has a copy of the futures, and shares with its parent
//! the descriptor by which the runtime waits (epoll(7)).

use std::fs;

use trials::{Adapter, Copied, Place, Player, wait_until_queued, watch_for};

const ASYNCHRONOUS: [Adapter; 4] = [Adapter::Tokio, Adapter::TokioThreads, Adapter::AsyncStd, Adapter::Smol];

#[test]
fn a_child_drops_a_future_that_waits() {
    for adapter in ASYNCHRONOUS {
        is_still_woken(adapter, Copied::Dropped);
    }
}

#[test]
fn a_child_polls_a_future_that_waits() {
    for adapter in ASYNCHRONOUS {
        is_still_woken(adapter, Copied::Polled);
    }
}

/// The lock comes to the parent's future, which must notice, whatever a child that lives on has done with its copy.
fn is_still_woken(adapter: Adapter, copy: Copied) {
    let place = Place::new();
    let mut holder = Player::start(Adapter::Sync, &place.lock());
    holder.acquire();
    let mut parent = Player::start(adapter, &place.lock());
    let mut child = parent.fork_waiting(copy);
    wait_until_queued(&place.lock(), 1);
    holder.release();
    parent.expect_held();
    assert_eq!(child.ask("try"), "would-block", "two holders");
    parent.release();
    assert_eq!(child.ask("acquire"), "held");
    child.quit();
    parent.quit();
    holder.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// Something else is at the path, and the parent watches that. The watcher is the parent's: a child that drops its copy of the
/// watch takes nothing from it, and has a watcher of its own for its own requests.
#[test]
fn a_child_drops_a_future_that_watches_the_path() {
    for (adapter, copy) in ASYNCHRONOUS.into_iter().zip([Copied::Dropped, Copied::Polled].into_iter().cycle()) {
        let place = Place::new();
        fs::write(place.lock(), "").expect("a free path");
        let mut parent = Player::start(adapter, &place.lock());
        let mut child = parent.fork_waiting(copy);
        watch_for("the parent to watch", || (watched_folders(parent.pid()) == 1).then_some(()));
        // Whatever it does with its copy, it has done before it answers.
        assert_eq!(child.ask("try"), "would-block");
        assert_eq!(watched_folders(parent.pid()), 1, "the child ended its parent's watch");
        fs::remove_file(place.lock()).expect("it was there");
        parent.expect_held();
        parent.release();
        // (Its watcher goes by itself. The child has a copy of it.)
        watch_for("the parent's watch to end", || (watched_folders(parent.pid()) == 0).then_some(()));
        fs::write(place.lock(), "").expect("a free path");
        child.send("acquire");
        watch_for("the child to watch", || (watched_folders(child.pid()) == 1).then_some(()));
        fs::remove_file(place.lock()).expect("it was there");
        child.expect("held");
        child.quit();
        parent.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// How many folders a process watches (`proc_pid_fdinfo(5)`).
fn watched_folders(pid: u32) -> usize {
    let open = fs::read_dir(format!("/proc/{pid}/fdinfo")).expect("a player that lives");
    let infos = open.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
    infos.map(|info| info.lines().filter(|line| line.starts_with("inotify wd:")).count()).sum()
}
