//! `slocket run -s`: many have a shared lock, and while they do no process holds the lock.

use std::path::Path;

use rustix::process::Signal;

use crate::harness::{Folder, HOLD, Process, SLOCKET, fails, hold, run, start};
use crate::inheritance::{DAEMON, descriptors};

/// What a waiter says of the processes that have shares.
fn shared_by(holders: &[&Process]) -> String {
    let names: Vec<_> = holders.iter().map(|holder| format!("pid {} (slocket)", holder.id())).collect();
    format!("shared by {}", names.join(", "))
}

#[test]
fn readers_are_together_and_a_writer_is_alone() {
    let folder = Folder::new();
    let (mut one, mut other) = (hold(&folder, &["-s"]), hold(&folder, &["--shared", "-n"]));
    let held = shared_by(&[&one, &other]);
    let message = format!("slocket: {}: {held}\n", folder.lock().display());
    start(folder.run(&["-n"], &["echo", "ran"])).assert_end(75, "", &message);
    start(folder.run(&["-nx", "-E", "9"], &["echo", "ran"])).assert_end(9, "", &message);
    start(folder.run(&["-nq"], &["echo", "ran"])).assert_end(75, "", "");
    start(folder.run(&["-sn"], &["echo", "ran"])).assert_end(0, "ran\n", "");
    let writer = start(folder.run(&[], &["echo", "ran"]));
    assert_eq!(writer.error_line(), format!("slocket: {}: waiting: {held}", folder.lock().display()));
    one.tell();
    one.assert_end(0, "", "");
    other.tell();
    other.assert_end(0, "", "");
    writer.assert_end(0, "ran\n", "");
    folder.assert_empty();
}

#[test]
fn a_reader_waits_for_the_holder() {
    let folder = Folder::new();
    let mut holder = hold(&folder, &[]);
    let held = format!("held by pid {} (slocket)", holder.id());
    let message = format!("slocket: {}: {held}\n", folder.lock().display());
    start(folder.run(&["-sn"], &["echo", "ran"])).assert_end(75, "", &message);
    let reader = start(folder.run(&["-s"], &["echo", "ran"]));
    assert_eq!(reader.error_line(), format!("slocket: {}: waiting: {held}", folder.lock().display()));
    holder.tell();
    reader.assert_end(0, "ran\n", "");
    holder.assert_end(0, "", "");
    folder.assert_empty();
}

/// First come, first served: so no writer is starved.
#[test]
fn a_reader_that_comes_after_a_writer_waits_for_it() {
    let folder = Folder::new();
    let mut reader = hold(&folder, &["-s"]);
    let mut writer = start(folder.run(&[], &HOLD));
    writer.error_line();
    let held = format!("{}, for which pid {} (slocket) waits first", shared_by(&[&reader]), writer.id());
    let message = format!("slocket: {}: {held}\n", folder.lock().display());
    start(folder.run(&["-sn"], &["echo", "ran"])).assert_end(75, "", &message);
    let mut later = start(folder.run(&["-s"], &HOLD));
    assert_eq!(later.error_line(), format!("slocket: {}: waiting: {held}", folder.lock().display()));
    reader.tell();
    reader.assert_end(0, "", "");
    writer.expect_output("up");
    assert!(later.is_running());
    start(folder.run(&["-snq"], &["echo", "ran"])).assert_end(75, "", "");
    writer.tell();
    writer.assert_end(0, "", "");
    later.expect_output("up");
    later.tell();
    later.assert_end(0, "", "");
    folder.assert_empty();
}

#[test]
fn a_writer_whose_time_is_up() {
    let folder = Folder::new();
    let mut reader = hold(&folder, &["-s"]);
    let message = format!(
        "slocket: {}: not free within 200ms\n  {}\n  wait longer, or see what those processes are busy with\n",
        folder.lock().display(),
        shared_by(&[&reader])
    );
    start(folder.run(&["-w", "200ms"], &["echo", "ran"])).assert_end(75, "", &message);
    start(folder.run(&["-w", "200ms", "-E", "9", "-q"], &["echo", "ran"])).assert_end(9, "", "");
    // It keeps no process from the lock any more.
    start(folder.run(&["-sn"], &["echo", "ran"])).assert_end(0, "ran\n", "");
    reader.tell();
    start(folder.run(&["-w", "60"], &["echo", "ran"])).assert_end(0, "ran\n", "");
    reader.assert_end(0, "", "");
    folder.assert_empty();
}

#[test]
fn a_reader_whose_time_is_up() {
    let folder = Folder::new();
    let holder = hold(&folder, &[]);
    let message = format!(
        "slocket: {}: not free within 200ms\n  held by pid {} (slocket)\n  wait longer, or see what that process is busy with\n",
        folder.lock().display(),
        holder.id()
    );
    start(folder.run(&["-sw", "0.2"], &["echo", "ran"])).assert_end(75, "", &message);
}

#[test]
fn many_are_not_all_named() {
    let folder = Folder::new();
    let readers: Vec<_> = (0..6).map(|_| hold(&folder, &["-s"])).collect();
    let held = shared_by(&readers[..4].iter().collect::<Vec<_>>());
    let message = format!("slocket: {}: {held} and 2 more\n", folder.lock().display());
    start(folder.run(&["-n"], &["echo", "ran"])).assert_end(75, "", &message);
}

#[test]
fn the_tool_is_killed_and_the_command_keeps_its_share() {
    let folder = Folder::new();
    let mut tool = start(folder.run(&["-s"], &["sh", "-c", "echo $$; read x"]));
    let command = tool.output_line();
    tool.signal(Signal::KILL);
    tool.assert_killed_by(Signal::KILL);
    let message = format!("slocket: {}: shared by pid {command} (sh)\n", folder.lock().display());
    start(folder.run(&["-n"], &["echo", "ran"])).assert_end(75, "", &message);
    let writer = start(folder.run(&["-q"], &["echo", "ran"]));
    tool.close_input();
    writer.assert_end(0, "ran\n", "");
    folder.assert_empty();
}

#[test]
fn with_close_a_killed_tool_gives_its_share_back() {
    let folder = Folder::new();
    let mut tool = hold(&folder, &["-so"]);
    folder.assert_held();
    tool.signal(Signal::KILL);
    tool.assert_killed_by(Signal::KILL);
    // The command still waits for its line.
    folder.assert_free();
    folder.assert_empty();
    tool.tell();
}

#[test]
fn a_process_left_behind_keeps_the_share() {
    let folder = Folder::new();
    let mut tool = start(folder.run(&["-s"], &DAEMON));
    assert_eq!(tool.status().code(), Some(4));
    let path = folder.lock();
    let kept = format!("slocket: {}: kept by a process that the command left behind; -o avoids this", path.display());
    assert_eq!(tool.error_line(), kept);
    folder.assert_held();
    start(folder.run(&["-sn"], &["echo", "ran"])).assert_end(0, "ran\n", "");
    let writer = start(folder.run(&["-q"], &["echo", "ran"]));
    tool.close_input();
    writer.assert_end(0, "ran\n", "");
    folder.assert_empty();
    let mut closing = start(folder.run(&["-so"], &DAEMON));
    assert_eq!(closing.status().code(), Some(4));
    folder.assert_free();
    folder.assert_empty();
    closing.close_input();
    closing.assert_end(4, "", "");
    tool.assert_end(4, "", "");
}

#[test]
fn what_the_command_inherits() {
    let folder = Folder::new();
    let list = ["sh", "-c", "ls /proc/$$/fd"];
    let plain = descriptors(folder.run(&["-so"], &list));
    let mut more = descriptors(folder.run(&["-s"], &list));
    more.retain(|number| !plain.contains(number));
    assert_eq!(more.len(), 2, "{more:?}");
    assert!(more.iter().all(|&number| number >= 100), "{more:?}");
    start(folder.run(&["-s"], &["sh", "-c", "echo ${SLOCKET_SLOT-none}"])).assert_end(0, "none\n", "");
}

#[test]
fn inside_of_each_other() {
    let folder = Folder::new();
    let lock = folder.lock();
    let lock = lock.to_str().expect("UTF-8");
    start(folder.run(&["-s"], &[SLOCKET, "run", "-s", lock, "echo", "ran"])).assert_end(0, "ran\n", "");
    for inner in [&["-n"][..], &["-w", "50ms"]] {
        let tool = start(folder.run(&["-s"], &[&[SLOCKET, "run"], inner, &[lock, "true"]].concat()));
        let held = format!("shared by pid {} (slocket), inside of which this runs: a deadlock", tool.id());
        let advice = "take the lock itself, outside, or choose another path for the commands inside";
        let (code, errors) = tool.end();
        assert!(code == Some(75) && errors.contains(&held) && errors.contains(advice), "{errors}");
    }
    folder.assert_empty();
}

/// The writer waits for the outer reader, and the inner one for the writer.
#[test]
fn inside_of_each_other_with_a_writer_in_between() {
    let folder = Folder::new();
    let script = "echo up; read _; \"$0\" run -sn \"$1\" true";
    let lock = folder.lock();
    let outer_command = ["sh", "-c", script, SLOCKET, lock.to_str().expect("UTF-8")];
    let mut outer = start(folder.run(&["-s"], &outer_command));
    outer.expect_output("up");
    let writer = start(folder.run(&[], &["true"]));
    writer.error_line();
    outer.tell();
    let (outer_id, writer_id) = (outer.id(), writer.id());
    let (code, errors) = outer.end();
    let held = format!(
        "shared by pid {outer_id} (slocket), inside of which this runs, and pid {writer_id} (slocket) waits first: a deadlock\n"
    );
    assert!(code == Some(75) && errors.contains(&held), "{errors}");
    assert!(writer.end().0 == Some(0));
    folder.assert_empty();
}

/// Its FIFO would have no folder.
#[test]
fn an_abstract_name_cannot_be_shared() {
    for option in [&["-s"][..], &["--slots", "4"]] {
        fails(run(option, Path::new("@name"), &["true"]), 64, "an abstract name cannot be shared");
    }
}

#[test]
fn something_else_by_the_name_of_the_shares() {
    let folder = Folder::new();
    std::fs::write(folder.path().join(".lock.shared"), "").expect("a file");
    for options in [&[][..], &["-n"], &["-s"], &["-sn"], &["--slots", "1"]] {
        fails(
            folder.run(options, &["true"]),
            73,
            ".lock.shared beside it has the name of its shares, but is not a FIFO",
        );
    }
}
