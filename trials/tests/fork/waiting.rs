//! A process that forks while its futures wait for the lock. The child has a copy of the futures, and shares with its parent
//! the descriptor by which the runtime waits (epoll(7)).

use std::fs;

use trials::{Adapter, Copied, Place, Player, process, wait_until_queued, watch_for};

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
    for place in [Place::new(), Place::in_file()] {
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
}

/// By the blocking adapter, which keeps the epoll instance of one wait for the next: the child, which has a copy, must not wait by
/// that. It would take the parent's events.
#[test]
fn a_parent_and_a_child_wait_at_the_same_time() {
    let place = Place::new();
    let mut holder = Player::start(Adapter::Sync, &place.lock());
    let mut parent = Player::start(Adapter::Sync, &place.lock());
    holder.acquire();
    parent.send("acquire");
    wait_until_queued(&place.lock(), 1);
    watch_for("the parent to sleep", || (process::state(parent.pid())? == 'S').then_some(()));
    holder.release();
    parent.expect_held();
    parent.release();
    assert_eq!(epolls(parent.pid()), 1, "none is kept");
    let mut child = parent.fork();
    for parent_first in [true, false, true, false] {
        holder.acquire();
        for (number, is_parent) in [(1, parent_first), (2, !parent_first)] {
            if is_parent {
                parent.send("acquire");
            } else {
                child.send("acquire");
            }
            wait_until_queued(&place.lock(), number);
        }
        watch_for("the child to wait", || (epolls(child.pid()) == 2).then_some(()));
        for pid in [parent.pid(), child.pid()] {
            watch_for("both to sleep", || (process::state(pid)? == 'S').then_some(()));
        }
        holder.release();
        for is_parent in [parent_first, !parent_first] {
            if is_parent {
                parent.expect_held();
                parent.release();
            } else {
                child.expect("held");
                assert_eq!(child.ask("release"), "released");
            }
        }
    }
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
        // (Its watcher goes by itself. The child has a copy.)
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

/// How many epoll instances a process has open, copies of its parent's among them.
fn epolls(pid: u32) -> usize {
    process::descriptors(pid).iter().filter(|open| open.ends_with("anon_inode:[eventpoll]")).count()
}

/// How many folders a process watches (`proc_pid_fdinfo(5)`).
fn watched_folders(pid: u32) -> usize {
    let open = fs::read_dir(format!("/proc/{pid}/fdinfo")).expect("a player that lives");
    let infos = open.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
    infos.map(|info| info.lines().filter(|line| line.starts_with("inotify wd:")).count()).sum()
}
