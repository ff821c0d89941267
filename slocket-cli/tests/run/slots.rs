//! `slocket run --slots N`: at most N commands run at once, and each knows the number of its slot.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Folder, Process, SLOCKET, fails, has, run, start, watch_for};
use crate::status::json;

/// Says the number of its slot, and ends when it reads a line.
const SLOT: [&str; 3] = ["sh", "-c", "echo ${SLOCKET_SLOT-none}; read x"];

/// Starts a command in a slot, which must be that one.
#[track_caller]
fn take(folder: &Folder, options: &[&str], slot: &str) -> Process {
    let tool = start(folder.run(options, &SLOT));
    tool.expect_output(slot);
    tool
}

/// Waits until so many wait, and returns their pids in order.
fn waiters(folder: &Folder, count: usize) -> Vec<Value> {
    watch_for("they do not queue", || {
        let report = json(&folder.lock());
        let queue = report["queue"].as_array().filter(|queue| queue.len() == count)?;
        Some(queue.iter().map(|waiter| waiter["pid"].clone()).collect())
    })
}

#[test]
fn no_more_than_that_at_once_and_the_lowest_free_slot_first() {
    let folder = Folder::new();
    let mut zero = take(&folder, &["--slots", "2"], "0");
    let mut one = take(&folder, &["-n", "--slots=2"], "1");
    let held = format!("shared by pid {} (slocket) in slot 0, pid {} (slocket) in slot 1", zero.id(), one.id());
    let message = format!("slocket: {}: {held}\n", folder.lock().display());
    start(folder.run(&["-n", "--slots", "2"], &SLOT)).assert_end(75, "", &message);
    start(folder.run(&["-nqE9", "--slots", "2"], &SLOT)).assert_end(9, "", "");
    let message = format!(
        "slocket: {}: not free within 50ms\n  {held}\n  wait longer, or see what those processes are busy with\n",
        folder.lock().display()
    );
    start(folder.run(&["-w", "50ms", "--slots", "2"], &SLOT)).assert_end(75, "", &message);
    let mut waiter = start(folder.run(&["--slots", "2"], &SLOT));
    assert_eq!(waiter.error_line(), format!("slocket: {}: waiting: {held}", folder.lock().display()));
    zero.tell();
    zero.assert_end(0, "", "");
    waiter.expect_output("0");
    for tool in [&mut one, &mut waiter] {
        tool.tell();
        assert!(tool.status().success());
    }
    folder.assert_empty();
}

/// It has the lock in hand, and passes it on first: those behind it keep their order.
#[test]
fn the_first_in_line_dies_of_a_signal_and_delays_no_other() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let folder = Folder::new();
        let mut holder = take(&folder, &["--slots", "1"], "0");
        let mut behind: Vec<Process> = Vec::new();
        for count in 1..=5 {
            behind.push(start(folder.run(&["-q", "--slots", "1"], &SLOT)));
            waiters(&folder, count);
        }
        let mut first = behind.remove(0);
        first.signal(signal);
        first.assert_killed_by(signal);
        let pids: Vec<_> = behind.iter().map(|tool| Value::from(tool.id())).collect();
        assert_eq!(waiters(&folder, 4), pids, "{signal:?}");
        // And if no process is behind it, nothing is left.
        while let Some(mut last) = behind.pop() {
            last.signal(signal);
            last.assert_killed_by(signal);
        }
        holder.tell();
        holder.assert_end(0, "", "");
        folder.assert_empty();
    }
}

#[test]
fn each_takes_a_slot_below_its_own_number() {
    let folder = Folder::new();
    let mut zero = take(&folder, &["--slots", "1"], "0");
    let mut one = take(&folder, &["--slots", "3"], "1");
    start(folder.run(&["-nq", "--slots", "1"], &SLOT)).assert_end(75, "", "");
    zero.tell();
    zero.assert_end(0, "", "");
    let mut again = take(&folder, &["-n", "--slots", "1"], "0");
    for tool in [&mut again, &mut one] {
        tool.tell();
        assert!(tool.status().success());
    }
    folder.assert_empty();
}

/// A process that takes the lock itself waits for all slots; shared locks and slots do not exclude each other.
#[test]
fn beside_others_of_the_lock() {
    let folder = Folder::new();
    let mut slot = take(&folder, &["--slots", "1"], "0");
    let mut reader = take(&folder, &["-s"], "none");
    let held = format!("shared by pid {} (slocket), pid {} (slocket) in slot 0", reader.id(), slot.id());
    let writer = start(folder.run(&[], &["echo", "ran"]));
    assert_eq!(writer.error_line(), format!("slocket: {}: waiting: {held}", folder.lock().display()));
    let message =
        format!("slocket: {}: {held}, for which pid {} (slocket) waits first\n", folder.lock().display(), writer.id());
    start(folder.run(&["-n", "--slots", "2"], &SLOT)).assert_end(75, "", &message);
    for tool in [&mut slot, &mut reader] {
        tool.tell();
        assert!(tool.status().success());
    }
    writer.assert_end(0, "ran\n", "");
    folder.assert_empty();
}

#[test]
fn the_slot_of_a_tool_that_is_killed_goes_to_the_first_in_line() {
    let folder = Folder::new();
    let mut slots: Vec<_> = (0..3).map(|slot| take(&folder, &["-o", "--slots", "3"], &slot.to_string())).collect();
    let mut first = start(folder.run(&["-q", "--slots", "3"], &SLOT));
    waiters(&folder, 1);
    let mut second = start(folder.run(&["-q", "--slots", "3"], &SLOT));
    assert_eq!(waiters(&folder, 2), [first.id(), second.id()]);
    for (slot, waiter) in [(1, &first), (0, &second)] {
        slots[slot].signal(Signal::KILL);
        slots[slot].assert_killed_by(Signal::KILL);
        waiter.expect_output(&slot.to_string());
    }
    for tool in [&mut slots[2], &mut first, &mut second] {
        tool.tell();
        assert!(tool.status().success());
    }
    folder.assert_empty();
}

#[test]
fn the_command_keeps_its_slot_when_the_tool_is_killed() {
    let folder = Folder::new();
    let mut tool = take(&folder, &["--slots", "1"], "0");
    tool.signal(Signal::KILL);
    tool.assert_killed_by(Signal::KILL);
    start(folder.run(&["-nq", "--slots", "1"], &SLOT)).assert_end(75, "", "");
    let mut waiter = start(folder.run(&["-q", "--slots", "1"], &SLOT));
    waiters(&folder, 1);
    tool.tell();
    waiter.expect_output("0");
    waiter.tell();
    waiter.assert_end(0, "", "");
    folder.assert_empty();
}

#[test]
fn the_number_of_the_slot_is_the_commands() {
    let folder = Folder::new();
    let other = folder.path().join("other");
    let other = other.to_str().expect("UTF-8");
    let say = "echo ${SLOCKET_SLOT-none}";
    let _zero = take(&folder, &["--slots", "2"], "0");
    for (inner, said) in [(&[][..], "1"), (&["-s"], "1"), (&["--slots", "1"], "0")] {
        let inner = [&[SLOCKET, "run"], inner, &[other, "sh", "-c", say]].concat();
        start(folder.run(&["--slots", "2"], &inner)).assert_end(0, &format!("{said}\n"), "");
    }
    // (A shell would take one of two.)
    let mut outside = run(&["--slots", "1"], Path::new(other), &["env"]);
    let output = outside.env("SLOCKET_SLOT", "7").stdin(Stdio::null()).output().expect("it starts");
    let variables = String::from_utf8_lossy(&output.stdout).into_owned();
    let slots: Vec<_> = variables.lines().filter(|line| line.starts_with("SLOCKET_SLOT=")).collect();
    assert_eq!(slots, ["SLOCKET_SLOT=0"]);
    let mut plain = run(&["-o"], Path::new(other), &["sh", "-c", say]);
    plain.env_remove("SLOCKET_SLOT");
    start(plain).assert_end(0, "none\n", "");
}

/// A tool that ignores SIGCHLD has its command started in another way.
#[test]
fn the_number_where_the_end_of_children_is_ignored() {
    let folder = Folder::new();
    let mut command = Command::new("env");
    command.args(["--ignore-signal=CHLD", SLOCKET, "run", "--slots", "1"]).arg(folder.lock());
    command.args(["sh", "-c", "echo $SLOCKET_SLOT"]);
    start(command).assert_end(0, "0\n", "");
}

#[test]
fn as_many_as_there_are_processors() {
    if !has("taskset") {
        return;
    }
    let folder = Folder::new();
    let status = fs::read_to_string("/proc/self/status").expect("mounted");
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("a list").trim();
    let one = allowed.split(['-', ',']).next().expect("a number");
    let on_one = |options: &[&str]| {
        let mut command = Command::new("taskset");
        command.args(["-c", one, SLOCKET, "run", "--slots", "cpus"]).args(options).arg(folder.lock()).args(SLOT);
        start(command)
    };
    let mut tool = on_one(&[]);
    tool.expect_output("0");
    on_one(&["-nq"]).assert_end(75, "", "");
    tool.tell();
    tool.assert_end(0, "", "");
    folder.assert_empty();
}

#[test]
fn wrong_numbers() {
    let folder = Folder::new();
    for number in ["0", "-1", "x", "", "1.5", "65536", "4294967297", "+2", "CPUS"] {
        fails(folder.run(&["--slots", number], &["true"]), 64, "not a number of slots, 1 to 65535, nor cpus");
    }
    for other in ["-s", "-x", "-e"] {
        let (code, errors) = start(folder.run(&["--slots", "2", other], &["true"])).end();
        assert!(code == Some(64) && errors.contains("cannot be used with"), "{other}: {errors}");
    }
    start(folder.run(&["--slots", "65535"], &["sh", "-c", "echo $SLOCKET_SLOT"])).assert_end(0, "0\n", "");
    folder.assert_empty();
}

/// As in the long help: so many jobs at once, and each in its turn.
#[test]
fn jobs_by_xargs() {
    const JOBS: usize = 10;
    const SLOTS: usize = 4;
    let folder = Folder::new();
    let jobs = Folder::new();
    for job in 0..JOBS {
        fs::write(jobs.path().join(format!("{job}.job")), "").expect("a file");
    }
    // A job says which tool it is of, and in which slot; and ends when it is told to, or the test is over.
    let job = "echo \"$PPID $SLOCKET_SLOT $1\" >> begun\nread x <&3\necho \"$SLOCKET_SLOT\" >> ended\n";
    fs::write(jobs.path().join("work"), job).expect("a file");
    let script = "exec 3<&0; ls *.job | \
                  xargs -P0 -n1 \"$0\" run -q --slots 4 \"$1\" sh ./work";
    let mut all = Command::new("sh");
    all.args(["-c", script, SLOCKET]).arg(folder.lock()).current_dir(jobs.path());
    let mut all = start(all);
    let lines = |name: &str| {
        let text = fs::read_to_string(jobs.path().join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    watch_for("they do not begin", || (lines("begun").len() == SLOTS).then_some(()));
    let queue = waiters(&folder, JOBS - SLOTS);
    let mut begun = lines("begun").len();
    for ended in 1..=JOBS {
        all.tell();
        watch_for("it does not end", || (lines("ended").len() == ended).then_some(()));
        begun = (begun + 1).min(JOBS);
        watch_for("the next does not begin", || (lines("begun").len() == begun).then_some(()));
        // The slot of the one that has ended is the next one's.
        if let Some(line) = lines("begun").get(SLOTS + ended - 1) {
            assert_eq!(line.split(' ').nth(1), lines("ended").last().map(String::as_str));
        }
    }
    assert!(all.status().success());
    let begun = lines("begun");
    let tools: Vec<Value> =
        begun.iter().map(|line| line.split(' ').next().expect("a pid").parse::<u32>().expect("a pid").into()).collect();
    assert_eq!(tools[SLOTS..], queue, "in order");
    let mut done: Vec<_> = begun.iter().filter_map(|line| line.split(' ').nth(2)).collect();
    done.sort_unstable();
    assert_eq!(done, (0..JOBS).map(|job| format!("{job}.job")).collect::<Vec<_>>());
    folder.assert_empty();
}

/// What a script needs of a pool: a number that no other has.
#[test]
fn a_slot_is_had_by_one_at_a_time() {
    let folder = Folder::new();
    let script = "
n=0
while [ $n -lt 12 ]; do
  n=$((n + 1))
  \"$0\" run --slots 3 \"$1\" sh -c 'mkdir \"$0/$SLOCKET_SLOT\" && rmdir \"$0/$SLOCKET_SLOT\" && echo $SLOCKET_SLOT' \"$2\" &
done
wait";
    let pool = Folder::new();
    let mut command = Command::new("sh");
    command.args(["-c", script, SLOCKET]).arg(folder.lock()).arg(pool.path());
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    let said = String::from_utf8(output.stdout).expect("numbers");
    assert!(output.stderr.is_empty() && said.lines().count() == 12, "{said} {:?}", String::from_utf8(output.stderr));
    assert!(said.lines().all(|slot| ["0", "1", "2"].contains(&slot)), "{said}");
    folder.assert_empty();
}
