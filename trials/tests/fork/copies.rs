//! A child that does nothing: its copies keep nothing open that its parent is done with.

use std::fs;

use trials::{Adapter, Fork, Place, Player, alone, node_or_skip, process, strace_or_skip, wait_until_queued};

/// How often a program with a busy thread forks: sometimes while the folder is guarded.
const FORKS: usize = 25;

/// Forked at any instant, a child has a copy of the guard on the folder, too. The guard is the owner's to drop.
#[test]
fn the_guard_of_the_folder_ends_with_its_owner() {
    let _alone = alone();
    let place = Place::new();
    let mut parent = Player::start(Adapter::under_trial(), &place.lock());
    parent.send(format!("busy 1 {} {}", place.counter().display(), place.log(parent.name()).display()));
    parent.expect("busy");
    let children: Vec<Fork> = (0..FORKS).map(|_| parent.fork()).collect();
    let idle = parent.ask("idle");
    let holds: u64 =
        idle.strip_prefix("idle ").and_then(|holds| holds.parse().ok()).unwrap_or_else(|| panic!("{idle}"));
    place.assert_exclusive(holds);

    // A crash in that folder, beside all those children.
    let other = place.folder().join("other");
    let mut holder = Player::start(Adapter::under_trial(), &other);
    holder.acquire();
    holder.kill();
    assert!(other.exists(), "a dead socket to be reclaimed");
    let mut next = Player::start(Adapter::under_trial(), &other);
    assert_eq!(next.ask("acquire-for 10000"), "held", "while {FORKS} children live");
    next.release();
    next.quit();
    drop(children);
    parent.quit();
    assert_eq!(fs::read_dir(place.folder()).expect("the folder").count(), 0);
}

/// The sockets of locks that a process has open: those bound at the lock, at a temporary name in its folder, or to a badge. Or the files, of
/// a lock that is one.
fn sockets(pid: u32, place: &Place) -> Vec<String> {
    if place.is_in_file() {
        let lock = place.path();
        let lock = lock.to_str().expect("UTF-8");
        return process::descriptors(pid).into_iter().filter(|file| file.starts_with(lock)).collect();
    }
    let table = fs::read_to_string(format!("/proc/{pid}/net/unix")).expect("the table of sockets");
    let is_ours = |address: &str| {
        address == place.lock().to_str().expect("our name")
            || address.starts_with("@slocket/2/")
            || address.contains("/.slocket-")
    };
    let open = process::descriptors(pid);
    let of_line = |line: &str| {
        let mut words = line.split_ascii_whitespace().skip(6);
        let (inode, address) = (words.next()?, words.next()?);
        let link = format!("socket:[{inode}]");
        (is_ours(address) && open.iter().any(|file| file.contains(&link))).then(|| address.to_owned())
    };
    table.lines().filter_map(of_line).collect()
}

/// Forked while threads of its parent publish, connect, accept, receive, and close, a child is rid of all their sockets by one
/// call; except for one that a starved parent does not bind in all the time that the call waits, which the next call closes.
fn nothing_is_left(place: &Place) {
    let _alone = alone();
    let mut parent = Player::start(Adapter::under_trial(), &place.lock());
    parent.send(format!("busy 1 {} {}", place.counter().display(), place.log(parent.name()).display()));
    parent.expect("busy");
    // Now and then a process outside, so that the lock is handed over, too.
    let mut other = Player::start(Adapter::Sync, &place.lock());
    let mut children = Vec::new();
    for fork in 0..MANY_FORKS {
        let is_contended = fork % 4 == 0;
        if is_contended {
            other.send("acquire");
        }
        let mut child = parent.fork();
        assert_eq!(child.ask("close-copies"), "closed");
        if is_contended {
            other.expect_held();
            other.release();
        }
        children.push(child);
    }
    other.quit();
    let idle = parent.ask("idle");
    assert!(idle.starts_with("idle "), "{idle}");
    let left: Vec<_> = children
        .iter_mut()
        .map(|child| {
            assert_eq!(child.ask("close-copies"), "closed");
            sockets(child.pid(), place)
        })
        .filter(|left| !left.is_empty())
        .collect();
    assert!(left.is_empty(), "{} of {MANY_FORKS} children have a copy: {left:?}", left.len());
    assert_eq!(parent.ask("acquire-for 10000"), "held", "while {MANY_FORKS} children live");
    parent.release();
    drop(children);
    parent.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// Enough of them that many are forked while a socket is made or closed.
const MANY_FORKS: usize = 100;

#[test]
fn a_child_forked_at_any_instant_keeps_no_socket_at_a_path() {
    nothing_is_left(&Place::new());
}

#[test]
fn a_child_forked_at_any_instant_keeps_no_socket_at_an_abstract_name() {
    nothing_is_left(&Place::at_name());
}

#[test]
fn a_child_forked_at_any_instant_keeps_no_file() {
    nothing_is_left(&Place::in_file());
}

/// Forked while a thread of its parent has made a socket and takes its time to bind it, a child that is asked once waits until
/// it can tell whether that is a lock's.
#[test]
fn a_child_waits_for_what_its_parent_is_about_to_bind() {
    /// In which the child would look a hundred times, and the parent does little else.
    const SLOW: u32 = 100_000;
    /// Some may be forked before the socket is made.
    const SOME: usize = 5;
    if !strace_or_skip() {
        return;
    }
    let place = Place::at_name();
    let mut parent = Player::start_slow(Adapter::under_trial(), &place.lock(), &[("bind", SLOW)]);
    parent.send(format!("busy 1 {} {}", place.counter().display(), place.log(parent.name()).display()));
    parent.expect("busy");
    let fork = |_| {
        let mut child = parent.fork();
        assert_eq!(child.ask("close-copies"), "closed");
        child
    };
    let children: Vec<Fork> = (0..SOME).map(fork).collect();
    let mut other = Player::start(Adapter::Sync, &place.lock());
    other.acquire();
    other.release();
    other.quit();
    assert_children_keep_nothing(parent, children, &place);
}

/// The parent is done, and its children have no socket of the lock's.
#[track_caller]
fn assert_children_keep_nothing(mut parent: Player, children: Vec<Fork>, place: &Place) {
    let idle = parent.ask("idle");
    assert!(idle.starts_with("idle "), "{idle}");
    let left: Vec<_> = children.iter().flat_map(|child| sockets(child.pid(), place)).collect();
    assert!(left.is_empty(), "{left:?}");
    drop(children);
    parent.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// The parent connects while a child looks at the socket: bound to nothing by one answer of the kernel, and connected by the next.
#[test]
fn a_child_takes_no_socket_for_anothers_that_its_parent_connects_meanwhile() {
    /// Longer than a child takes to look at all that it has open, and then it does nothing but look at the one socket.
    const BIND: u32 = 300_000;
    const LOOK: u32 = 30_000;
    const ROUNDS: usize = 3;
    if !strace_or_skip() {
        return;
    }
    let place = Place::at_name();
    let slow = [("bind", BIND), ("getpeername", LOOK)];
    let mut parent = Player::start_slow(Adapter::under_trial(), &place.lock(), &slow);
    parent.send(format!("busy 1 {} {}", place.counter().display(), place.log(parent.name()).display()));
    parent.expect("busy");
    let mut other = Player::start(Adapter::Sync, &place.lock());
    let mut children = Vec::new();
    for _ in 0..ROUNDS {
        other.acquire();
        // The first child's call lasts until the parent knows that the name is taken. Then it makes the socket that waits.
        for _ in 0..2 {
            let mut child = parent.fork();
            assert_eq!(child.ask("close-copies"), "closed");
            children.push(child);
        }
        other.release();
    }
    other.quit();
    assert_children_keep_nothing(parent, children, &place);
}

/// A duplicate that the program has made of a guard's descriptor is the program's.
#[test]
fn a_duplicate_is_left_alone() {
    let place = Place::new();
    let mut parent = Player::start(Adapter::under_trial(), &place.lock());
    parent.acquire();
    assert_eq!(parent.ask("duplicate"), "duplicated");
    let mut child = parent.fork();
    let numbers = |pid| process::descriptors(pid).iter().filter(|file| file.starts_with("socket:")).count();
    let before = numbers(child.pid());
    assert_eq!(child.ask("close-copies"), "closed");
    assert_eq!(sockets(child.pid(), &place), [place.lock().to_str().expect("our name")], "the duplicate");
    assert_eq!(numbers(child.pid()), before - 1, "the copy of the guard's own is closed");
    parent.release();
    child.quit();
    parent.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// npm's server lends the lock until the connection ends; the child has a copy.
#[test]
fn a_loan_that_is_given_back() {
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut server = Player::start(Adapter::Node, &place.lock());
    server.acquire();
    let mut client = Player::start(Adapter::under_trial(), &place.lock());
    client.send("acquire");
    wait_until_queued(&place.lock(), 1);
    let mut next = Player::start(Adapter::under_trial(), &place.lock());
    next.send("acquire");
    wait_until_queued(&place.lock(), 2);
    server.release();
    assert!(client.expect_held(), "on loan");
    let child = client.fork();
    client.release();
    assert!(next.expect_held(), "on loan");
    next.release();
    child.quit();
    for player in [client, next, server] {
        player.quit();
    }
    assert_eq!(place.leftovers(), [""; 0]);
}

/// The other way about: npm's client has borrowed the lock from a player whose child has a copy of its connection, and of
/// the listener.
#[test]
fn a_loan_that_comes_back() {
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut lender = Player::start(Adapter::under_trial(), &place.lock());
    lender.acquire();
    let mut client = Player::start(Adapter::Node, &place.lock());
    client.send("acquire");
    wait_until_queued(&place.lock(), 1);
    let mut next = Player::start(Adapter::Node, &place.lock());
    next.send("acquire");
    wait_until_queued(&place.lock(), 2);
    lender.release();
    assert!(client.expect_held(), "on loan");
    let child = lender.fork();
    client.release();
    assert!(next.expect_held(), "on loan");
    next.release();
    for player in [client, next, lender] {
        player.quit();
    }
    assert_eq!(place.leftovers(), [""; 0]);
    drop(child);
}
