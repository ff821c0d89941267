//! The lock belongs to the command, and to what it leaves behind.

use std::process::Command;

use rustix::process::{Signal, kill_process};

use crate::harness::{Folder, HOLD, SLOCKET, hold, sentries_of, start};

/// Leaves a process behind that ends with the standard input of the tool.
pub(crate) const DAEMON: [&str; 3] = ["sh", "-c", "exec 3<&0; (read x <&3) >/dev/null 2>&1 & exit 4"];

#[test]
fn the_tool_is_killed_and_the_command_still_holds() {
    let folder = Folder::new();
    let mut tool = start(folder.run(&[], &["sh", "-c", "echo $$; read x"]));
    let command = tool.output_line();
    tool.signal(Signal::KILL);
    tool.assert_killed_by(Signal::KILL);
    folder.assert_held();
    let (code, errors) = start(folder.run(&["-n"], &["true"])).end();
    assert_eq!(code, Some(75));
    // The listener still names the tool, which is gone.
    assert_eq!(errors, format!("slocket: {}: held by pid {command} (sh)\n", folder.lock().display()));
    tool.close_input();
    folder.assert_becomes_free();
}

#[test]
fn waiters_of_a_killed_tool_are_served_when_its_command_ends() {
    let folder = Folder::new();
    let mut tool = hold(&folder, &[]);
    let waiters: Vec<_> = (0..3).map(|_| start(folder.run(&[], &["echo", "ran"]))).collect();
    for waiter in &waiters {
        waiter.error_line();
    }
    tool.signal(Signal::KILL);
    tool.assert_killed_by(Signal::KILL);
    folder.assert_held();
    tool.tell();
    for waiter in waiters {
        waiter.assert_end(0, "ran\n", "");
    }
    folder.assert_empty();
}

#[test]
fn with_close_a_killed_tool_frees_the_lock() {
    let folder = Folder::new();
    let mut tool = hold(&folder, &["-o"]);
    folder.assert_held();
    tool.signal(Signal::KILL);
    tool.assert_killed_by(Signal::KILL);
    // The command still waits for its line.
    folder.assert_free();
    tool.tell();
}

#[test]
fn a_process_left_behind_keeps_the_lock() {
    let folder = Folder::new();
    let mut tool = start(folder.run(&[], &DAEMON));
    assert_eq!(tool.status().code(), Some(4));
    let path = folder.lock();
    assert_eq!(
        tool.error_line(),
        format!("slocket: {}: kept by a process that the command left behind; -o avoids this", path.display())
    );
    folder.assert_held();
    let waiter = start(folder.run(&[], &["echo", "ran"]));
    waiter.error_line();
    tool.close_input();
    waiter.assert_end(0, "ran\n", "");
    folder.assert_empty();
    tool.assert_end(4, "", "");
}

#[test]
fn quiet_about_what_is_left_behind() {
    let folder = Folder::new();
    let mut tool = start(folder.run(&["-q"], &DAEMON));
    assert_eq!(tool.status().code(), Some(4));
    folder.assert_held();
    tool.close_input();
    folder.assert_becomes_free();
    tool.assert_end(4, "", "");
}

#[test]
fn with_close_a_process_left_behind_does_not_keep_the_lock() {
    let folder = Folder::new();
    let mut tool = start(folder.run(&["--close"], &DAEMON));
    assert_eq!(tool.status().code(), Some(4));
    // Its input is still open: the process is still there.
    folder.assert_free();
    folder.assert_empty();
    tool.close_input();
    tool.assert_end(4, "", "");
}

/// The numbers of the open descriptors of a process that this command starts.
pub(crate) fn descriptors(mut command: Command) -> Vec<u32> {
    let output = command.output().expect("it starts");
    let text = String::from_utf8(output.stdout).expect("numbers");
    text.split_whitespace().map(|number| number.parse().expect("a number")).collect()
}

/// Two more than without the tool, above those that scripts use; none with `-o`.
#[test]
fn the_descriptors_that_are_inherited() {
    let folder = Folder::new();
    let list = ["sh", "-c", "ls /proc/$$/fd"];
    let mut plain = Command::new(list[0]);
    plain.args(&list[1..]);
    let plain = descriptors(plain);
    assert!(plain.contains(&0) && plain.contains(&1), "{plain:?}");
    assert_eq!(descriptors(folder.run(&["-o"], &list)), plain);
    let mut more = descriptors(folder.run(&[], &list));
    more.retain(|number| !plain.contains(number));
    assert_eq!(more.len(), 2, "{more:?}");
    assert!(more.iter().all(|&number| number >= 100), "{more:?}");
}

#[test]
fn a_script_that_uses_low_descriptors() {
    let folder = Folder::new();
    let low =
        ["sh", "-c", "exec 3>/dev/null 4>/dev/null 5>/dev/null 6>/dev/null 7>/dev/null 8>/dev/null; echo up; read x"];
    let mut tool = start(folder.run(&[], &low));
    tool.expect_output("up");
    tool.signal(Signal::KILL);
    tool.assert_killed_by(Signal::KILL);
    folder.assert_held();
    tool.tell();
    folder.assert_becomes_free();
}

#[test]
fn a_low_limit_for_descriptors() {
    let folder = Folder::new();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 30; exec \"$0\" run \"$@\"", SLOCKET]).arg(folder.lock()).args(HOLD);
    let mut tool = start(command);
    tool.expect_output("up");
    tool.signal(Signal::KILL);
    tool.assert_killed_by(Signal::KILL);
    folder.assert_held();
    tool.tell();
    folder.assert_becomes_free();
}

#[test]
fn no_descriptors_at_all() {
    for limit in 3..30 {
        let folder = Folder::new();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {limit}; exec \"$0\" run \"$@\"",), SLOCKET]);
        command.arg(folder.lock()).args(["echo", "ran"]);
        let mut tool = start(command);
        let code = tool.status().code();
        assert!(matches!(code, Some(0 | 71 | 127)), "limit {limit}: {code:?}");
        folder.assert_empty();
    }
}

#[test]
fn nested() {
    let folder = Folder::new();
    let inner = folder.path().join("inner");
    let inner = inner.to_str().expect("UTF-8");
    let mut tool = start(folder.run(&[], &[SLOCKET, "run", inner, HOLD[0], HOLD[1], HOLD[2]]));
    tool.expect_output("up");
    folder.assert_held();
    tool.tell();
    tool.assert_end(0, "", "");
    folder.assert_empty();
}

/// The process by which the tool learns of signals has nothing of what it was given, whatever keeps it from running.
#[test]
fn a_sentry_keeps_nothing() {
    let folder = Folder::new();
    let inner = folder.path().join("inner");
    let inner = [SLOCKET, "run", inner.to_str().expect("UTF-8"), "sh", "-c", "echo $PPID; read x"];
    let mut tool = start(folder.run(&[], &inner));
    let inner_tool = tool.output_line().parse().expect("a pid");
    let mut sentries = Vec::new();
    for tool in [tool.id(), inner_tool] {
        sentries.extend(sentries_of(tool));
    }
    for &sentry in &sentries {
        kill_process(sentry, Signal::STOP).expect("it lives");
    }
    tool.tell();
    // This is silent, and every process that has the other ends of its pipes closes them.
    tool.assert_end(0, "", "");
    folder.assert_empty();
    for sentry in sentries {
        kill_process(sentry, Signal::KILL).expect("it is stopped");
    }
}
