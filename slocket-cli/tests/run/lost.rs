//! A lock that is lost while the command runs: a user removed or replaced its socket.

use std::fs;

use crate::harness::{Folder, hold, start};

fn message(folder: &Folder) -> String {
    format!(
        "slocket: {}: the lock was lost: its socket is no longer at the path\n  another command may have run at the same time; \
         do not remove or rename the socket of a lock\n",
        folder.lock().display()
    )
}

/// It is told by the exit code, unless the command failed by itself.
#[test]
fn a_lock_that_was_lost_is_told() {
    for options in [&[][..], &["-o"], &["-q"], &["-n", "-E0"]] {
        for (code, expected) in [(0, 76), (1, 1), (75, 75)] {
            let folder = Folder::new();
            let lock = folder.lock();
            let script = format!("rm {}; exit {code}", lock.display());
            start(folder.run(options, &["sh", "-c", &script])).assert_end(expected, "", &message(&folder));
            folder.assert_empty();
        }
    }
}

#[test]
fn the_others_lock_is_left_alone() {
    let folder = Folder::new();
    let mut first = hold(&folder, &[]);
    fs::remove_file(folder.lock()).expect("ours");
    let mut second = hold(&folder, &[]);
    first.tell();
    first.assert_end(76, "", &message(&folder));
    folder.assert_held();
    second.tell();
    second.assert_end(0, "", "");
    folder.assert_empty();
}

#[test]
fn a_lock_that_is_kept_by_a_process_left_behind_and_lost() {
    let folder = Folder::new();
    let script = format!("exec 3<&0; rm {}; (read x <&3) >/dev/null 2>&1 &", folder.lock().display());
    let mut tool = start(folder.run(&["-q"], &["sh", "-c", &script]));
    assert_eq!(tool.status().code(), Some(76));
    tool.close_input();
    tool.assert_end(76, "", &message(&folder));
}
