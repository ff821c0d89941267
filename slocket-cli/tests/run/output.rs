//! Help, version, and standard error in every condition.

use std::fs::OpenOptions;
use std::io;
use std::process::{Command, Stdio};

use crate::harness::{Folder, SLOCKET, hold, start};

fn slocket(args: &[&str]) -> Command {
    let mut command = Command::new(SLOCKET);
    command.args(args);
    command
}

fn output(mut command: Command) -> (Option<i32>, String, String) {
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn help_and_version() {
    let (code, text, errors) = output(slocket(&["--version"]));
    assert_eq!((code, &*text, &*errors), (Some(0), concat!("slocket ", env!("CARGO_PKG_VERSION"), "\n"), ""));
    for args in [&["--help"][..], &["-h"], &["help"], &["run", "--help"], &["run", "-h"], &["help", "run"]] {
        let (code, text, errors) = output(slocket(args));
        assert_eq!((code, &*errors), (Some(0), ""), "{args:?}");
        assert!(text.contains("Usage: slocket "), "{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{args:?}: {line}");
        }
    }
    let (_, help, _) = output(slocket(&["run", "--help"]));
    for needed in
        ["Exit codes:", "   64  ", "   71  ", "   73  ", "   75  ", "   77  ", "  126  ", "  127  ", "Examples:"]
    {
        assert!(help.contains(needed), "{needed:?} is missing in {help}");
    }
}

/// Every example of the help is accepted by the parser: it fails for want of its folder or its command, not of sense.
#[test]
fn the_examples_of_the_help() {
    let (_, help, _) = output(slocket(&["run", "--help"]));
    let examples: Vec<&str> = help.lines().filter_map(|line| line.trim().strip_prefix("slocket run ")).collect();
    assert_eq!(examples.len(), 7, "{help}");
    for example in examples {
        let script = example.replace("/run/", "/missing/").replace("/srv/", "/missing/");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec \"$0\" run {script}"), SLOCKET]);
        // A folder in it that may not be searched makes "no permission" of "not found".
        command.env("PATH", "/usr/bin:/bin");
        let (code, _, errors) = output(command);
        // An abstract name has no folder that could be missing.
        let expected = if example.starts_with('@') { 127 } else { 73 };
        assert_eq!(code, Some(expected), "{example}: {errors}");
    }
}

#[test]
fn plain_text_whatever_the_colours_are_set_to() {
    let folder = Folder::new();
    let _holder = hold(&folder, &[]);
    for (name, value) in [("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1"), ("TERM", "xterm-256color")] {
        for args in [&["-w", "x", "y"][..], &["-n"]] {
            let mut command = folder.run(args, &["true"]);
            command.env(name, value);
            let (code, text, errors) = output(command);
            assert!(matches!(code, Some(64 | 75)), "{errors}");
            assert!(!errors.is_empty() && !errors.contains('\x1b') && text.is_empty(), "{errors:?}");
        }
    }
    let mut command = slocket(&["run", "--help"]);
    command.env("NO_COLOR", "1");
    assert!(!output(command).1.contains('\x1b'));
}

/// The exit code is what it would be if a process read the output.
#[test]
fn standard_error_is_not_read() {
    let folder = Folder::new();
    let _holder = hold(&folder, &[]);
    for (options, code) in [(&["-n"][..], 75), (&["-w", "10ms"], 75), (&["-w", "nan"], 64)] {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let full = OpenOptions::new().write(true).open("/dev/full").expect("it exists");
        for errors in [Stdio::from(writer), Stdio::from(full), Stdio::null()] {
            let status = folder.run(options, &["true"]).stderr(errors).status().expect("it starts");
            assert_eq!(status.code(), Some(code), "{options:?}");
        }
        let mut closed = Command::new("sh");
        closed.args(["-c", "exec \"$@\" 2>&-", "sh", SLOCKET, "run"]).args(options).arg(folder.lock()).arg("true");
        start(closed).assert_end(code, "", "");
    }
}

#[test]
fn the_help_is_not_read() {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let status = slocket(&["run", "--help"]).stdout(writer).status().expect("it starts");
    assert_eq!(status.code(), Some(0));
}
