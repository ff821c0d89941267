//! `slocket status` of a lock that is shared.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::harness::{Folder, HOLD, hold, run, start, watch_for};
use crate::status::{json, text};

/// The report, once the tools' commands alone share what the tools have: the sentries are being started.
fn report(folder: &Folder, shares: usize) -> Value {
    let is_settled = |report: &Value| {
        let shares_now = report["shares"].as_array()?;
        let alone = |share: &Value| {
            share["shared_with"].as_array().is_some_and(|with| with.len() == 1 && with[0]["program"] == "sh")
        };
        (shares_now.len() == shares && shares_now.iter().all(alone)).then_some(())
    };
    watch_for("the shares to be seen", || Some(json(&folder.lock())).filter(|report| is_settled(report).is_some()))
}

#[test]
fn shared_locks_and_slots() {
    let folder = Folder::new();
    let lock = folder.lock();
    let mut tools = [&["--slots", "2"][..], &["--slots", "2"], &["-s"]].map(|options| hold(&folder, options));
    let report = report(&folder, 3);
    assert_eq!(report["state"], "shared");
    assert_eq!((report.get("holder"), &report["queue"]), (None, &json!([])), "{report}");
    for (share, (slot, tool)) in [(0, (None, 2)), (1, (Some(0), 0)), (2, (Some(1), 1))] {
        let share = &report["shares"][share];
        assert_eq!(share.get("slot").map(|slot| slot.as_u64().expect("a number")), slot, "{report}");
        assert_eq!((&share["pid"], &share["program"]), (&json!(tools[tool].id()), &json!("slocket")), "{report}");
        assert!(share["uid"].is_u64() && share["started"].is_u64(), "{report}");
    }
    let is_settled = |said: &String| said.matches("\n           with pid ").count() == 3;
    let said = watch_for("the text about it", || Some(text(&lock)).filter(is_settled));
    assert!(said.starts_with(&format!("{}: shared by 3 processes\n", lock.display())), "{said}");
    for (title, tool) in [("shared  ", 2), ("slot 0  ", 0), ("slot 1  ", 1)] {
        assert!(said.contains(&format!("\n  {title} by pid {} (slocket), ", tools[tool].id())), "{said}");
    }
    for tool in &mut tools {
        tool.tell();
        assert!(tool.status().success());
    }
    assert_eq!(json(&lock), json!({"lock": lock, "state": "free", "queue": []}));
    folder.assert_empty();
}

/// The first has the lock in hand, and holds it no more than the others.
#[test]
fn the_waiters() {
    let folder = Folder::new();
    let lock = folder.lock();
    let mut reader = hold(&folder, &["-s"]);
    let mut waiters = Vec::new();
    for count in 1..=3 {
        let options = if count == 1 { &["-q"][..] } else { &["-q", "-s"] };
        waiters.push(start(folder.run(options, &["true"])));
        watch_for("it does not queue", || (json(&lock)["queue"].as_array().map(Vec::len) == Some(count)).then_some(()));
    }
    let report = json(&lock);
    assert_eq!((&report["state"], &report["shares"][0]["pid"]), (&json!("shared"), &json!(reader.id())));
    assert!(report.get("holder").is_none() && report.get("since").is_none(), "{report}");
    let queue: Vec<_> = report["queue"].as_array().expect("an array").iter().map(|waiter| &waiter["pid"]).collect();
    assert_eq!(queue, waiters.iter().map(|waiter| json!(waiter.id())).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    let said = text(&lock);
    assert!(said.starts_with(&format!("{}: shared by pid {} (slocket), ", lock.display(), reader.id())), "{said}");
    assert!(said.contains(&format!("\n  waiting  1. pid {} (slocket), ", waiters[0].id())), "{said}");
    // No process holds it, and the next finds a dead socket.
    waiters[0].signal(Signal::KILL);
    waiters[0].status();
    let second = waiters[1].id();
    watch_for("the next does not come", || {
        (json(&lock)["queue"].as_array()?.iter().all(|w| w["pid"] != second)).then_some(())
    });
    assert_eq!(json(&lock)["state"], "shared");
    reader.tell();
    reader.assert_end(0, "", "");
    for waiter in waiters.into_iter().skip(1) {
        waiter.assert_end(0, "", "");
    }
    folder.assert_becomes_free();
}

#[test]
fn in_a_folder() {
    let folder = Folder::new();
    let other = folder.path().join("other");
    let mut tools = [start(run(&["-s"], &folder.lock(), &HOLD)), start(run(&["--slots", "2"], &other, &HOLD))];
    tools.iter().for_each(|tool| tool.expect_output("up"));
    let report = json(&folder.path());
    let locks: Vec<_> =
        report.as_array().expect("an array").iter().map(|lock| (&lock["lock"], &lock["state"])).collect();
    let shared = json!("shared");
    assert_eq!(locks, [(&json!(folder.lock()), &shared), (&json!(other), &shared)]);
    let said = text(&folder.path());
    assert!(said.lines().count() == 2 && said.lines().all(|line| line.contains(": shared by pid ")), "{said}");
    for tool in &mut tools {
        tool.tell();
        assert!(tool.status().success());
    }
    assert_eq!(json(&folder.path()), json!([]));
}

/// A killed process leaves its FIFO, which is not a share.
#[test]
fn a_fifo_that_is_left_is_not_a_share() {
    let folder = Folder::new();
    let mut tool = hold(&folder, &["-o", "--slots", "1"]);
    tool.signal(Signal::KILL);
    tool.status();
    assert!(folder.path().join(".lock.slot-0").exists());
    assert_eq!(text(&folder.lock()), format!("{}: free\n", folder.lock().display()));
    assert_eq!(json(&folder.path()), json!([]));
    folder.assert_free();
    folder.assert_empty();
    tool.tell();
}

#[test]
fn a_stopped_process() {
    let folder = Folder::new();
    let mut tool = start(folder.run(&["-s"], &["sh", "-c", "echo $$; read x"]));
    let command: i32 = tool.output_line().parse().expect("a pid");
    let pid = Pid::from_raw(command).expect("not 0");
    kill_process(pid, Signal::STOP).expect("it lives");
    let report = watch_for("it does not stop", || {
        Some(json(&folder.lock())).filter(|report| report["shares"][0]["shared_with"][0]["stopped"] == true)
    });
    assert_eq!(report["shares"][0]["shared_with"][0]["pid"], command, "{report}");
    let advice = format!(
        "pid {command} is stopped: kill -CONT {command} resumes it; if it is killed, the next waiter gets the lock"
    );
    let stopped = format!("with pid {command} (sh), stopped\n  next     {advice}\n");
    watch_for("the text to say so", || text(&folder.lock()).contains(&stopped).then_some(()));
    let (code, errors) = start(folder.run(&["-n"], &["true"])).end();
    let held = format!("shared by pid {} (slocket); pid {command} (sh) is stopped\n  {advice}\n", tool.id());
    assert!(code == Some(75) && errors.ends_with(&held), "{errors}");
    kill_process(pid, Signal::CONT).expect("it lives");
    tool.tell();
    tool.assert_end(0, "", "");
}
