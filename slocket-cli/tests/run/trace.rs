//! What the lock does, for a user who asks.

use crate::harness::{Folder, start};

#[test]
fn each_step_is_shown() {
    let folder = Folder::new();
    let mut command = folder.run(&[], &["true"]);
    command.env("SLOCKET_LOG", "slocket=debug");
    let (code, errors) = start(command).end();
    assert_eq!(code, Some(0), "{errors}");
    let span = format!("slocket{{path={}}}", folder.lock().display());
    assert!(errors.lines().all(|line| line.contains(&span)), "{errors}");
    let steps = [
        "event=Request(Acquire",
        "call=Bind(Lock, Path)",
        "call=Listen",
        "report=Acquired",
        "event=Request(Release)",
        "call=Unlink(Lock)",
        "report=Released",
    ];
    let mut lines = errors.lines();
    for step in steps {
        assert!(lines.any(|line| line.contains(step)), "{step} is missing, or too early: {errors}");
    }
}

#[test]
fn nothing_is_shown_unasked() {
    for level in ["", "warn", "other=debug"] {
        let folder = Folder::new();
        let mut command = folder.run(&[], &["true"]);
        command.env("SLOCKET_LOG", level);
        start(command).assert_end(0, "", "");
    }
}

#[test]
fn a_word_that_is_not_a_level_is_said_and_the_command_runs() {
    let folder = Folder::new();
    let mut command = folder.run(&[], &["true"]);
    command.env("SLOCKET_LOG", "slocket=loud");
    let (code, errors) = start(command).end();
    assert_eq!(code, Some(0), "{errors}");
    assert!(errors.starts_with("slocket: SLOCKET_LOG: ") && errors.lines().count() == 1, "{errors}");
}

/// It is the command's.
#[test]
fn rust_log_is_not_ours() {
    for value in ["slocket=debug", "slocket=loud"] {
        let folder = Folder::new();
        let mut command = folder.run(&[], &["sh", "-c", "echo $RUST_LOG"]);
        command.env("RUST_LOG", value);
        start(command).assert_end(0, &format!("{value}\n"), "");
    }
}
