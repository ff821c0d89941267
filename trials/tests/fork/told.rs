//! How a process tells itself from those that it was forked from, whatever made the fork and whatever the kernel can do.

use std::fs;
use std::process::Command;

use nix::libc;
use rustix::process::geteuid;
use trials::needs::skip;
use trials::refusal::Refusal;
use trials::{Adapter, Fork, Place, Player, strace_or_skip, trace};

/// A fork that the C library learns nothing of, with some flags of clone(2).
const BARE_CLONE: &str = "
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
pid_t fork(void) { return syscall(SYS_clone, FLAGS | SIGCHLD, 0, 0, 0, 0); }
";

/// A player whose `fork` is a bare clone(2) with these flags.
fn forks_by_clone(place: &Place, flags: &str) -> Player {
    let (source, library) = (place.note("clone.c"), place.note("clone.so"));
    fs::write(&source, BARE_CLONE).expect("a file");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", &format!("-DFLAGS={flags}"), "-o"]).args([&library, &source]);
    assert!(compiler.status().expect("cc, which links Rust, too").success());
    Player::start_preloaded(Adapter::under_trial(), &place.lock(), &library)
}

/// The lock is held, though a child drops its copy of the guard; and the child uses the lock as any other process.
#[track_caller]
fn assert_tells_its_child(mut parent: Player, place: &Place) {
    parent.acquire();
    let mut child = parent.fork();
    assert_eq!(child.ask("drop"), "dropped");
    let mut other = Player::start(Adapter::Sync, &place.lock());
    assert_eq!(other.ask("try"), "would-block", "two holders");
    assert_eq!(child.ask("try"), "would-block", "two holders");
    parent.release();
    for child in [child.fork(), child] {
        assert_holds_alone(child, &mut other);
    }
    other.quit();
    parent.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

/// It holds the lock, though a child of its own drops the guard; then it releases it, and ends.
#[track_caller]
fn assert_holds_alone(mut holder: Fork, other: &mut Player) {
    assert_eq!(holder.ask("acquire"), "held");
    let mut child = holder.fork();
    assert_eq!(child.ask("drop"), "dropped");
    assert_eq!(other.ask("try"), "would-block", "two holders");
    assert_eq!(holder.ask("intact"), "intact true");
    child.quit();
    assert_eq!(holder.ask("release"), "released");
    other.acquire();
    other.release();
    holder.quit();
}

#[test]
fn a_fork_by_a_bare_clone() {
    let place = Place::new();
    assert_tells_its_child(forks_by_clone(&place, "0"), &place);
}

/// Each has the id 1, as the first process of its namespace.
#[test]
fn a_fork_with_the_same_process_id() {
    if !geteuid().is_root() {
        skip("not root");
        return;
    }
    let place = Place::new();
    assert_tells_its_child(forks_by_clone(&place, "CLONE_NEWPID"), &place);
}

/// As Linux before 4.14 and gVisor answer (EINVAL), and an emulator that says "done" to whatever advice it is given.
#[test]
fn a_fork_where_the_kernel_does_not_empty_memory() {
    if !strace_or_skip() {
        return;
    }
    for errno in [22, 0] {
        let place = Place::new();
        let trace = place.note("trace");
        let refusal = Refusal { call: libc::SYS_madvise, arguments: &[(2, libc::MADV_WIPEONFORK as u64)], errno };
        let start = || Player::start_traced(Adapter::under_trial(), &place.lock(), &trace);
        assert_tells_its_child(refusal.around(start), &place);
        let calls = trace::read(&trace);
        let asks = calls.iter().filter(|call| call.name() == "getpid").count();
        assert!(asks > 10, "it asks for its id {asks} times: it is told by something else");
    }
}
