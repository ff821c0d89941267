//! The waiters at a lock that is a locked file, as the kernel sees it.
//!
//! A waiter has the file open, and has not locked it; it has a watch on its folder, too, or sleeps if it has none. A process that has a file locked is told from one
//! that only has it open by `/proc/PID/fdinfo` (`proc_pid_fdinfo(5)`), which lists the locks of an open file.

use std::fs;
use std::path::Path;

use crate::process;

/// How many open files there are of the lock that are not locked, of processes that wait: of one process, or of all.
///
/// A file that was removed counts, too: the process has not looked again yet, and waits for that.
pub(super) fn waiting(file: &Path, pid: Option<u32>) -> usize {
    let pids = pid.map_or_else(process::all, |pid| vec![pid]);
    pids.into_iter()
        .map(|pid| {
            let waiting = open(pid, file).iter().filter(|info| !has_lock(info)).count();
            if waiting > 0 && (watches(pid) || process::state(pid) == Some('S')) { waiting } else { 0 }
        })
        .sum()
}

/// Whether a process has the file locked, and waits: it watches, and none does that holds.
pub(super) fn awaits_shares(file: &Path, pid: u32) -> bool {
    open(pid, file).iter().any(|info| has_lock(info)) && watches(pid)
}

/// Whether any process has the file at that path locked.
pub(super) fn is_locked(file: &Path) -> bool {
    let here = format!("{}", file.display());
    let is_this = |pid: &u32| open_as(*pid, &[&here]).iter().any(|info| has_lock(info));
    process::all().iter().any(is_this)
}

/// What `/proc` says of each open file of a process that is the lock's, or was.
fn open(pid: u32, file: &Path) -> Vec<String> {
    open_as(pid, &[&file.display().to_string(), &format!("{} (deleted)", file.display())])
}

fn open_as(pid: u32, names: &[&str]) -> Vec<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let is_one = |entry: &fs::DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|target| target.to_str().is_some_and(|target| names.contains(&target)))
    };
    let info =
        |entry: fs::DirEntry| fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", entry.file_name().display())).ok();
    entries.flatten().filter(is_one).filter_map(info).collect()
}

fn has_lock(info: &str) -> bool {
    info.lines().any(|line| line.starts_with("lock:"))
}

fn watches(pid: u32) -> bool {
    process::descriptors(pid).iter().any(|file| file == "anon_inode:inotify")
}
