//! What is refused before anything is done: exit code 64, the reason, and nothing else happens.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::harness::{Folder, SLOCKET, start};

/// The arguments stand after `slocket run`; `LOCK` is the path of a free lock.
#[track_caller]
fn refused(args: &[&str], reason: &str) {
    let folder = Folder::new();
    let lock = folder.lock();
    let lock = lock.to_str().expect("UTF-8");
    let mut command = Command::new(SLOCKET);
    command.arg("run").args(args.iter().map(|&arg| if arg == "LOCK" { lock } else { arg }));
    let (code, errors) = start(command).end();
    assert_eq!(code, Some(64), "{args:?}: {errors}");
    assert!(errors.starts_with("slocket: ") && errors.contains(reason), "{args:?}: {errors}");
    folder.assert_empty();
}

#[test]
fn durations() {
    for duration in ["-1", "-1s", "-0.5"] {
        refused(&["-w", duration, "LOCK", "--", "echo", "ran"], "cannot be negative");
    }
    for duration in ["1e400", "1e3", "nan", "inf", "-inf", "infinity", "abc", "1d", "1 s", "+1", ".", "0x1"] {
        refused(&["-w", duration, "LOCK", "--", "echo", "ran"], "not a duration");
    }
    for duration in ["18446744073709551615", "18446744073709551617", "18446744073709551617ms", "9999999h"] {
        refused(&["-w", duration, "LOCK", "--", "echo", "ran"], "too long");
    }
    refused(&["-w", "", "LOCK", "--", "echo", "ran"], "the duration is empty");
    refused(&["--wait=-1", "LOCK", "--", "echo", "ran"], "cannot be negative");
    refused(&["-w"], "a value is required");
}

#[test]
fn exit_codes() {
    for code in ["600", "256", "-1"] {
        refused(&["-E", code, "LOCK", "--", "echo", "ran"], "not in 0..=255");
    }
    for code in ["", "x", "1.0", "0x1", "18446744073709551616"] {
        refused(&["-E", code, "LOCK", "--", "echo", "ran"], "invalid value");
    }
}

#[test]
fn modes() {
    for mode in ["", "-1", "8", "1000", "01777", "rw-rw----", "0o660", "+660", "37777777777660"] {
        refused(&["--mode", mode, "LOCK", "--", "echo", "ran"], "not permissions in octal");
    }
}

#[test]
fn a_path_that_is_not_a_locks() {
    refused(&["", "--", "echo", "ran"], "the path of the lock is empty");
    refused(&["/", "--", "echo", "ran"], "cannot name a lock");
    refused(&["..", "--", "echo", "ran"], "cannot name a lock");
}

#[test]
fn what_is_missing_or_too_much() {
    refused(&[], "required arguments were not provided");
    refused(&["LOCK"], "required arguments were not provided");
    refused(&["LOCK", "--"], "required arguments were not provided");
    refused(&["-n", "-w", "1", "LOCK", "--", "echo", "ran"], "cannot be used with");
    refused(&["-w", "1", "-w", "2", "LOCK", "--", "echo", "ran"], "multiple times");
    refused(&["--frobnicate", "LOCK", "--", "echo", "ran"], "unexpected argument");
}

#[test]
fn no_subcommand_and_a_wrong_one() {
    let (code, errors) = start(Command::new(SLOCKET)).end();
    assert_eq!(code, Some(64));
    assert!(errors.contains("Usage: slocket <COMMAND>"), "{errors}");
    let mut command = Command::new(SLOCKET);
    command.arg("walk");
    let (code, errors) = start(command).end();
    assert_eq!(code, Some(64));
    assert!(errors.starts_with("slocket: unrecognized subcommand 'walk'"), "{errors}");
}

#[test]
fn a_usage_error_is_told_before_the_path_is_looked_at() {
    let folder = Folder::new();
    symlink("lock", folder.lock()).expect("a loop");
    let (code, errors) = start(folder.run(&["-w", "nan"], &["true"])).end();
    assert_eq!(code, Some(64), "{errors}");
}
