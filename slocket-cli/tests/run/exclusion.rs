//! One at a time.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixListener;

use crate::harness::{Folder, set_mark, start};

#[test]
fn twenty_increments_are_all_counted() {
    let folder = Folder::new();
    let counters = Folder::new();
    let counter = counters.path().join("counter");
    fs::write(&counter, "0\n").expect("a file");
    let counter_name = counter.to_str().expect("UTF-8");
    let script = format!("read n <{counter_name}; n=$((n+1)); echo $n >{counter_name}");
    let runs: Vec<_> = (0..20).map(|_| start(folder.run(&["-q"], &["sh", "-c", &script]))).collect();
    for run in runs {
        run.assert_end(0, "", "");
    }
    assert_eq!(fs::read_to_string(&counter).expect("it is there"), "20\n");
    folder.assert_empty();
}

#[test]
fn of_many_that_do_not_wait_those_that_ran_never_met() {
    let folder = Folder::new();
    let inside = Folder::new();
    let inside_name = inside.path().join("inside");
    let inside_name = inside_name.to_str().expect("UTF-8");
    // mkdir fails if another process is in there.
    let script = format!("mkdir {inside_name} && rmdir {inside_name}");
    let runs: Vec<_> = (0..20).map(|_| start(folder.run(&["-nq"], &["sh", "-c", &script]))).collect();
    let codes: Vec<_> = runs.into_iter().map(|run| run.end()).collect();
    assert!(codes.iter().all(|(code, _)| matches!(code, Some(0 | 75))), "{codes:?}");
    assert!(codes.iter().any(|(code, _)| *code == Some(0)), "{codes:?}");
    folder.assert_empty();
}

/// A job that tries every second does not fill the queue of one that takes hours.
#[test]
fn a_tool_that_does_not_wait_is_not_in_the_queue() {
    let folder = Folder::new();
    let holder = UnixListener::bind(folder.lock()).expect("a socket");
    set_mark(&folder.lock(), true);
    holder.set_nonblocking(true).expect("it can");
    start(folder.run(&["-nq"], &["true"])).assert_end(75, "", "");
    let (code, errors) = start(folder.run(&["-n"], &["true"])).end();
    assert!(code == Some(75) && errors.contains(&format!("held by pid {}", std::process::id())), "{errors}");
    assert_eq!(holder.accept().expect_err("no client comes").kind(), ErrorKind::WouldBlock);
}

/// Nor does it look at every process of the machine, if it is not to name the holder.
#[test]
fn a_tool_that_says_nothing_looks_at_no_process() {
    if !crate::harness::has("strace") {
        return;
    }
    let (folder, notes) = (Folder::new(), Folder::new());
    let _holder = crate::harness::hold(&folder, &[]);
    for (options, looks) in [("-n", true), ("-nq", false)] {
        let log = notes.path().join("log");
        let mut command = std::process::Command::new("strace");
        command.args(["-f", "-e", "trace=openat", "-o"]).arg(&log).args([crate::harness::SLOCKET, "run", options]);
        let (code, errors) = start({
            command.arg(folder.lock()).arg("true");
            command
        })
        .end();
        assert_eq!(code, Some(75), "{errors}");
        let log = fs::read_to_string(&log).expect("a log");
        assert_eq!(log.contains("\"/proc\","), looks, "{options}: {log}");
    }
}
