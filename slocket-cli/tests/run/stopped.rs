//! A stopped process (^Z, a debugger) that holds the lock is named: all others wait for it.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::harness::{Folder, Process, hold, start, watch_for};
use crate::status::json;

/// Whether a process is stopped.
fn is_stopped(pid: u32) -> Option<()> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" T")).then_some(())
}

#[track_caller]
fn stop(pid: u32) {
    kill_process(Pid::from_raw(pid.cast_signed()).expect("not 0"), Signal::STOP).expect("it lives");
    watch_for("it does not stop", || is_stopped(pid));
}

/// A waiter that is in the queue, and stopped.
#[track_caller]
fn stopped_waiter(folder: &Folder) -> Process {
    let waiter = start(folder.run(&["-q"], &["echo", "ran"]));
    watch_for("it does not queue", || {
        let report = json(&folder.lock());
        report["queue"].as_array().is_some_and(|queue| queue.iter().any(|who| who["pid"] == waiter.id())).then_some(())
    });
    stop(waiter.id());
    waiter
}

#[track_caller]
fn is_named(folder: &Folder, pid: u32, program: &str) {
    let held = format!("held by pid {pid} ({program}), which is stopped");
    let advice =
        format!("pid {pid} is stopped: kill -CONT {pid} resumes it; if it is killed, the next waiter gets the lock");
    let lock = folder.lock();
    for options in [&["-n"][..], &["-w", "100ms"]] {
        let (code, errors) = start(folder.run(options, &["true"])).end();
        assert!(code == Some(75) && errors.contains(&held) && errors.contains(&advice), "{options:?}: {errors}");
    }
    let waiter = start(folder.run(&[], &["true"]));
    assert_eq!(waiter.error_line(), format!("slocket: {}: waiting: {held}", lock.display()));
    drop(waiter);
    let report = json(&lock);
    assert_eq!((&report["holder"]["pid"], &report["holder"]["stopped"]), (&json!(pid), &json!(true)), "{report}");
    let said = crate::status::text(&lock);
    assert!(said.contains(&format!("held by pid {pid} ({program}), stopped, ")), "{said}");
    assert!(said.contains(&format!("\n  next     {advice}\n")), "{said}");
}

/// It was handed the lock, and does not know: the kernel still names the process that had it before.
#[test]
fn a_waiter_that_was_handed_the_lock() {
    let folder = Folder::new();
    let mut holder = hold(&folder, &[]);
    let waiter = stopped_waiter(&folder);
    let report = json(&folder.lock());
    assert_eq!(report["queue"][0]["stopped"], json!(true), "{report}");
    assert_eq!(report["holder"].get("stopped"), None, "{report}");
    holder.tell();
    holder.assert_end(0, "", "");
    is_named(&folder, waiter.id(), "slocket");
    waiter.signal(Signal::CONT);
    waiter.assert_end(0, "ran\n", "");
    folder.assert_becomes_free();
}

#[test]
fn a_holder() {
    let folder = Folder::new();
    let mut holder = hold(&folder, &["-o"]);
    stop(holder.id());
    is_named(&folder, holder.id(), "slocket");
    holder.signal(Signal::CONT);
    holder.tell();
    holder.assert_end(0, "", "");
}

#[test]
fn a_command_that_shares_the_lock() {
    let folder = Folder::new();
    let mut tool = start(folder.run(&[], &["sh", "-c", "echo $$; read x"]));
    let command: u32 = tool.output_line().parse().expect("a pid");
    stop(command);
    let held = format!("held by pid {} (slocket), and by pid {command} (sh), which is stopped", tool.id());
    let (code, errors) = start(folder.run(&["-n"], &["true"])).end();
    assert!(code == Some(75) && errors.contains(&held), "{errors}");
    // (A process of the tool's that is just being started shares it, too, until it runs its program.)
    let shared = json!([{"pid": command, "program": "sh", "stopped": true}]);
    watch_for("the command to share it alone", || {
        (json(&folder.lock())["holder"]["shared_with"] == shared).then_some(())
    });
    kill_process(Pid::from_raw(command.cast_signed()).expect("not 0"), Signal::CONT).expect("it lives");
    tool.tell();
    tool.assert_end(0, "", "");
}

/// The kernel does not tell which lock a process was handed: that two are stopped in one folder is said.
#[test]
fn two_waiters_that_were_handed_two_locks() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let second = folder.path().join("second");
    let wait_at = |lock: &std::path::Path| {
        let waiter = start(crate::harness::run(&["-q"], lock, &["echo", "ran"]));
        watch_for("it does not queue", || {
            let report = json(lock);
            report["queue"].as_array().is_some_and(|queue| !queue.is_empty()).then_some(())
        });
        stop(waiter.id());
        waiter
    };
    let mut waiters = Vec::new();
    for lock in [&folder.lock(), &second, &elsewhere.lock()] {
        let mut holder = start(crate::harness::run(&[], lock, &crate::harness::HOLD));
        holder.expect_output("up");
        waiters.push(wait_at(lock));
        holder.tell();
        holder.assert_end(0, "", "");
    }
    // In a folder of its own it is the only one.
    assert_eq!(json(&elsewhere.lock())["holder"]["pid"], waiters[2].id());
    let report = json(&folder.lock());
    let unseen = report["unseen"].to_string();
    assert_eq!((&report["state"], &report["holder"].get("pid")), (&json!("held"), &None), "{report}");
    for waiter in &waiters[..2] {
        assert!(unseen.contains(&format!("pid {} (slocket)", waiter.id())), "{report}");
    }
    assert!(!unseen.contains(&format!("pid {} ", waiters[2].id())), "{report}");
    for waiter in waiters {
        waiter.signal(Signal::CONT);
        waiter.assert_end(0, "ran\n", "");
    }
    folder.assert_becomes_free();
}
