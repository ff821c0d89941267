//! Users who share a lock by shared locks and slots.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Process, fails, start};
use crate::status;
use crate::users::{ONE, OTHER, Shared, can_be_other_users};

impl Shared {
    fn lock(&self) -> PathBuf {
        self.folder.path().join("shared/lock")
    }

    /// What `status --json` says to that user.
    fn status_as(&self, uid: u32) -> Value {
        let mut command = Command::new(self.folder.path().join("slocket"));
        command.args(["status", "--json"]).arg(self.lock()).uid(uid).gid(uid);
        serde_json::from_str(&status::said(command)).expect("JSON")
    }

    #[track_caller]
    fn wait_as(&self, uid: u32, code: i32, options: &[&str]) {
        let mut command = Command::new(self.folder.path().join("slocket"));
        command.args(["wait", "-q", "-w0"]).args(options).arg(self.lock()).uid(uid).gid(uid);
        assert_eq!(start(command).status().code(), Some(code), "{options:?}");
    }
}

#[track_caller]
fn end(mut process: Process) {
    process.tell();
    process.assert_end(0, "", "");
}

#[test]
fn readers_of_two_users_and_a_writer() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o777);
    let readers = [ONE, OTHER].map(|uid| shared.hold_as(uid, &["-s", "--mode", "0666"]));
    let report = status::json(&shared.lock());
    let seen = [0, 1].map(|n| (&report["shares"][n]["pid"], &report["shares"][n]["uid"]));
    let expected = [(&json!(readers[0].id()), &json!(ONE)), (&json!(readers[1].id()), &json!(OTHER))];
    assert_eq!(seen, expected, "{report}");
    let held = format!("shared by pid {} (slocket)", readers[1].id());
    fails(shared.run_as(OTHER, &["-n", "--mode", "0666"], &["true"]), 75, &held);
    let writer = start(shared.run_as(OTHER, &["--mode", "0666"], &["echo", "ran"]));
    assert!(writer.error_line().contains(&format!("waiting: {held}")));
    readers.into_iter().for_each(end);
    writer.assert_end(0, "ran\n", "");
    shared.assert_empty();
}

#[test]
fn slots_of_two_users() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o777);
    let options = ["--slots", "1", "--mode", "0666"];
    let holder = shared.hold_as(ONE, &options);
    let report = shared.status_as(OTHER);
    assert_eq!((&report["state"], &report["shares"]), (&json!("shared"), &json!([{"slot": 0}])), "{report}");
    assert!(report["unseen"][0].as_str().is_some_and(|unseen| unseen.contains("only root may look")), "{report}");
    let unseen = "shared by a process that cannot be seen from here in slot 0";
    fails(shared.run_as(OTHER, &[&options[..], &["-n"]].concat(), &["true"]), 75, unseen);
    shared.wait_as(OTHER, 75, &["--slots", "1"]);
    shared.wait_as(OTHER, 0, &["--slots", "2"]);
    let waiter = start(shared.run_as(OTHER, &options, &["echo", "ran"]));
    assert!(waiter.error_line().contains(&format!("waiting: {unseen}")));
    end(holder);
    waiter.assert_end(0, "ran\n", "");
    shared.assert_empty();
}

/// Others may not look at what is made without a mode for them.
#[test]
fn the_shares_of_another_user() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o777);
    let holder = shared.hold_as(ONE, &["-s"]);
    let no_permission = "no permission to open its shares (.lock.shared), which belong to uid 65533";
    for options in [&["-s"][..], &["-sn"], &["-n"], &[], &["-w", "60", "-q"]] {
        fails(shared.run_as(OTHER, options, &["true"]), 77, no_permission);
    }
    let report = shared.status_as(OTHER);
    assert_eq!((&report["state"], report.get("shares")), (&json!("unknown"), None), "{report}");
    assert!(report["unseen"][0].as_str().is_some_and(|unseen| unseen.contains("whether it is shared")), "{report}");
    shared.wait_as(OTHER, 77, &[]);
    end(holder);
    shared.assert_empty();
}

#[test]
fn the_shares_of_a_user_who_is_not_trusted() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o777);
    let holder = shared.hold_as(ONE, &["-s", "--mode", "0666"]);
    for options in [&["-s"][..], &["-sn"], &["-n"], &["-w", "60", "-q"]] {
        let reason = "its shares (.lock.shared) belong to uid 65533, neither you nor root";
        fails(shared.run_as(OTHER, options, &["true"]), 77, reason);
    }
    end(holder);
    shared.assert_empty();
}

/// In a sticky folder no other user can remove it: then a process that looks for shares would not know of any.
#[test]
fn a_stranger_that_makes_the_fifo_of_shares() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o1777);
    for (make, reason) in [
        ("mkfifo", "its shares (.lock.shared) belong to uid 65533, neither you nor root"),
        ("touch", ".lock.shared beside it has the name of its shares, but is not a FIFO"),
    ] {
        let by_stranger = |program: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("umask 0; {program} \"$0\"")]);
            command.arg(shared.folder.path().join("shared/.lock.shared")).uid(ONE).gid(ONE);
            assert!(command.status().expect("it starts").success());
        };
        by_stranger(make);
        let code = if make == "mkfifo" { 77 } else { 73 };
        for options in [&["--slots", "2"][..], &["-n", "--slots", "2"], &["-s"], &[]] {
            fails(shared.run_as(OTHER, options, &["true"]), code, reason);
        }
        by_stranger("rm");
    }
    // A sharer's own FIFO shows its share: another user cannot remove that one.
    let holder = shared.hold_as(OTHER, &["--slots", "2", "--mode", "0666"]);
    let mut remove = Command::new("rm");
    remove.arg("-f").arg(shared.folder.path().join("shared/.lock.shared")).uid(ONE).gid(ONE);
    assert!(!remove.stderr(Stdio::null()).status().expect("it starts").success());
    fails(shared.run_as(OTHER, &["-n"], &["true"]), 75, "shared by pid ");
    end(holder);
    shared.assert_empty();
}

/// A user who may write to the lock can have a share without the queue.
#[test]
fn a_user_who_opens_the_fifo_without_a_tool() {
    if !can_be_other_users() {
        return;
    }
    let shared = Shared::new(0o755);
    let folder = shared.folder.path().join("shared");
    std::os::unix::fs::chown(&folder, Some(ONE), Some(ONE)).expect("root");
    let reader = shared.hold_as(ONE, &["-s", "--mode", "0666"]);
    let mut command = Command::new("sh");
    command.args(["-c", "exec 3<> .lock.shared; echo up; read x"]).current_dir(&folder).uid(OTHER).gid(OTHER);
    let other = start(command);
    other.expect_output("up");
    end(reader);
    let held = "shared by a process that cannot be seen from here";
    fails(shared.run_as(ONE, &["-n"], &["true"]), 75, held);
    let by_root = format!("shared by pid {} (sh)", other.id());
    fails(shared.run(&["-n", "--mode", "0666"], &["true"]), 75, &by_root);
    let writer = start(shared.run_as(ONE, &[], &["echo", "ran"]));
    assert!(writer.error_line().contains(&format!("waiting: {held}")));
    end(other);
    writer.assert_end(0, "ran\n", "");
    shared.assert_empty();
}
