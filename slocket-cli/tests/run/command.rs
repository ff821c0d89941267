//! The command: how it is started, what it gets, and its exit code.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;

use rustix::process::Signal;

use crate::harness::{Folder, HOLD, SLOCKET, hold, start};

#[test]
fn its_exit_code_is_ours() {
    let folder = Folder::new();
    for code in [0, 1, 7, 64, 75, 128, 255] {
        start(folder.run(&[], &["sh", "-c", &format!("exit {code}")])).assert_end(code, "", "");
        // The code for a held lock is not in play.
        start(folder.run(&["-E", "9"], &["sh", "-c", &format!("exit {code}")])).assert_end(code, "", "");
        folder.assert_empty();
    }
}

#[test]
fn killed_by_a_signal() {
    let folder = Folder::new();
    for (name, number) in [("KILL", 9), ("TERM", 15), ("SEGV", 11), ("USR1", 10)] {
        start(folder.run(&[], &["sh", "-c", &format!("ulimit -c 0; kill -{name} $$")])).assert_end(
            128 + number,
            "",
            "",
        );
        folder.assert_empty();
    }
}

/// Of SIGINT it dies as its command did: so a shell, to which ^C has come too, does not go on with its script.
#[test]
fn interrupted() {
    let folder = Folder::new();
    let mut tool = start(folder.run(&[], &["sh", "-c", "kill -INT $$"]));
    tool.assert_killed_by(Signal::INT);
    folder.assert_empty();
    // To a shell that is what it was.
    let script = format!("{SLOCKET} run lock sh -c 'kill -INT $$'; echo code $?");
    // To a shell that ignores nothing: the process that started the tests may ignore some.
    let mut shell = Command::new("env");
    shell.args(["--default-signal", "sh", "-c", &script]).current_dir(folder.path());
    start(shell).assert_end(0, "code 130\n", "");
}

#[test]
fn not_found_and_not_executable() {
    let folder = Folder::new();
    let file = folder.path().join("file");
    let file = file.to_str().expect("UTF-8");
    // Not by this process: what it has open to write is inherited by what other tests start, and cannot be run meanwhile.
    let written = Command::new("sh").args(["-c", "echo '#!/bin/sh' >\"$0\"", file]).status().expect("sh");
    assert!(written.success());
    for (command, code) in [
        ("slocket-test-no-such-command", 127),
        ("./no/such/command", 127),
        ("", 127),
        (file, 126),
        ("/", 126),
        (&*format!("{file}/x"), 126),
    ] {
        let mut run = folder.run(&[], &[command]);
        // A folder in it that may not be searched makes "no permission" of "not found".
        run.env("PATH", "/usr/bin:/bin");
        let (ended, errors) = start(run).end();
        assert_eq!(ended, Some(code), "{command}: {errors}");
        assert!(errors.starts_with(&format!("slocket: {command}: cannot run the command: ")), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        folder.assert_free();
    }
    fs::set_permissions(file, fs::Permissions::from_mode(0o700)).expect("it is ours");
    start(folder.run(&[], &[file])).assert_end(0, "", "");
}

/// As env, nohup and flock run it (execvp(3)).
#[test]
fn a_script_that_does_not_say_by_what() {
    let folder = Folder::new();
    let notes = Folder::new();
    let script = notes.path().join("script");
    let script = script.to_str().expect("UTF-8");
    let write = "echo 'echo \"$0\" \"$@\"; exit 7' >\"$0\"; chmod +x \"$0\"";
    assert!(Command::new("sh").args(["-c", write, script]).status().expect("sh").success());
    for option in ["--default-signal", "--ignore-signal=CHLD", "--ignore-signal=CHLD,PIPE"] {
        let mut run = Command::new("env");
        run.args([option, SLOCKET, "run"]).arg(folder.lock()).args([script, "a b", "c"]);
        start(run).assert_end(7, &format!("{script} a b c\n"), "");
        let mut found = Command::new("env");
        found.args([option, SLOCKET, "run"]).arg(folder.lock()).args(["script", "d"]);
        found.env("PATH", format!("/nowhere:{}:/usr/bin:/bin", notes.path().display()));
        start(found).assert_end(7, &format!("{script} d\n"), "");
        folder.assert_empty();
    }
}

#[test]
fn input_and_output_are_passed_through() {
    let folder = Folder::new();
    let bytes: Vec<u8> = (0..1_000_000u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
    let mut command = folder.run(&[], &["sh", "-c", "cat; echo error >&2"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut input = child.stdin.take().expect("piped");
    let sent = bytes.clone();
    let writer = thread::spawn(move || input.write_all(&sent));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("all was read");
    assert!(output.status.success());
    assert!(output.stdout == bytes, "{} bytes came back", output.stdout.len());
    assert_eq!(output.stderr, b"error\n");
    folder.assert_empty();
}

#[test]
fn input_may_be_closed_and_output_may_be_one_file() {
    let folder = Folder::new();
    let file = folder.path().join("out");
    let script = "exec \"$0\" run \"$1\" -- sh -c 'echo out; echo err >&2; read x || echo end' <&- >\"$2\" 2>&1";
    let mut command = Command::new("sh");
    command.args(["-c", script, SLOCKET]).arg(folder.lock()).arg(&file);
    start(command).assert_end(0, "", "");
    let mut written = String::new();
    fs::File::open(&file).and_then(|mut file| file.read_to_string(&mut written)).expect("it was written");
    assert!(written.starts_with("out\nerr\n") && written.ends_with("end\n"), "{written}");
}

#[test]
fn nothing_is_added_to_its_environment() {
    let folder = Folder::new();
    let mut command = folder.run(&[], &["/usr/bin/env"]);
    command.env_clear().env("ONLY", "this");
    start(command).assert_end(0, "ONLY=this\n", "");
}

#[test]
fn its_signals_are_as_usual() {
    let folder = Folder::new();
    // Rust programs ignore SIGPIPE; a command must not inherit that.
    let script = "sed -n 's/^Sig\\(Ign\\|Blk\\):[[:space:]]*//p' /proc/self/status";
    let expected = Command::new("env").args(["--default-signal", "sh", "-c", script]).output().expect("it starts");
    let expected = String::from_utf8(expected.stdout).expect("hexadecimal");
    assert_eq!(expected.lines().count(), 2, "{expected}");
    start(folder.run(&[], &["sh", "-c", script])).assert_end(0, &expected, "");
}

#[test]
fn its_arguments_are_its_own() {
    let folder = Folder::new();
    let lock = folder.lock();
    let say = |args: &[&str], expected: &str| {
        let mut command = Command::new(SLOCKET);
        command.arg("run").arg(&lock).args(args);
        start(command).assert_end(0, expected, "");
    };
    say(&["--", "echo", "-n", "-q", "--", "-w"], "-q -- -w");
    say(&["echo", "-n", "-q", "--", "-w"], "-q -- -w");
    say(&["printf", "<%s>", "--help", "", "a b", "--", "-E"], "<--help><><a b><--><-E>");
    say(&["-q", "-w1", "echo", "x"], "x\n");
}

#[test]
fn the_code_for_a_held_lock() {
    let folder = Folder::new();
    let mut holder = hold(&folder, &[]);
    for (options, code) in [
        (&["-n"][..], 75),
        (&["-n", "-E", "0"], 0),
        (&["-n", "-E255"], 255),
        (&["-w0", "-E", "3"], 3),
        (&["-w50ms"], 75),
    ] {
        let mut options = options.to_vec();
        options.push("-q");
        start(folder.run(&options, &["echo", "ran"])).assert_end(code, "", "");
    }
    holder.tell();
    holder.assert_end(0, "", "");
    // A free lock is had without waiting, however short the time.
    for options in [&["-n"][..], &["-w", "0"], &["-w", "1ms"], &["-w", "876000h"]] {
        start(folder.run(options, &["echo", "ran"])).assert_end(0, "ran\n", "");
    }
    folder.assert_empty();
}

#[test]
fn permissions_of_the_socket() {
    let folder = Folder::new();
    let lock = folder.lock();
    let lock = lock.to_str().expect("UTF-8");
    for (options, mode) in [
        ("", "1600"),
        ("--mode 0660", "1660"),
        ("--mode=666", "1666"),
        ("--mode 0640", "1640"),
        ("--mode 0777", "1777"),
    ] {
        for umask in ["000", "027", "777"] {
            let script = format!("umask {umask}; exec \"$0\" run {options} {lock} stat -c %a {lock}");
            let mut command = Command::new("sh");
            command.args(["-c", &script, SLOCKET]);
            start(command).assert_end(0, &format!("{mode}\n"), "");
        }
    }
    folder.assert_empty();
}

#[test]
fn relative_path_and_command_that_changes_the_folder() {
    let folder = Folder::new();
    let mut command = Command::new(SLOCKET);
    command.current_dir(folder.path()).args(["run", "lock"]).args(HOLD);
    let mut holder = start(command);
    holder.expect_output("up");
    folder.assert_held();
    holder.tell();
    holder.assert_end(0, "", "");
    folder.assert_empty();
}
