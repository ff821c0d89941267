//! Signals that the tool gets.

use std::process::Command;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Folder, SLOCKET, hold, start};

const RELAYED: [(&str, Signal); 4] =
    [("HUP", Signal::HUP), ("INT", Signal::INT), ("QUIT", Signal::QUIT), ("TERM", Signal::TERM)];

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
    for (_, signal) in RELAYED {
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
        for (_, signal) in RELAYED {
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

#[test]
fn sigchld_may_be_ignored_by_who_starts_the_tool() {
    let folder = Folder::new();
    let mut command = Command::new("env");
    command.args(["--ignore-signal=CHLD", SLOCKET, "run"]).arg(folder.lock()).args(["sh", "-c", "exit 6"]);
    start(command).assert_end(6, "", "");
    folder.assert_empty();
}
