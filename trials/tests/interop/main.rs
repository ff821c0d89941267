//! One lock, shared between the adapter under trial and the npm package `slocket` 1.0.5, both ways.
//!
//! Each trial runs real Node processes with the real package. Without them it is named as skipped, and fails under `CI=true`.

mod baseline;
mod holder;
mod lending;
mod npm_suite;
mod serving;
mod shares;

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use trials::mark;
use trials::queue::accepted;
use trials::{Adapter, Place, Player, wait_until_queued, watch_for};

/// What our side of a trial uses the lock with.
fn ours() -> Adapter {
    Adapter::under_trial()
}

/// Starts players and queues them in this order at a server, which has `already` other connections.
#[track_caller]
fn queue(place: &Place, server: Adapter, adapters: &[Adapter], already: usize) -> Vec<Player> {
    let mut players = Vec::new();
    for adapter in adapters {
        let mut player = Player::start(*adapter, &place.lock());
        player.send("acquire");
        players.push(player);
        wait_until_in_line(&place.lock(), server, already + players.len());
    }
    players
}

/// Waits until a server has so many connections; a Node server must have accepted them.
///
/// When npm's slocket closes its server, or its process ends, a client that is connected and not accepted is reset.
#[track_caller]
fn wait_until_in_line(lock: &Path, server: Adapter, count: usize) {
    wait_until_queued(lock, count);
    if server == Adapter::Node {
        watch_for("Node to accept the waiters", || (accepted(lock) >= count).then_some(()));
    }
}

/// Serves all of them, in any order, and fails if two hold at a time or anything is left on disk.
#[track_caller]
fn all_are_served(place: &Place, mut waiting: Vec<Player>) {
    // A server must live on until it has served the others.
    let mut served = Vec::new();
    while !waiting.is_empty() {
        let first = first_to_hold(&mut waiting);
        let mut holder = waiting.remove(first);
        for waiter in &mut waiting {
            assert!(!holds(waiter), "{} has it while {} has it", waiter.name(), holder.name());
        }
        holder.release();
        served.push(holder);
    }
    served.into_iter().for_each(Player::quit);
    assert_eq!(place.leftovers(), [""; 0]);
}

/// Waits until one of them holds the lock, and says which.
#[track_caller]
fn first_to_hold(waiting: &mut [Player]) -> usize {
    watch_for("one of the waiters to hold the lock", || waiting.iter_mut().position(holds))
}

/// Whether a waiter holds the lock by now.
///
/// A Node that was connecting just when a Node server closed is reset, also among npm's alone: it has to ask again.
#[track_caller]
fn holds(waiter: &mut Player) -> bool {
    match waiter.answer_now().as_deref() {
        None => false,
        Some("held" | "held loan") => true,
        Some(answer) if answer.starts_with("error ECONNRESET") && waiter.name().starts_with(Adapter::Node.name()) => {
            waiter.send("acquire");
            false
        }
        Some(answer) => panic!("{}: {answer}", waiter.name()),
    }
}

/// Whether the socket at the path has the mark that says: handed over only.
///
/// # Panics
/// If there is no socket.
#[track_caller]
fn is_marked(lock: &Path) -> bool {
    let found = fs::symlink_metadata(lock).expect("something at the path");
    assert!(found.file_type().is_socket(), "{:?}", found.file_type());
    mark::is_marked(&found)
}

/// Waits until all of them watch the file system, as they do when there is no server to queue at, and fails if one holds.
#[track_caller]
fn wait_until_watching(waiters: &mut [Player]) {
    for waiter in &mut *waiters {
        let folder = format!("/proc/{}/fd", waiter.pid());
        watch_for(&format!("{} to watch the path", waiter.name()), || {
            assert!(!holds(waiter), "{} holds it beside another", waiter.name());
            let mut open = fs::read_dir(&folder).expect("its descriptors").flatten();
            open.any(|entry| fs::read_link(entry.path()).is_ok_and(|to| to.ends_with("anon_inode:inotify")))
                .then_some(())
        });
    }
    for waiter in waiters {
        assert!(!holds(waiter), "{} holds it beside another", waiter.name());
    }
}
