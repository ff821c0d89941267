//! `@name`: a lock without a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

use crate::harness::{Folder, HOLD, Process, SLOCKET, fails, run, start};

/// A name that no other test uses.
fn name(test: &str) -> PathBuf {
    format!("@slocket-cli-{}-{test}", std::process::id()).into()
}

#[track_caller]
fn hold(name: &Path) -> Process {
    let holder = start(run(&[], name, &HOLD));
    holder.expect_output("up");
    holder
}

#[track_caller]
fn assert_held(name: &Path) {
    start(run(&["-nq"], name, &["true"])).assert_end(75, "", "");
}

/// The lock is free, and the kernel knows no such name.
#[track_caller]
fn assert_free(name: &Path) {
    start(run(&["-n"], name, &["true"])).assert_end(0, "", "");
    let table = String::from_utf8_lossy(&fs::read("/proc/net/unix").expect("the table of sockets")).into_owned();
    let name = name.to_str().expect("UTF-8");
    assert!(!table.lines().any(|line| line.ends_with(&format!(" {name}"))), "{name} is not free");
}

#[test]
fn held_waited_for_and_handed_over() {
    let name = name("waited");
    let mut holder = hold(&name);
    let (code, errors) = start(run(&["-n"], &name, &["true"])).end();
    assert_eq!(code, Some(75));
    assert_eq!(errors, format!("slocket: {}: held by pid {} (slocket)\n", name.display(), holder.id()));
    let (code, errors) = start(run(&["-w", "50ms"], &name, &["true"])).end();
    assert_eq!(code, Some(75));
    assert!(errors.starts_with(&format!("slocket: {}: not free within 50ms\n", name.display())), "{errors}");
    let waiter = start(run(&[], &name, &["echo", "ran"]));
    let waiting = format!("slocket: {}: waiting: held by pid {} (slocket)", name.display(), holder.id());
    assert_eq!(waiter.error_line(), waiting);
    holder.tell();
    waiter.assert_end(0, "ran\n", "");
    assert_free(&name);
}

#[test]
fn the_tool_is_killed_and_the_command_still_holds() {
    let name = name("killed");
    let mut tool = hold(&name);
    let waiter = start(run(&[], &name, &["echo", "ran"]));
    waiter.error_line();
    tool.signal(Signal::KILL);
    tool.assert_killed_by(Signal::KILL);
    assert_held(&name);
    tool.close_input();
    waiter.assert_end(0, "ran\n", "");
    assert_free(&name);
}

#[test]
fn a_file_whose_name_begins_with_an_at_sign() {
    let folder = Folder::new();
    let mut command = Command::new(SLOCKET);
    command.current_dir(folder.path()).args(["run", "./@lock", "ls"]);
    start(command).assert_end(0, "@lock\n", "");
    folder.assert_empty();
}

#[test]
fn a_word_that_is_not_a_name() {
    fails(run(&[], Path::new("@"), &["true"]), 64, "there is no abstract name after the @");
    fails(run(&[], Path::new(&format!("@{}", "x".repeat(108))), &["true"]), 64, "longer than 107 bytes");
    start(run(&[], Path::new(&format!("@{}", "x".repeat(107))), &["true"])).assert_end(0, "", "");
    fails(run(&["--mode", "0660"], &name("mode"), &["true"]), 64, "has no permissions");
}
