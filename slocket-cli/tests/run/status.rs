//! `slocket status`, where no other adapter is needed.

use std::fs;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio, id};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Folder, HOLD, SLOCKET, fails, hold, skip, start, watch_for};

fn status(options: &[&str], what: &str) -> Command {
    let mut command = Command::new(SLOCKET);
    command.arg("status").args(options).arg(what);
    command
}

/// What it writes and exits with 0.
#[track_caller]
pub(crate) fn said(mut command: Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[track_caller]
pub(crate) fn text(what: &Path) -> String {
    said(status(&[], what.to_str().expect("UTF-8")))
}

#[track_caller]
fn json_of(what: &str) -> Value {
    serde_json::from_str(&said(status(&["--json"], what))).expect("JSON")
}

#[track_caller]
pub(crate) fn json(what: &Path) -> Value {
    json_of(what.to_str().expect("UTF-8"))
}

#[test]
fn a_free_lock() {
    let folder = Folder::new();
    let lock = folder.lock();
    assert_eq!(text(&lock), format!("{}: free\n", lock.display()));
    assert_eq!(json(&lock), json!({"lock": lock, "state": "free", "queue": []}));
    folder.assert_empty();
}

/// Each change is written: the lock is taken, and released again. Getting older is not a change.
#[test]
fn watching_shows_each_change() {
    let folder = Folder::new();
    let lock = folder.lock();
    let free = format!("{}: free", lock.display());
    let mut watch = start(status(&["--watch"], lock.to_str().expect("UTF-8")));
    watch.expect_output(&free);
    let mut holder = hold(&folder, &[]);
    let held = watch.output_line();
    assert!(held.starts_with(&format!("{}: held by pid {} (slocket)", lock.display(), holder.id())), "{held}");
    holder.tell();
    assert!(holder.status().success());
    while watch.output_line() != free {}
    assert!(watch.is_running());
    // (A shell that runs this in the background may have it ignore the key.)
    watch.signal(Signal::TERM);
    watch.assert_killed_by(Signal::TERM);
}

#[test]
fn the_command_shares_the_lock_with_the_tool() {
    let folder = Folder::new();
    let lock = folder.lock();
    let mut holder = start(folder.run(&[], &["sh", "-c", "echo $$; read x"]));
    let command: u32 = holder.output_line().parse().expect("a pid");
    // (A process of the tool's that is just being started shares it, too, until it runs its program.)
    let shared = json!([{"pid": command, "program": "sh"}]);
    let report = watch_for("the command to share it alone", || {
        Some(json(&lock)).filter(|report| report["holder"]["shared_with"] == shared)
    });
    assert_eq!(report["holder"]["pid"], holder.id());
    let shared = format!("\n  also     with pid {command} (sh)\n");
    let said = watch_for("the command to share it", || Some(text(&lock)).filter(|said| said.contains(&shared)));
    assert!(said.starts_with(&format!("{}: held by pid {} (slocket), ", lock.display(), holder.id())), "{said}");
    // The tool is killed: the process that is left holds.
    holder.signal(rustix::process::Signal::KILL);
    holder.status();
    assert_eq!(json(&lock)["holder"]["pid"], command);
    holder.tell();
    folder.assert_becomes_free();
}

/// Its file tells when the lock was acquired while it was free; what an administrator does to it changes nothing.
#[test]
fn since_when_it_is_in_use() {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let folder = Folder::new();
    // The clock of files may be a tick behind.
    let before = now() - 1;
    let mut holder = hold(&folder, &[]);
    let after = now();
    let since = json(&folder.lock())["since"].as_u64().expect("a time");
    assert!((before..=after).contains(&since), "{before} {since} {after}");
    assert!(Command::new("chmod").arg("600").arg(folder.lock()).status().expect("chmod").success());
    assert_eq!(json(&folder.lock())["since"], since);
    holder.tell();
    holder.assert_end(0, "", "");
}

/// The holder is not asked, and nothing is left in its queue.
#[test]
fn the_holder_is_not_disturbed() {
    let folder = Folder::new();
    let server = UnixListener::bind(folder.lock()).expect("a socket");
    text(&folder.lock());
    json(&folder.path());
    server.set_nonblocking(true).expect("it can");
    assert_eq!(server.accept().expect_err("no client came").kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn a_server_that_is_not_slocket_or_may_lend() {
    let folder = Folder::new();
    let lock = folder.lock();
    let server = UnixListener::bind(&lock).expect("a socket");
    let [first, second] = [0; 2].map(|_| UnixStream::connect(&lock).expect("it listens"));
    let _accepted = server.accept().expect("a client came");
    let report = json(&lock);
    assert_eq!((&report["state"], &report["server"]["pid"]), (&json!("served"), &json!(id())));
    assert_eq!(report["clients"].as_array().map(Vec::len), Some(1), "{report}");
    assert_eq!(report["queue"][0]["pid"], id());
    let said = text(&lock);
    assert!(said.starts_with(&format!("{}: served by pid {} (", lock.display(), id())), "{said}");
    assert!(said.contains("\n  clients  pid ") && said.contains("\n  waiting  1. pid "), "{said}");
    assert!(said.contains("or another program's server"), "{said}");
    drop((first, second));
    let report = json(&lock);
    assert!(report.get("clients").is_none() && report["queue"] == json!([]), "{report}");
}

#[track_caller]
fn assert_foreign(folder: &Folder, what: &str) {
    let said = text(&folder.lock());
    assert!(said.starts_with(&format!("{}: not a slocket: {what}, owned by ", folder.lock().display())), "{said}");
    let report = json(&folder.lock());
    assert_eq!((&report["state"], &report["found"]), (&json!("foreign"), &json!(what)));
}

#[test]
fn sockets_that_can_be_no_slocket() {
    let folder = Folder::new();
    let _datagrams = UnixDatagram::bind(folder.lock()).expect("a socket");
    assert_foreign(&folder, "a socket for datagrams");

    let folder = Folder::new();
    let address = SocketAddrUnix::new(folder.lock()).expect("short enough");
    let packets = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).expect("a socket");
    bind(&packets, &address).expect("free");
    listen(&packets, 1).expect("it can");
    assert_foreign(&folder, "a socket for packets");

    let folder = Folder::new();
    let address = SocketAddrUnix::new(folder.lock()).expect("short enough");
    let deaf = socket(AddressFamily::UNIX, SocketType::STREAM, None).expect("a socket");
    bind(&deaf, &address).expect("free");
    assert_foreign(&folder, "a socket that does not listen");
}

#[test]
fn a_file_that_is_not_a_socket() {
    let folder = Folder::new();
    let lock = folder.lock();
    fs::write(&lock, "").expect("a file");
    assert!(text(&lock).starts_with(&format!("{}: not a socket: a file, owned by ", lock.display())));
    let report = json(&lock);
    assert_eq!((&report["state"], &report["found"]), (&json!("occupied"), &json!("a file")));
    fs::remove_file(&lock).expect("ours");
    symlink("missing", &lock).expect("a link");
    assert_eq!(json(&lock)["found"], "a symbolic link");
    assert!(text(&lock).contains("next     links are not followed"));
    fs::remove_file(&lock).expect("ours");
    // What leads to a folder is for what is in there.
    symlink(folder.path(), &lock).expect("a link");
    assert_eq!(json(&lock), json!([]));
}

#[test]
fn a_folder_that_is_missing_and_a_name_that_is_empty() {
    let folder = Folder::new();
    for options in [&[][..], &["--json"]] {
        fails(status(options, folder.path().join("missing/lock").to_str().expect("UTF-8")), 73, "cannot be found");
        fails(status(options, ""), 64, "empty");
    }
}

#[test]
fn a_name_stays_on_one_line() {
    let folder = Folder::new();
    let path = folder.path().join("a\nb");
    fs::write(&path, "").expect("a file");
    assert!(text(&path).lines().next().is_some_and(|line| line.contains("/a\\nb: not a socket: a file")));
}

/// Neither a terminal nor its reader is misled; the data stay the same.
#[test]
fn what_misleads_is_escaped() {
    let folder = Folder::new();
    let lock = folder.path().join("a\u{1b}]0;x\u{7}\u{9b}2J\u{7f}\u{202e}gpj.\u{2066}\u{2028}b");
    let mut holder = start(crate::harness::run(&[], &lock, &HOLD));
    holder.expect_output("up");
    let misleads =
        |text: &str| text.contains(|c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2066}\u{2028}".contains(c));
    let path = folder.path();
    let written = said(status(&["--json"], path.to_str().expect("UTF-8")));
    assert!(!misleads(&written), "{written:?}");
    let report: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(report[0]["lock"], lock.to_str().expect("UTF-8"));
    assert!(!misleads(&text(&path)) && !misleads(&text(&lock)), "{}", text(&lock));
    for options in [&["-n"][..], &["-w", "10ms"]] {
        let (_, errors) = start(crate::harness::run(options, &lock, &["true"])).end();
        assert!(
            errors.contains("a\\u{1b}]0;x\\u{7}\\u{9b}2J\\u{7f}\\u{202e}gpj.\\u{2066}\\u{2028}b") && !misleads(&errors),
            "{errors}"
        );
    }
    holder.tell();
    holder.assert_end(0, "", "");
    // What was typed, too.
    let (_, errors) = start(crate::harness::run(&["--mode", "\u{1b}[31m\u{202e}"], &lock, &["true"])).end();
    assert!(!misleads(&errors), "{errors:?}");
}

/// On two file systems two sockets may have the same number and the same name.
#[test]
fn two_sockets_with_one_number_and_one_name() {
    let possible = Command::new("unshare").args(["-rm", "true"]).stderr(Stdio::null()).status();
    if !possible.is_ok_and(|status| status.success()) {
        eprintln!("not run: this user may not make user namespaces");
        return;
    }
    let folder = Folder::new();
    let script = "cd \"$1\" && mkdir a b && mount -t tmpfs a a && mount -t tmpfs b b && \
                  \"$0\" run a/lock \"$0\" run -o b/lock sh -c 'stat -c %i a/lock b/lock; \
                  for n in 1 2 3 4 5 6 7 8; do \"$0\" status a/lock | head -n1; \"$0\" status b/lock | head -n1; done' \"$0\"";
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, SLOCKET]).arg(folder.path());
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    let output = String::from_utf8(output.stdout).expect("UTF-8");
    let mut lines = output.lines();
    assert_eq!(lines.next(), lines.next(), "the numbers: {output}");
    let pid = |line: &str| line.split("held by pid ").nth(1).and_then(|rest| rest.split(' ').next()).map(str::to_owned);
    let pids: Vec<_> = lines.map(pid).collect();
    let (a, b) = (&pids[0], &pids[1]);
    assert!(a.is_some() && b.is_some() && a != b, "{output}");
    assert!(pids.chunks(2).all(|pair| pair == [a.clone(), b.clone()]), "{output}");
}

/// bind(2) makes a socket visible before it can be told from a dead one: all dead ones are waited for at once.
#[test]
fn many_dead_sockets_are_not_waited_for_one_by_one() {
    if !crate::harness::has("strace") {
        return;
    }
    let (folder, notes) = (Folder::new(), Folder::new());
    for n in 0..40 {
        drop(UnixListener::bind(folder.path().join(n.to_string())).expect("a socket"));
    }
    let log = notes.path().join("log");
    let mut command = Command::new("strace");
    command.args(["-f", "-e", "trace=nanosleep,clock_nanosleep", "-o"]).arg(&log).args([SLOCKET, "status", "--json"]);
    let report: Value = serde_json::from_str(&said({
        command.arg(folder.path());
        command
    }))
    .expect("JSON");
    let stale = report.as_array().expect("an array").iter().filter(|report| report["state"] == "stale").count();
    assert_eq!(stale, 40, "{report}");
    let pauses = fs::read_to_string(&log).expect("a log").lines().filter(|line| line.contains("nanosleep(")).count();
    assert!((1..=20).contains(&pauses), "{pauses} pauses for 40 sockets");
}

/// `run`, `status` and `wait` speak of one lock.
#[test]
fn a_trailing_slash_makes_no_difference() {
    let folder = Folder::new();
    let slash = format!("{}/", folder.lock().display());
    assert_eq!(said(status(&[], &slash)), format!("{}: free\n", folder.lock().display()));
    let wait = |code| {
        let mut wait = Command::new(SLOCKET);
        start({
            wait.args(["wait", "-q", "-w0", &slash]);
            wait
        })
        .assert_end(code, "", "");
    };
    wait(0);
    let mut holder = start(crate::harness::run(&[], Path::new(&slash), &HOLD));
    holder.expect_output("up");
    assert_eq!(json_of(&slash)["holder"]["pid"], holder.id());
    wait(75);
    holder.tell();
    holder.assert_end(0, "", "");
    drop(UnixListener::bind(folder.lock()).expect("a socket"));
    assert_eq!(json_of(&slash)["state"], "stale");
    wait(75);
    start(crate::harness::run(&["-nq"], Path::new(&slash), &["true"])).assert_end(75, "", "");
}

#[test]
fn a_current_folder_that_was_removed() {
    let folder = Folder::new();
    for command in ["run lock true", "run -n lock true", "status lock", "status --json lock", "wait -w0 lock"] {
        let script = format!("mkdir gone && cd gone && rmdir ../gone && exec \"$0\" {command}");
        let mut tool = Command::new("sh");
        tool.args(["-c", &script, SLOCKET]).current_dir(folder.path());
        fails(tool, 73, "its folder cannot be found");
    }
    folder.assert_empty();
}

#[test]
fn a_path_that_is_too_long_for_an_address() {
    let folder = Folder::new();
    let lock = folder.path().join("x".repeat(255));
    let mut holder = start(crate::harness::run(&[], &lock, &HOLD));
    holder.expect_output("up");
    assert_eq!(json(&lock)["holder"]["pid"], holder.id());
    assert_eq!(json(&folder.path())[0]["holder"]["pid"], holder.id());
    holder.signal(rustix::process::Signal::KILL);
    holder.status();
    holder.tell();
    holder.assert_killed_by(rustix::process::Signal::KILL);
}

#[test]
fn an_abstract_name() {
    let name = format!("slocket-cli-{}", id());
    let typed = format!("@{name}");
    assert_eq!(said(status(&[], &typed)), format!("{typed}: free\n"));
    let address = SocketAddr::from_abstract_name(&name).expect("short enough");
    // Another type of socket has names of its own.
    let _other = UnixDatagram::bind_addr(&address).expect("free");
    assert_eq!(json_of(&typed)["state"], "free");
    let server = UnixListener::bind_addr(&address).expect("free");
    let waiter = UnixStream::connect_addr(&address).expect("it listens");
    let report = json_of(&typed);
    assert_eq!((&report["state"], &report["holder"]["pid"]), (&json!("held"), &json!(id())));
    assert_eq!(report["queue"].as_array().map(Vec::len), Some(1), "{report}");
    assert!(said(status(&[], &typed)).contains("whether it is a slocket"));
    let accepted = server.accept().expect("it came");
    drop(server);
    assert_eq!(json_of(&typed)["state"], "free", "a connection is not a lock");
    drop((accepted, waiter));
}

/// The tool in namespaces of its own.
#[track_caller]
fn apart(namespaces: &str, options: &[&str], lock: &Path) -> Option<String> {
    let command = |program: &str| {
        let mut command = Command::new("unshare");
        command.args(["-r", "--fork"]).args(namespaces.split(' ')).arg(program);
        command
    };
    if !command("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        skip("this user may not make user namespaces");
        return None;
    }
    let mut tool = command(SLOCKET);
    tool.arg("status").args(options).arg(lock);
    Some(said(tool))
}

#[test]
fn what_is_outside_of_our_namespaces_is_said_to_be_unseen() {
    let folder = Folder::new();
    let _holder = hold(&folder, &[]);
    for (namespaces, reason) in [
        ("--pid --mount-proc", "processes that /proc does not show here"),
        ("--net", "the socket was made in another network namespace"),
    ] {
        let Some(said) = apart(namespaces, &[], &folder.lock()) else { return };
        assert!(said.starts_with(&format!("{}: held", folder.lock().display())), "{said}");
        assert!(said.contains("\n  unseen   ") && said.contains(reason), "{said}");
        let report = apart(namespaces, &["--json"], &folder.lock()).expect("as before");
        let report: Value = serde_json::from_str(&report).expect("JSON");
        assert_eq!((&report["state"], &report["holder"]["pid"]), (&json!("held"), &Value::Null), "{report}");
        assert!(report["unseen"][0].as_str().is_some_and(|unseen| unseen.contains(reason)), "{report}");
    }
}

/// Through a terminal that script(1) makes.
#[test]
fn colours_are_for_terminals() {
    let folder = Folder::new();
    let through = |environment: &str| {
        let mut command = Command::new("script");
        let line = format!("env -u NO_COLOR TERM=xterm {environment} {SLOCKET} status {}", folder.lock().display());
        command.args(["-qec", &line, "/dev/null"]);
        let output = command.stdin(Stdio::null()).output().expect("script(1)");
        String::from_utf8(output.stdout).expect("UTF-8").replace('\r', "")
    };
    let plain = format!("{}: free\n", folder.lock().display());
    assert_eq!(through("NO_COLOR="), plain.replace("free", "\u{1b}[32mfree\u{1b}[0m"), "it is empty");
    assert_eq!(through("NO_COLOR=1"), plain);
    assert_eq!(text(&folder.lock()), plain);
}

#[test]
fn the_output_is_not_read() {
    let folder = Folder::new();
    let _holder = hold(&folder, &[]);
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let mut command = status(&[], folder.lock().to_str().expect("UTF-8"));
    assert_eq!(command.stdout(writer).status().expect("it starts").code(), Some(0));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("it exists");
    let mut command = status(&[], folder.lock().to_str().expect("UTF-8"));
    let output = command.stdout(full).output().expect("it starts");
    assert_eq!(output.status.code(), Some(71));
}
