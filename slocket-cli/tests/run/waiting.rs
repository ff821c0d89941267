//! What the user is told while waiting, and when the time is up.

use std::fs;
use std::process::Command;

use crate::harness::{Folder, hold, start};

#[test]
fn one_line_names_path_pid_and_program() {
    let folder = Folder::new();
    let mut holder = hold(&folder, &[]);
    let waiter = start(folder.run(&[], &["echo", "ran"]));
    let line = format!("slocket: {}: waiting: held by pid {} (slocket)", folder.lock().display(), holder.id());
    assert_eq!(waiter.error_line(), line);
    // A second waiter's line comes when the first one has waited another second: it has said no more by then.
    let second = start(folder.run(&["-w", "60"], &["echo", "ran, too"]));
    assert_eq!(second.error_line(), line);
    holder.tell();
    // The holder held the lock for more than a second, and said nothing.
    holder.assert_end(0, "", "");
    waiter.assert_end(0, "ran\n", "");
    second.assert_end(0, "ran, too\n", "");
    folder.assert_empty();
}

#[test]
fn quiet_waits_without_a_word() {
    let folder = Folder::new();
    let mut holder = hold(&folder, &[]);
    let quiet = [start(folder.run(&["-q"], &["true"])), start(folder.run(&["-q", "-w", "60"], &["true"]))];
    start(folder.run(&[], &["true"])).error_line();
    holder.tell();
    holder.assert_end(0, "", "");
    for waiter in quiet {
        waiter.assert_end(0, "", "");
    }
}

#[test]
fn time_out() {
    let folder = Folder::new();
    let mut holder = hold(&folder, &[]);
    let message = format!(
        "slocket: {}: not free within 200ms\n  held by pid {} (slocket)\n  wait longer, or see what that process is busy with\n",
        folder.lock().display(),
        holder.id()
    );
    start(folder.run(&["-w", "200ms"], &["echo", "ran"])).assert_end(75, "", &message);
    start(folder.run(&["-w", "0.2", "-E", "9"], &["echo", "ran"])).assert_end(9, "", &message);
    start(folder.run(&["-w", "200ms", "-q"], &["echo", "ran"])).assert_end(75, "", "");
    holder.tell();
    holder.assert_end(0, "", "");
    folder.assert_empty();
}

#[test]
fn time_out_after_the_line() {
    let folder = Folder::new();
    let _holder = hold(&folder, &[]);
    let (code, errors) = start(folder.run(&["-w", "1500ms"], &["echo", "ran"])).end();
    assert_eq!(code, Some(75));
    let starts: Vec<_> = errors.lines().map(|line| line.contains(": waiting: held by pid")).collect();
    assert_eq!(starts, [true, false, false, false], "{errors}");
    assert!(errors.contains("not free within 1.5s"), "{errors}");
}

/// What an administrator does to the folder strips no mark: a waiter that gives up never stays there as long as at a server that may lend.
#[test]
fn time_out_after_a_chmod() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (holder, _other_holder) = (hold(&folder, &[]), hold(&other, &[]));
    for change in [&["chmod", "600"][..], &["chown", "0"]] {
        let mut change = Command::new(change[0]).args(&change[1..]).arg(folder.lock()).spawn().expect("it starts");
        let _ = change.wait();
    }
    let mut longer = start(other.run(&["-q", "-w", "3"], &["true"]));
    let (code, errors) = start(folder.run(&["-w", "100ms"], &["true"])).end();
    assert_eq!(code, Some(75), "{errors}");
    assert!(errors.contains(&format!("held by pid {}", holder.id())), "{errors}");
    assert!(longer.is_running(), "it took more than three seconds");
}

#[test]
fn refused_at_once() {
    let folder = Folder::new();
    let holder = hold(&folder, &[]);
    let message = format!("slocket: {}: held by pid {} (slocket)\n", folder.lock().display(), holder.id());
    start(folder.run(&["-n"], &["echo", "ran"])).assert_end(75, "", &message);
    start(folder.run(&["-w", "0"], &["echo", "ran"])).assert_end(75, "", &message);
    start(folder.run(&["-n", "-q"], &["echo", "ran"])).assert_end(75, "", "");
}

#[test]
fn a_line_stays_one_line() {
    let folder = Folder::new();
    let path = folder.path().join("a\nb\x1b[31m");
    fs::write(&path, "").expect("a file");
    let (code, errors) = start(crate::harness::run(&["-w", "10ms"], &path, &["true"])).end();
    assert_eq!(code, Some(73));
    assert!(errors.contains("/a\\nb\\u{1b}[31m: not free within 10ms\n"), "{errors}");
    assert_eq!(errors.lines().count(), 3, "{errors}");
}
