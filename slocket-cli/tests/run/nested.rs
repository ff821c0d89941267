//! A command that takes the lock that it runs under waits for itself.

use crate::harness::{Folder, SLOCKET, start};

const DEADLOCK: &str = "(slocket), inside of which this runs: a deadlock";
const ADVICE: &str = "take the lock once, outside: the commands inside have it already";

#[test]
fn a_tool_that_waits_for_itself_is_told() {
    for outer in [&[][..], &["-o"]] {
        for (inner, code) in [(&["-n"][..], 75), (&["-w", "50ms"], 75)] {
            let folder = Folder::new();
            let lock = folder.lock();
            let nested = [&[SLOCKET, "run"], inner, &[lock.to_str().expect("UTF-8"), "true"]].concat();
            let tool = start(folder.run(outer, &nested));
            let held = format!("held by pid {} {DEADLOCK}", tool.id());
            let (ended, errors) = tool.end();
            assert!(ended == Some(code) && errors.contains(&held) && errors.contains(ADVICE), "{outer:?}: {errors}");
            folder.assert_empty();
        }
    }
}

#[test]
fn while_the_tool_waits() {
    for inner in ["run", "wait"] {
        let folder = Folder::new();
        let script = "\"$0\" \"$1\" \"$2\" true & read x; kill $!; wait";
        let script = if inner == "run" { script } else { "\"$0\" \"$1\" \"$2\" & read x; kill $!; wait" };
        let lock = folder.lock();
        let mut tool = start(folder.run(&[], &["sh", "-c", script, SLOCKET, inner, lock.to_str().expect("UTF-8")]));
        let line = tool.error_line();
        assert!(
            line.contains(&format!("held by pid {} ", tool.id())) && line.contains(&DEADLOCK["(slocket)".len()..]),
            "{line}"
        );
        tool.tell();
        tool.status();
    }
}

/// A daemon that the command left behind keeps the lock, if it does not know about it.
#[test]
fn a_daemon_that_was_left_the_lock_waits_for_itself() {
    let folder = Folder::new();
    let script = "exec 3<&0; (read x <&3; exec \"$0\" run -n \"$1\" true) & exit 0";
    let lock = folder.lock();
    let mut tool = start(folder.run(&["-q"], &["sh", "-c", script, SLOCKET, lock.to_str().expect("UTF-8")]));
    assert_eq!(tool.status().code(), Some(0));
    tool.tell();
    let line = tool.error_line();
    assert!(line.contains("held by pid ") && line.contains(DEADLOCK), "{line}");
}
