//! A lock that is a file: `slocket run --home file`, and what `status` and `wait` tell.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::Signal;
use slocket_sync::{Home, Slocket};

use crate::harness::{Folder, HOLD, Process, SLOCKET, start};

/// Starts a tool that holds the lock as a file, and its command.
#[track_caller]
fn hold(folder: &Folder, options: &[&str]) -> Process {
    let holder = start(folder.run(&in_file(options), &HOLD));
    holder.expect_output("up");
    holder
}

fn in_file<'a>(options: &[&'a str]) -> Vec<&'a str> {
    [&["--home", "file"], options].concat()
}

fn end(mut holder: Process) {
    holder.tell();
    holder.assert_end(0, "", "");
}

fn status(folder: &Folder, options: &[&str]) -> Command {
    let mut command = Command::new(SLOCKET);
    command.arg("status").args(options).arg(folder.lock());
    command
}

#[test]
fn one_at_a_time() {
    let folder = Folder::new();
    let holder = hold(&folder, &[]);
    assert!(folder.lock().metadata().unwrap().is_file());
    let held = format!("held by pid {} (slocket)", holder.id());
    let message = format!("slocket: {}: {held}\n", folder.lock().display());
    start(folder.run(&in_file(&["-n"]), &["echo", "ran"])).assert_end(75, "", &message);
    let waiter = start(folder.run(&in_file(&[]), &["echo", "ran"]));
    assert_eq!(waiter.error_line(), format!("slocket: {}: waiting: {held}", folder.lock().display()));
    end(holder);
    waiter.assert_end(0, "ran\n", "");
    folder.assert_empty();
}

/// A file that goes and comes, and is empty for a moment each time, is a lock file still.
#[test]
fn a_try_at_a_lock_in_motion_tells_of_no_other_file() {
    /// Each of them looks many times, and nearly each look meets a file that is removed, or was made just now.
    const REFUSED: usize = 5;
    let folder = Folder::new();
    let slocket = Slocket::builder(folder.lock()).home(Home::File).build().unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let guard = slocket.acquire().unwrap();
                thread::yield_now();
                guard.release().unwrap();
            }
        });
        let mut refused = 0;
        while refused < REFUSED {
            let tried = folder.run(&in_file(&["-nq"]), &["true"]).output().unwrap();
            match tried.status.code() {
                Some(0) => {}
                // (77: no process was seen to hold it, so often did it change hands.)
                Some(75 | 77) => refused += 1,
                _ => {
                    is_over.store(true, Ordering::Relaxed);
                    panic!("after {refused} refused: {tried:?}");
                }
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    folder.assert_empty();
}

/// Whatever the others were told that the lock is.
#[test]
fn a_file_keeps_those_out_that_want_a_socket() {
    let folder = Folder::new();
    let holder = hold(&folder, &[]);
    start(folder.run(&["-nq"], &["echo", "ran"])).assert_end(75, "", "");
    end(holder);
    start(folder.run(&["-n"], &["echo", "ran"])).assert_end(0, "ran\n", "");
    folder.assert_empty();
}

#[test]
fn the_command_keeps_the_lock_of_a_tool_that_was_killed() {
    let folder = Folder::new();
    let holder = hold(&folder, &[]);
    holder.signal(Signal::KILL);
    start(folder.run(&in_file(&["-nq"]), &["echo", "ran"])).assert_end(75, "", "");
    // The end of its input is the end of the command.
    drop(holder);
    start(folder.run(&in_file(&["-q", "-w", "60"]), &["echo", "ran"])).assert_end(0, "ran\n", "");
    folder.assert_empty();
}

#[test]
fn readers_are_together_and_a_writer_is_alone() {
    let folder = Folder::new();
    let (one, other) = (hold(&folder, &["-s"]), hold(&folder, &["-s"]));
    let mut told = Vec::new();
    for holder in [&one, &other] {
        told.push(format!("pid {} (slocket)", holder.id()));
    }
    let text = String::from_utf8(status(&folder, &[]).output().unwrap().stdout).unwrap();
    assert!(text.contains("shared by 2 processes") && told.iter().all(|name| text.contains(name)), "{text}");
    start(folder.run(&in_file(&["-nq"]), &["echo", "ran"])).assert_end(75, "", "");
    start(folder.run(&in_file(&["-sn"]), &["echo", "ran"])).assert_end(0, "ran\n", "");
    let writer = start(folder.run(&in_file(&["-q"]), &["echo", "ran"]));
    end(one);
    end(other);
    writer.assert_end(0, "ran\n", "");
    folder.assert_empty();
}

#[test]
fn each_has_a_slot_of_its_own() {
    let folder = Folder::new();
    let slot = |options: &[&str]| start(folder.run(&in_file(options), &["sh", "-c", "echo $SLOCKET_SLOT; read x"]));
    let first = slot(&["--slots", "2"]);
    first.expect_output("0");
    let second = slot(&["--slots", "2"]);
    second.expect_output("1");
    start(folder.run(&in_file(&["-nq", "--slots", "2"]), &["true"])).assert_end(75, "", "");
    let third = slot(&["-q", "--slots", "2"]);
    end(first);
    third.expect_output("0");
    end(second);
    end(third);
    folder.assert_empty();
}

#[test]
fn what_status_and_wait_tell() {
    let folder = Folder::new();
    let holder = hold(&folder, &[]);
    let output = status(&folder, &["--json"]).output().unwrap();
    let json = String::from_utf8(output.stdout).unwrap();
    assert!(json.contains("\"state\": \"held\"") && json.contains(&format!("\"pid\": {}", holder.id())), "{json}");
    assert!(json.contains("a lock that is a file has no queue"), "{json}");
    start({
        let mut wait = Command::new(SLOCKET);
        wait.args(["wait", "-q", "-w", "0"]).arg(folder.lock());
        wait
    })
    .assert_end(75, "", "");
    let waiter = start({
        let mut wait = Command::new(SLOCKET);
        wait.args(["wait", "-q"]).arg(folder.lock());
        wait
    });
    end(holder);
    waiter.assert_end(0, "", "");
    // What a killed holder leaves is free.
    fs::write(folder.lock(), "slocket\npid 1\nhost elsewhere\n").unwrap();
    let text = String::from_utf8(status(&folder, &[]).output().unwrap().stdout).unwrap();
    assert!(text.starts_with(&format!("{}: free", folder.lock().display())), "{text}");
    start(folder.run(&in_file(&["-n"]), &["echo", "ran"])).assert_end(0, "ran\n", "");
    folder.assert_empty();
}

#[test]
fn a_file_of_another_kind_is_left_alone() {
    let folder = Folder::new();
    fs::write(folder.lock(), "precious").unwrap();
    let ended = folder.run(&in_file(&["-n"]), &["echo", "ran"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(73));
    assert_eq!(fs::read_to_string(folder.lock()).unwrap(), "precious");
    fs::remove_file(folder.lock()).unwrap();
    folder.assert_empty();
}
