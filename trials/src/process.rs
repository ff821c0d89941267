//! What the kernel says about a process, and signals to it.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::watch_for;

/// Sends a signal.
///
/// # Panics
/// If there is no such process.
#[track_caller]
pub fn signal(pid: u32, signal: Signal) {
    kill_process(of(pid), signal).unwrap_or_else(|errno| panic!("signal {signal:?} to {pid}: {errno}"));
}

/// Stops a process (SIGSTOP) and waits until it stands still.
///
/// # Panics
/// If there is no such process.
#[track_caller]
pub fn stop(pid: u32) {
    signal(pid, Signal::STOP);
    watch_for(&format!("{pid} to stop"), || (state(pid)? == 'T').then_some(()));
}

/// Lets a stopped process go on (SIGCONT).
///
/// # Panics
/// If there is no such process.
#[track_caller]
pub fn resume(pid: u32) {
    signal(pid, Signal::CONT);
}

/// The state of a process, one letter as in `proc_pid_stat(5)`; `None` if there is no such process.
#[must_use]
pub fn state(pid: u32) -> Option<char> {
    stat(pid)?.first()?.chars().next()
}

/// The processor time, in clock ticks of 10 ms, that a process has used so far, user and system together.
///
/// # Panics
/// If there is no such process.
#[must_use]
#[track_caller]
pub fn cpu_ticks(pid: u32) -> u64 {
    let fields = stat(pid).unwrap_or_else(|| panic!("no process {pid}"));
    // utime and stime: fields 14 and 15 of the line, of which `stat` leaves out the first two.
    fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum()
}

/// How many threads a process has.
///
/// # Panics
/// If there is no such process.
#[must_use]
#[track_caller]
pub fn threads(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).unwrap_or_else(|error| panic!("no process {pid}: {error}")).count()
}

/// The fields of `/proc/PID/stat` after the program's name, which may contain anything.
fn stat(pid: u32) -> Option<Vec<String>> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = line.rsplit_once(')')?;
    Some(fields.split_ascii_whitespace().map(str::to_owned).collect())
}

fn of(pid: u32) -> Pid {
    i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id")
}
