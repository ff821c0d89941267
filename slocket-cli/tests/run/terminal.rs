//! Keys of a terminal. Linux: `setsid --ctty` is from util-linux, and only there a key can be told from a kill(1).
#![cfg(target_os = "linux")]

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Action, tcflow};

use crate::harness::{Folder, HANG, Process, SLOCKET, hold, start, watch_for, without_preferences};

/// Ctrl-C and Ctrl-\ reach the command from the terminal, once, and not a second time from the tool. What is sent to the tool
/// alone is passed on.
#[test]
fn a_key_reaches_the_command_once() {
    let folder = Folder::new();
    let (mut keys, side) = terminal();
    let script = "trap 'echo int' INT; trap 'echo quit' QUIT; trap 'echo term; exit 3' TERM; echo up; \
                  while :; do read x; done";
    let mut command = Command::new("env");
    command.args(["--default-signal", "setsid", "--ctty", SLOCKET, "run"]).arg(folder.lock());
    command.args(["sh", "-c", script]).stdin(side()).stdout(side()).stderr(side());
    without_preferences(&mut command);
    let mut tool = command.spawn().expect("it starts");
    drop(command);

    let screen = BufReader::new(keys.try_clone().expect("a descriptor"));
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in screen.lines().map_while(Result::ok) {
            // The terminal echoes the keys as ^C and ^\.
            let _ = send.send(line.trim().trim_start_matches("^C").trim_start_matches("^\\").to_owned());
        }
    });
    let next = || lines.recv_timeout(HANG).expect("a line");
    let pid = Pid::from_child(&tool);

    // While the tool is stopped, the command has the key's signal for itself and is done with it. Two signals at once would be
    // one to the command.
    let mut press = |key: &[u8], answer: &str| {
        kill_process(pid, Signal::STOP).expect("it lives");
        retry_on_intr(|| waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED)).expect("it stops");
        keys.write_all(key).expect("a terminal");
        assert_eq!(next(), answer);
        kill_process(pid, Signal::CONT).expect("it lives");
    };

    assert_eq!(next(), "up");
    press(b"\x03", "int");
    // Only the tool gets this one. It passes signals on in order: a second "int" would come before.
    kill_process(pid, Signal::QUIT).expect("it lives");
    assert_eq!(next(), "quit");
    kill_process(pid, Signal::INT).expect("it lives");
    assert_eq!(next(), "int");
    press(b"\x1c", "quit");
    kill_process(pid, Signal::TERM).expect("it lives");
    assert_eq!(next(), "term");
    assert_eq!(tool.wait().expect("it ends").code(), Some(3));
    folder.assert_empty();
}

/// A waiter at a terminal shows how long it has waited; when it acquires the lock, that line is gone.
#[test]
fn a_long_wait_is_seen_to_go_on() {
    let folder = Folder::new();
    let mut holder = hold(&folder, &[]);
    let mut command = Command::new("setsid");
    command.args(["--ctty", SLOCKET, "run"]).arg(folder.lock()).args(["echo", "ran"]);
    let (mut waiter, mut screen) = at_terminal(&mut command);
    screen.until(&format!("waiting: held by pid {} (slocket)\r\n", holder.id()));
    screen.until(" 2s");
    holder.tell();
    screen.until("ran\r\n");
    assert!(screen.text.contains("\x1b[2Kran\r\n"), "the last line was not cleared: {:?}", screen.text);
    assert!(waiter.wait().expect("it ends").success());
    holder.assert_end(0, "", "");
}

/// A terminal that is stopped (^S) stops what is written there, and nothing else.
#[test]
fn a_waiter_at_a_stopped_terminal_goes_on() {
    let folder = Folder::new();
    let note = Folder::new();
    let holder = hold(&folder, &[]);
    let (waiter, mut screen) = at_terminal(&mut run_at_terminal(&folder, &note));
    screen.until(" 2s");
    ends_while_stopped(waiter, holder);
    assert_eq!(fs::read_to_string(note.path().join("note")).expect("it ran"), "ran\n");
}

/// The line that names the holder is written there, too.
#[test]
fn a_waiter_at_a_terminal_stopped_before_goes_on() {
    let folder = Folder::new();
    let note = Folder::new();
    let holder = hold(&folder, &[]);
    let (waiter, _screen) = at_terminal(&mut run_at_terminal(&folder, &note));
    ends_while_stopped(waiter, holder);
    assert_eq!(fs::read_to_string(note.path().join("note")).expect("it ran"), "ran\n");
}

#[test]
fn a_waiter_without_a_place_at_a_stopped_terminal_goes_on() {
    let folder = Folder::new();
    let holder = hold(&folder, &[]);
    let mut command = Command::new("setsid");
    let (waiter, _screen) = at_terminal(command.args(["--ctty", SLOCKET, "wait"]).arg(folder.lock()));
    ends_while_stopped(waiter, holder);
}

/// A job in the background leaves the terminal to others, once it has named the holder.
#[test]
fn a_waiter_in_the_background_says_one_line() {
    let folder = Folder::new();
    let mut holder = hold(&folder, &[]);
    let (mut waiter, mut screen) = at_terminal(&mut folder.run(&[], &["echo", "ran"]));
    let line = format!("slocket: {}: waiting: held by pid {} (slocket)\r\n", folder.lock().display(), holder.id());
    screen.until(&line);
    // Another waits a second longer.
    start(folder.run(&["-w", "60"], &["true"])).error_line();
    holder.tell();
    screen.until("ran\r\n");
    assert_eq!(screen.text, format!("{line}ran\r\n"));
    assert!(waiter.wait().expect("it ends").success());
    holder.assert_end(0, "", "");
}

/// Where jobs in the background may not write (`stty tostop`), its message does not stop it: it would be handed the lock.
#[test]
fn a_waiter_in_the_background_is_not_stopped_by_its_message() {
    for command in ["run \"$1\" sh -c 'echo ran >\"$0\"' \"$2\"", "wait \"$1\"", "run -w 1100ms -E 0 \"$1\" true"] {
        let (folder, note) = (Folder::new(), Folder::new());
        let mut holder = hold(&folder, &[]);
        let script = format!("stty tostop; \"$0\" {command} & wait $! && echo ended >&2");
        let mut shell = Command::new("setsid");
        shell.args(["--ctty", "sh", "-mc", &script, SLOCKET]).arg(folder.lock()).arg(note.path().join("note"));
        let (mut shell, mut screen) = at_terminal(&mut shell);
        screen.until("waiting: ");
        if !command.contains("-E 0") {
            holder.tell();
        }
        screen.until("ended");
        assert!(shell.wait().expect("it ends").success());
        if command.contains("-E 0") {
            holder.tell();
        }
        holder.assert_end(0, "", "");
    }
}

/// `slocket run` at a terminal of its own, with a command that writes a note.
fn run_at_terminal(folder: &Folder, note: &Folder) -> Command {
    let mut command = Command::new("setsid");
    command.args(["--ctty", SLOCKET, "run"]).arg(folder.lock());
    command.args(["sh", "-c", "echo ran > \"$0\""]).arg(note.path().join("note"));
    command
}

/// Stops the terminal of a waiter. Once that stands still the lock becomes free, and the waiter must end well nevertheless.
#[track_caller]
fn ends_while_stopped(mut waiter: Child, mut holder: Process) {
    const WRITE: &str = if cfg!(target_arch = "x86_64") { "1 0x2 " } else { "64 0x2 " };
    let process = format!("/proc/{}", waiter.id());
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let terminal = open(format!("{process}/fd/2"), flags, Mode::empty()).expect("a terminal");
    tcflow(&terminal, Action::OOff).expect("it stops");
    let stands = || {
        let threads = fs::read_dir(format!("{process}/task")).expect("it lives");
        let mut calls = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("syscall")).ok());
        calls.find(|call| call.starts_with(WRITE))
    };
    watch_for("it writes nothing", stands);
    holder.tell();
    holder.assert_end(0, "", "");
    let (send, ends) = mpsc::channel();
    thread::spawn(move || send.send(waiter.wait().expect("it ends")));
    let ended = ends.recv_timeout(HANG);
    tcflow(&terminal, Action::OOn).expect("it goes on");
    assert!(ended.expect("hang: it waits for the terminal").success());
}

/// A terminal, and what was seen on it.
pub(crate) struct Screen {
    pub(crate) keys: File,
    parts: Receiver<String>,
    text: String,
}

impl Screen {
    /// Waits until this is to be seen.
    #[track_caller]
    pub(crate) fn until(&mut self, part: &str) {
        while !self.text.contains(part) {
            let next = self.parts.recv_timeout(HANG).unwrap_or_else(|_| panic!("hang: no {part:?} in {:?}", self.text));
            self.text.push_str(&next);
        }
    }
}

/// Starts a command at a terminal of its own.
pub(crate) fn at_terminal(command: &mut Command) -> (Child, Screen) {
    let (keys, side) = terminal();
    let mut user = keys.try_clone().expect("a descriptor");
    // Of a kind that can clear a line, wherever the tests are run.
    command.env("TERM", "xterm");
    without_preferences(command);
    let child = command.stdin(side()).stdout(side()).stderr(side()).spawn().expect("it starts");
    let (send, parts) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok(count @ 1..) = user.read(&mut bytes) {
            let _ = send.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
        }
    });
    (child, Screen { keys, parts, text: String::new() })
}

/// A new terminal: the side of the user, and a way to open the other side.
fn terminal() -> (File, impl Fn() -> Stdio) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&terminal).expect("it is ours");
    unlockpt(&terminal).expect("it is ours");
    let name = ptsname(&terminal, Vec::new()).expect("it has a name");
    let name = name.to_str().expect("ASCII").to_owned();
    let side = move || Stdio::from(OpenOptions::new().read(true).write(true).open(&name).expect("the other side"));
    (File::from(terminal), side)
}
