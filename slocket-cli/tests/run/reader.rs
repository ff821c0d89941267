//! Standard error that is not read: a full pipe. A process that writes there stands still, and must not hold the lock.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::process::{Command, Stdio};

use rustix::io::ioctl_fionbio;

use crate::harness::{Folder, HOLD, watch_for};

/// A pipe that is full. (Its reading end is to be kept.)
fn full() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = io::pipe().expect("a pipe");
    ioctl_fionbio(&writer, true).expect("it can");
    while writer.write(&[0; 4096]).is_ok() {}
    while writer.write(&[0]).is_ok() {}
    ioctl_fionbio(&writer, false).expect("it can");
    (reader, writer)
}

fn unread(command: &mut Command) -> (std::process::Child, PipeReader) {
    let (reader, writer) = full();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(writer).spawn().expect("it starts");
    (child, reader)
}

/// The lock is free although the message stands.
#[test]
fn a_command_that_cannot_be_started() {
    let folder = Folder::new();
    let mut command = folder.run(&["-w", "60"], &["slocket-test-no-such-command"]);
    // A folder in it that may not be searched makes "no permission" of "not found".
    let (mut tool, reader) = unread(command.env("PATH", "/usr/bin:/bin"));
    // It writes.
    const WRITE: &str = if cfg!(target_arch = "x86_64") { "1 0x2 " } else { "64 0x2 " };
    let call = format!("/proc/{}/syscall", tool.id());
    watch_for("it writes nothing", || std::fs::read_to_string(&call).ok().filter(|call| call.starts_with(WRITE)));
    folder.assert_free();
    drop(reader);
    assert_eq!(tool.wait().expect("it ends").code(), Some(127));
}

/// What is said while the lock is held is not waited for.
#[test]
fn the_command_runs_and_the_tool_ends() {
    for (options, log, command) in [
        (&["--verbose"][..], "", &["true"][..]),
        (&[], "debug", &["true"]),
        (&[], "", &["sh", "-c", "exec 3<&0; (read x <&3) >/dev/null 2>&1 &"]),
    ] {
        let folder = Folder::new();
        let (mut tool, _reader) = unread(folder.run(options, command).env("SLOCKET_LOG", log));
        let ended = watch_for("it does not end", || tool.try_wait().expect("a child"));
        assert_eq!(ended.code(), Some(0), "{options:?} {log}");
        drop(tool.stdin.take());
        folder.assert_becomes_free();
    }
}

#[test]
fn a_waiter_goes_on() {
    let folder = Folder::new();
    let mut holder = crate::harness::start(folder.run(&[], &HOLD));
    holder.expect_output("up");
    let (mut tool, _reader) = unread(&mut folder.run(&[], &["true"]));
    // Another says that it waits: the first one's line stands by then.
    crate::harness::start(folder.run(&["-w", "60"], &["true"])).error_line();
    holder.tell();
    let ended = watch_for("it does not end", || tool.try_wait().expect("a child"));
    assert_eq!(ended.code(), Some(0));
    holder.assert_end(0, "", "");
}
