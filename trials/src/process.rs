//! What the kernel says about a process, and signals to it.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::patience::watch_for;

/// Sends a signal.
///
/// # Panics
/// If there is no such process.
#[track_caller]
pub fn signal(pid: u32, signal: Signal) {
    kill_process(of(pid), signal).unwrap_or_else(|errno| panic!("signal {signal:?} to {pid}: {errno}"));
}

/// All processes.
///
/// # Panics
/// If there is no `/proc`.
#[must_use]
pub fn all() -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc");
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// How many threads of a process have that name.
#[must_use]
pub fn threads_named(pid: u32, name: &str) -> usize {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let has_name = |thread: &fs::DirEntry| {
        fs::read_to_string(thread.path().join("comm")).is_ok_and(|comm| comm.trim_end() == name)
    };
    threads.flatten().filter(has_name).count()
}

/// Waits until a process watches no path: the thread that does so ends a little later than the last wait.
///
/// # Panics
/// After [`PATIENCE`](crate::patience::PATIENCE).
#[track_caller]
pub fn wait_until_it_watches_nothing(pid: u32) {
    // (The kernel cuts names after 15 bytes.)
    let watches = || {
        let has_instance = descriptors(pid).iter().any(|file| file == "anon_inode:inotify");
        has_instance || threads_named(pid, "notify-rs inoti") + threads_named(pid, "slocket-watch") > 0
    };
    watch_for("the threads to end that watch paths, or end a watch", || (!watches()).then_some(()));
}

/// Stops a process (SIGSTOP) and waits until it stands still.
///
/// # Panics
/// If there is no such process.
#[track_caller]
pub fn stop(pid: u32) {
    signal(pid, Signal::STOP);
    watch_for(&format!("{pid} to stop"), || stands_still(pid).then_some(()));
}

/// Whether all threads of a process are stopped, or it is gone.
fn stands_still(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    threads.flatten().all(|thread| {
        let state = state_in(&thread.path());
        state.is_none_or(|state| matches!(state, 'T' | 'Z' | 'X'))
    })
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
    state_in(Path::new(&format!("/proc/{pid}")))
}

/// Whether a process has ended: it has nothing open any more, whether its parent has asked for it or not.
#[must_use]
pub fn is_over(pid: u32) -> bool {
    // (Its first thread can end before the others, which have its files open.)
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    threads.flatten().all(|thread| state_in(&thread.path()).is_none_or(|state| matches!(state, 'Z' | 'X')))
}

fn state_in(folder: &Path) -> Option<char> {
    stat(folder)?.first()?.chars().next()
}

/// The processor time, in clock ticks of 10 ms, that a process has used so far, user and system together.
///
/// # Panics
/// If there is no such process.
#[must_use]
#[track_caller]
pub fn cpu_ticks(pid: u32) -> u64 {
    let fields = stat(Path::new(&format!("/proc/{pid}"))).unwrap_or_else(|| panic!("no process {pid}"));
    // utime and stime: fields 14 and 15 of the line, of which `stat` leaves out the first two.
    fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum()
}

/// The shares of one processor that processes use, over a span of three seconds.
///
/// # Panics
/// If one of them is gone.
#[must_use]
#[track_caller]
pub fn processor_share<const N: usize>(pids: [u32; N]) -> [f64; N] {
    processor_share_over(Duration::from_secs(3), pids)
}

/// The same, over such a span.
///
/// # Panics
/// If one of them is gone.
#[must_use]
#[track_caller]
pub fn processor_share_over<const N: usize>(span: Duration, pids: [u32; N]) -> [f64; N] {
    /// The clock tick of `proc_pid_stat(5)`.
    const TICK: Duration = Duration::from_millis(10);
    let (start, before) = (Instant::now(), pids.map(cpu_ticks));
    // Not to wait for anything: this is the span that is looked at.
    thread::sleep(span);
    let (time, after) = (start.elapsed().as_secs_f64(), pids.map(cpu_ticks));
    std::array::from_fn(|index| TICK.as_secs_f64() * (after[index] - before[index]) as f64 / time)
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

/// What the descriptors of a process are, as in `socket:[4711]`; none if there is no such process.
#[must_use]
pub fn descriptors(pid: u32) -> Vec<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let targets = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    targets.map(|target| target.to_string_lossy().into_owned()).collect()
}

/// The fields of the `stat` of a process or a thread after the program's name, which may contain anything.
fn stat(folder: &Path) -> Option<Vec<String>> {
    let line = fs::read_to_string(folder.join("stat")).ok()?;
    let (_, fields) = line.rsplit_once(')')?;
    Some(fields.split_ascii_whitespace().map(str::to_owned).collect())
}

fn of(pid: u32) -> Pid {
    i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id")
}
