//! `slocket wait`.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Command, id};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Folder, SLOCKET, fails, has, hold, set_mark, start, watch_for};

fn wait(options: &[&str], lock: &Path) -> Command {
    let mut command = Command::new(SLOCKET);
    command.arg("wait").args(options).arg(lock);
    command
}

#[test]
fn a_free_lock_is_not_waited_for() {
    let folder = Folder::new();
    for options in [&[][..], &["-w", "0"], &["-w", "60"]] {
        start(wait(options, &folder.lock())).assert_end(0, "", "");
    }
    folder.assert_empty();
}

#[test]
fn until_it_is_released() {
    let folder = Folder::new();
    let mut holder = hold(&folder, &[]);
    let waiter = start(wait(&[], &folder.lock()));
    let line = waiter.error_line();
    let expected = format!("slocket: {}: waiting: held by pid {} (slocket), ", folder.lock().display(), holder.id());
    assert!(line.starts_with(&expected), "{line}");
    holder.tell();
    holder.assert_end(0, "", "");
    waiter.assert_end(0, "", "");
    folder.assert_empty();
}

/// Of which nothing tells in the folder.
#[test]
fn until_its_holder_is_killed() {
    let folder = Folder::new();
    let mut holder = hold(&folder, &["-o"]);
    let waiter = start(wait(&[], &folder.lock()));
    waiter.error_line();
    holder.signal(Signal::KILL);
    holder.status();
    waiter.assert_end(0, "", "");
    // It has not removed anything.
    assert!(folder.lock().exists());
    folder.assert_becomes_free();
}

#[test]
fn no_longer_than_the_user_wants() {
    let folder = Folder::new();
    let holder = hold(&folder, &[]);
    for time in ["0", "50ms"] {
        start(wait(&["-q", "-w", time], &folder.lock())).assert_end(75, "", "");
        let (code, errors) = start(wait(&["-w", time], &folder.lock())).end();
        assert_eq!(code, Some(75));
        let lines: Vec<_> = errors.lines().collect();
        assert_eq!(lines.len(), 2, "{errors}");
        assert!(lines[0].contains(if time == "0" { "not free" } else { "not free within 50ms" }), "{errors}");
        assert!(lines[1].starts_with(&format!("  held by pid {} (slocket), ", holder.id())), "{errors}");
    }
}

#[test]
fn what_may_be_lent_is_not_free_when_its_server_is_gone() {
    let folder = Folder::new();
    drop(UnixListener::bind(folder.lock()).expect("a socket"));
    start(wait(&["-q", "-w", "50ms"], &folder.lock())).assert_end(75, "", "");
    let waiter = start(wait(&[], &folder.lock()));
    assert!(waiter.error_line().contains(": stale"));
    fs::remove_file(folder.lock()).expect("ours");
    waiter.assert_end(0, "", "");
}

/// Between a look at the mark and the probe its owner may clear it, lend the lock, and die.
#[test]
fn what_is_lent_while_it_is_probed_is_not_free() {
    const CONNECT: &str = if cfg!(target_arch = "x86_64") { "42 " } else { "203 " };
    if !has("strace") {
        return;
    }
    let folder = Folder::new();
    let owner = UnixListener::bind(folder.lock()).expect("a socket");
    set_mark(&folder.lock(), true);
    // It stands still for a second before the probe. (-D: it is our child, and strace is another.)
    let mut command = Command::new("strace");
    command.args(["-D", "-qq", "-o", "/dev/null", "-e", "trace=connect"]);
    command.args(["-e", "inject=connect:delay_enter=1000000:when=1", SLOCKET, "wait", "-q", "-w", "500ms"]);
    command.arg(folder.lock());
    let waiter = start(command);
    let call = format!("/proc/{}/syscall", waiter.id());
    watch_for("it probes nothing", || fs::read_to_string(&call).ok().filter(|call| call.starts_with(CONNECT)));
    set_mark(&folder.lock(), false);
    drop(owner);
    waiter.assert_end(75, "", "");
}

#[test]
fn a_file_that_is_not_a_socket_counts_as_held() {
    let folder = Folder::new();
    fs::write(folder.lock(), "").expect("a file");
    let waiter = start(wait(&[], &folder.lock()));
    assert!(waiter.error_line().contains(": not a socket: a file"));
    fs::rename(folder.lock(), folder.path().join("elsewhere")).expect("ours");
    waiter.assert_end(0, "", "");
}

#[test]
fn where_no_lock_can_be() {
    let folder = Folder::new();
    fails(wait(&[], &folder.path().join("missing/lock")), 73, "its folder cannot be found");
    fails(wait(&[], Path::new("")), 64, "empty");
    fails(wait(&["-w", "-1"], &folder.lock()), 64, "negative");
    let _socket = UnixDatagram::bind(folder.lock()).expect("a socket");
    fails(wait(&[], &folder.lock()), 73, "not a slocket");
}

/// Of a lock that is shared.
#[test]
fn until_no_process_has_a_share() {
    let folder = Folder::new();
    let mut holders = [hold(&folder, &["-s"]), hold(&folder, &["--slots", "2"])];
    start(wait(&["-q", "-w", "0"], &folder.lock())).assert_end(75, "", "");
    let waiter = start(wait(&[], &folder.lock()));
    let line = waiter.error_line();
    assert_eq!(line, format!("slocket: {}: waiting: shared by 2 processes", folder.lock().display()));
    let (code, errors) = start(wait(&["-w", "50ms"], &folder.lock())).end();
    assert!(code == Some(75) && errors.contains(": not free within 50ms\n"), "{errors}");
    for holder in &mut holders {
        holder.tell();
        assert!(holder.status().success());
    }
    waiter.assert_end(0, "", "");
    folder.assert_empty();
}

#[test]
fn until_a_share_is_to_be_had() {
    let folder = Folder::new();
    let mut holders = [hold(&folder, &["--slots", "2"]), hold(&folder, &["--slots", "2"])];
    let (one, two, three) = (["--slots", "1", "-qw0"], ["--slots", "2", "-qw0"], ["--slots", "3", "-qw0"]);
    for (options, code) in [(&one, 75), (&two, 75), (&three, 0)] {
        start(wait(options, &folder.lock())).assert_end(code, "", "");
    }
    start(wait(&["-s", "-qw0"], &folder.lock())).assert_end(0, "", "");
    let waiter = start(wait(&["--slots", "2"], &folder.lock()));
    waiter.error_line();
    holders[0].tell();
    waiter.assert_end(0, "", "");
    start(wait(&one, &folder.lock())).assert_end(0, "", "");
    // A waiter for the lock is before all that come later.
    let writer = start(folder.run(&["-q"], &["true"]));
    watch_for("it does not wait", || {
        let report = crate::status::json(&folder.lock());
        (report["queue"][0]["pid"] == writer.id()).then_some(())
    });
    for options in [&["-s", "-qw0"][..], &three] {
        start(wait(options, &folder.lock())).assert_end(75, "", "");
    }
    let reader = start(wait(&["--shared"], &folder.lock()));
    reader.error_line();
    holders[1].tell();
    reader.assert_end(0, "", "");
    writer.assert_end(0, "", "");
    folder.assert_empty();
}

#[test]
fn no_share_of_an_abstract_name() {
    for options in [&["-s"][..], &["--slots", "2"]] {
        fails(wait(options, Path::new("@name")), 64, "an abstract name cannot be shared");
    }
}

#[test]
fn an_abstract_name() {
    let name = format!("slocket-cli-wait-{}", id());
    let typed = format!("@{name}");
    let address = SocketAddr::from_abstract_name(&name).expect("short");
    // Another type of socket has names of its own.
    let _other = UnixDatagram::bind_addr(&address).expect("free");
    start(wait(&["-q", "-w", "1"], Path::new(&typed))).assert_end(0, "", "");
    let server = UnixListener::bind_addr(&address).expect("free");
    start(wait(&["-q", "-w", "50ms"], Path::new(&typed))).assert_end(75, "", "");
    let waiter = start(wait(&[], Path::new(&typed)));
    waiter.error_line();
    drop(server);
    waiter.assert_end(0, "", "");
}

#[test]
fn it_sleeps_meanwhile() {
    let folder = Folder::new();
    let mut holder = hold(&folder, &[]);
    let waiter = start(wait(&[], &folder.lock()));
    waiter.error_line();
    let used = || {
        let stat = fs::read_to_string(format!("/proc/{}/schedstat", waiter.id())).expect("it lives");
        Duration::from_nanos(stat.split(' ').next().and_then(|used| used.parse().ok()).expect("nanoseconds"))
    };
    let (before, began) = (used(), Instant::now());
    // Another one waits for two seconds, and says so.
    start(wait(&["-q", "-w", "2"], &folder.lock())).assert_end(75, "", "");
    let (used, while_waiting) = (used() - before, began.elapsed());
    assert!(used * 100 < while_waiting, "{used:?} of processor time in {while_waiting:?}");
    holder.tell();
    waiter.assert_end(0, "", "");
}

#[test]
fn something_else_by_the_name_of_the_shares() {
    let folder = Folder::new();
    fs::write(folder.path().join(".lock.shared"), "text").expect("a file");
    let message = format!(
        "slocket: {}: .lock.shared beside it has the name of its shares, but is not a FIFO\n  remove it, or choose another path\n",
        folder.lock().display()
    );
    start(wait(&[], &folder.lock())).assert_end(73, "", &message);
}
