//! Signals that the tool gets.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::harness::{Folder, Process, SLOCKET, hold, sentries_of, start};

const RELAYED: [(&str, Signal); 8] = [
    ("HUP", Signal::HUP),
    ("INT", Signal::INT),
    ("QUIT", Signal::QUIT),
    ("TERM", Signal::TERM),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
    ("WINCH", Signal::WINCH),
    ("CONT", Signal::CONT),
];

/// Those of which a process dies that does not catch them.
fn deadly() -> impl Iterator<Item = Signal> {
    RELAYED.iter().map(|&(_, signal)| signal).filter(|signal| ![Signal::WINCH, Signal::CONT].contains(signal))
}

fn run(folder: &Folder, script: &str) -> Command {
    folder.run(&[], &["sh", "-c", script])
}

#[test]
fn reach_the_command_which_decides() {
    for (name, signal) in RELAYED {
        let folder = Folder::new();
        let tool = start(run(&folder, &format!("trap 'echo got {name}; exit 3' {name}; echo up; read x")));
        tool.expect_output("up");
        tool.signal(signal);
        tool.assert_end(3, &format!("got {name}\n"), "");
        folder.assert_empty();
    }
}

#[test]
fn kill_the_command_and_the_code_says_so() {
    for signal in deadly() {
        let folder = Folder::new();
        let mut tool = start(run(&folder, "ulimit -c 0; echo up; read x"));
        tool.expect_output("up");
        tool.signal(signal);
        if signal == Signal::INT {
            tool.assert_killed_by(signal);
        } else {
            tool.assert_end(128 + signal.as_raw(), "", "");
        }
        folder.assert_empty();
    }
}

#[test]
fn the_tool_stays_until_the_command_has_ended() {
    let folder = Folder::new();
    let mut tool = start(run(&folder, "trap 'echo got' TERM; echo up; while ! read x; do :; done; exit 5"));
    tool.expect_output("up");
    for _ in 0..10 {
        tool.signal(Signal::TERM);
        tool.expect_output("got");
        folder.assert_held();
    }
    tool.tell();
    tool.assert_end(5, "", "");
    folder.assert_empty();
}

#[test]
fn one_that_was_ignored_stays_ignored() {
    let folder = Folder::new();
    let script = "trap '' HUP; exec \"$0\" run \"$1\" -- sh -c 'trap \"echo term; exit 3\" TERM; echo up; read x'";
    let mut command = Command::new("env");
    command.args(["--default-signal", "sh", "-c", script, SLOCKET]).arg(folder.lock());
    let tool = start(command);
    tool.expect_output("up");
    tool.signal(Signal::HUP);
    // Signals are passed on in order: had the first one been, the command would be dead before the second.
    tool.signal(Signal::TERM);
    tool.assert_end(3, "term\n", "");
    folder.assert_empty();
}

#[test]
fn one_that_comes_while_waiting_ends_the_wait() {
    thread::scope(|scope| {
        for signal in deadly() {
            scope.spawn(move || ends_the_wait(signal));
        }
    });
}

fn ends_the_wait(signal: Signal) {
    let folder = Folder::new();
    let mut holder = hold(&folder, &[]);
    let mut waiter = start(run(&folder, "ulimit -c 0; echo ran"));
    // Now it waits.
    waiter.error_line();
    waiter.signal(signal);
    waiter.assert_killed_by(signal);
    holder.tell();
    holder.assert_end(0, "", "");
    folder.assert_free();
    folder.assert_empty();
}

#[test]
fn a_child_that_stops_and_goes_on_is_waited_for() {
    let folder = Folder::new();
    let mut tool = start(run(&folder, "echo $$; read x; exit 4"));
    let command = Pid::from_raw(tool.output_line().parse().expect("a pid")).expect("not 0");
    kill_process(command, Signal::STOP).expect("it lives");
    folder.assert_held();
    kill_process(command, Signal::CONT).expect("it lives");
    tool.tell();
    tool.assert_end(4, "", "");
    folder.assert_empty();
}

/// (Of signals that come together a shell takes the one with the lowest number first.)
const COUNTS: &str = "trap 'echo term' TERM; trap 'echo cont; exit 3' CONT; echo up; while :; do read x; done";

/// To many programs a second one means "stop at once, leave the mess".
#[test]
fn what_is_sent_to_the_group_reaches_the_command_once() {
    let folder = Folder::new();
    let mut command = run(&folder, COUNTS);
    command.process_group(0);
    let tool = start(command);
    tool.expect_output("up");
    sentries_of(tool.id());
    let group = Pid::from_raw(tool.id().cast_signed()).expect("not 0");
    for _ in 0..3 {
        kill_process_group(group, Signal::TERM).expect("it lives");
        tool.expect_output("term");
    }
    // To the tool alone. Signals are passed on in order: another "term" would come before.
    tool.signal(Signal::CONT);
    tool.assert_end(3, "cont\n", "");
    folder.assert_empty();
}

/// As service managers do: to each process in turn. Whether it has a session of its own does not matter to them.
#[test]
fn what_is_sent_to_the_unit_reaches_the_command_once() {
    for words in [&["sh", "-c", COUNTS][..], &["setsid", "sh", "-c", COUNTS]] {
        let folder = Folder::new();
        let tool = start(folder.run(&[], words));
        tool.expect_output("up");
        sentries_of(tool.id());
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", tool.id())).expect("it lives");
        // The tool gets it last, when the command has had it for a while.
        for pid in children.split_whitespace().map(|pid| pid.parse().expect("a pid")) {
            kill_process(Pid::from_raw(pid).expect("not 0"), Signal::TERM).expect("it lives");
        }
        tool.expect_output("term");
        tool.signal(Signal::TERM);
        tool.signal(Signal::CONT);
        tool.assert_end(3, "cont\n", "");
        folder.assert_empty();
    }
}

/// A command that has a group of its own gets nothing by itself.
#[test]
fn what_is_sent_to_a_group_that_the_command_has_left_is_passed_on() {
    let folder = Folder::new();
    let mut command = folder.run(&[], &["setsid", "sh", "-c", COUNTS]);
    command.process_group(0);
    let tool = start(command);
    tool.expect_output("up");
    let group = Pid::from_raw(tool.id().cast_signed()).expect("not 0");
    // Before it has sentries, perhaps, and when it has.
    for _ in 0..3 {
        kill_process_group(group, Signal::TERM).expect("it lives");
        tool.expect_output("term");
        sentries_of(tool.id());
    }
    tool.signal(Signal::CONT);
    tool.assert_end(3, "cont\n", "");
    folder.assert_empty();
}

/// The first process of a pid namespace does not die of a signal that it sends itself, nor by default of one that others send.
#[test]
fn as_the_first_process_of_a_pid_namespace() {
    let first_in = |folder: &Folder, command: &str, words: &[&str]| {
        let mut first = Command::new("unshare");
        first.args(["-rpf", "env", "--default-signal", SLOCKET, command]).arg(folder.lock()).args(words);
        start(first)
    };
    let first = |script: &str| {
        let folder = Folder::new();
        (first_in(&folder, "run", &["sh", "-c", script]), folder)
    };
    let kill_first = |tool: &Process| {
        let child = fs::read_to_string(format!("/proc/{0}/task/{0}/children", tool.id())).expect("it lives");
        let child = child.trim().parse().expect("one");
        kill_process(Pid::from_raw(child).expect("not 0"), Signal::TERM).expect("it lives");
    };
    let possible = Command::new("unshare").args(["-rpf", "true"]).stderr(Stdio::null()).status();
    if !possible.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "unshare must work in CI");
        eprintln!("not run: this user may not make user namespaces");
        return;
    }
    for (name, code) in [("INT", 130), ("TERM", 143), ("KILL", 137), ("USR1", 138)] {
        let (tool, folder) = first(&format!("kill -{name} $$"));
        tool.assert_end(code, "", "");
        folder.assert_empty();
    }
    let (tool, folder) = first("trap 'echo term; exit 3' TERM; echo up; read x");
    tool.expect_output("up");
    kill_first(&tool);
    tool.assert_end(3, "term\n", "");
    folder.assert_empty();
    // While it waits.
    for command in ["run", "wait"] {
        let folder = Folder::new();
        let mut holder = hold(&folder, &[]);
        let tool = first_in(&folder, command, if command == "run" { &["true"] } else { &[] });
        tool.error_line();
        kill_first(&tool);
        tool.assert_end(143, "", "");
        holder.tell();
        holder.assert_end(0, "", "");
    }
}
