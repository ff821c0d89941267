//! Which processes have a socket open (`proc(5)`).

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::id;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, clock_gettime};

/// The processes of each socket, as looked up when first asked for.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    seen: OnceCell<Seen>,
    /// Not to be looked up.
    pub(crate) unseen: bool,
}

#[derive(Debug, Default)]
struct Seen {
    by_socket: HashMap<u32, Vec<u32>>,
    closed: bool,
}

impl Processes {
    /// For a caller that needs no processes.
    pub(crate) fn unseen() -> Self {
        Self { seen: OnceCell::from(Seen::default()), unseen: true }
    }

    /// Looks at the descriptors of all processes.
    fn seen(&self) -> &Seen {
        self.seen.get_or_init(|| {
            let mut seen = Seen::default();
            let Ok(entries) = fs::read_dir("/proc") else { return seen };
            for pid in entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
                match fs::read_dir(format!("/proc/{pid}/fd")) {
                    Ok(descriptors) => {
                        for socket in
                            descriptors.flatten().filter_map(|entry| socket(&fs::read_link(entry.path()).ok()?))
                        {
                            let owners = seen.by_socket.entry(socket).or_default();
                            // It may have the same one twice.
                            if owners.last() != Some(&pid) {
                                owners.push(pid);
                            }
                        }
                    }
                    Err(error) => seen.closed |= error.kind() == io::ErrorKind::PermissionDenied,
                }
            }
            seen
        })
    }

    /// Whether some may not be looked into: those of other users.
    pub(crate) fn closed(&self) -> bool {
        self.seen().closed
    }

    /// The processes that have the socket open: those that others have it from first, then the oldest.
    pub(crate) fn who_has(&self, socket: u32) -> Vec<Process> {
        in_order(self.seen().by_socket.get(&socket).map_or(&[][..], |pids| pids))
    }
}

/// These processes, as far as they live: those that have something from another of them last, and the oldest first.
pub(crate) fn in_order(pids: &[u32]) -> Vec<Process> {
    let mut found: Vec<_> = pids.iter().filter_map(|&pid| Process::look(pid)).collect();
    found.sort_by_key(|process| (pids.contains(&process.parent), process.ticks, process.pid));
    found
}

/// This process, and all that it descends from.
pub(crate) fn lineage() -> Vec<u32> {
    let mut lineage = vec![id()];
    while let Some(parent) = lineage.last().and_then(|&pid| Process::look(pid)).map(|process| process.parent)
        && parent != 0
        // Numbers may be used again while one looks.
        && !lineage.contains(&parent)
    {
        lineage.push(parent);
    }
    lineage
}

/// Whether `/proc` shows a user only that user's own processes (`hidepid`, proc(5)).
pub(crate) fn are_hidden() -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    mounts.lines().any(|mount| {
        mount.split(' ').nth(4) == Some("/proc")
            && mount.split_once(" - proc ").is_some_and(|(_, options)| {
                options
                    .split([' ', ','])
                    .any(|option| option.starts_with("hidepid=") && !matches!(option, "hidepid=0" | "hidepid=off"))
            })
    })
}

/// Whether a process retains locks (protocol section 9): it has a thread for them then.
pub(crate) fn retains(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    let watches = |thread: fs::DirEntry| {
        fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.trim_end() == "slocket-keep")
    };
    threads.flatten().any(watches)
}

/// One process.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) program: String,
    /// It is stopped (^Z, a debugger).
    pub(crate) stopped: bool,
    /// It runs, or would if a processor were free.
    pub(crate) runs: bool,
    pub(crate) parent: u32,
    /// When it was started, from the start of the system.
    ticks: u64,
}

impl Process {
    fn look(pid: u32) -> Option<Self> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        // The name may contain anything.
        let (start, rest) = (stat.find('(')?, stat.rfind(')')?);
        let mut fields = stat.get(rest + 1..)?.split_ascii_whitespace();
        let state = fields.next()?;
        let (stopped, runs) = (matches!(state, "T" | "t"), matches!(state, "R" | "D"));
        let parent = fields.next()?.parse().ok()?;
        let ticks = fields.nth(17)?.parse().ok()?;
        Some(Self { pid, program: stat.get(start + 1..rest)?.to_owned(), stopped, runs, parent, ticks })
    }

    /// When it was started, in seconds since 1970.
    pub(crate) fn started(&self) -> Option<u64> {
        let since_boot = clock_gettime(ClockId::Boottime);
        let since_boot = Duration::new(since_boot.tv_sec.try_into().ok()?, since_boot.tv_nsec.try_into().ok()?);
        let started = Duration::from_millis(self.ticks * 1000 / clock_ticks_per_second());
        let started = SystemTime::now().checked_sub(since_boot.saturating_sub(started))?;
        Some(started.duration_since(UNIX_EPOCH).ok()?.as_secs())
    }

    /// Whether it has that folder open.
    pub(crate) fn has_open(&self, folder: &Path) -> bool {
        let Ok(descriptors) = fs::read_dir(format!("/proc/{}/fd", self.pid)) else { return false };
        descriptors.flatten().any(|entry| fs::read_link(entry.path()).is_ok_and(|file| file == folder))
    }

    /// Whether it has a thread of that name besides its first.
    pub(crate) fn has_thread(&self, name: &str) -> bool {
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", self.pid)) else { return false };
        threads.flatten().any(|thread| {
            thread.file_name().to_str() != Some(&self.pid.to_string())
                && fs::read_to_string(thread.path().join("comm")).is_ok_and(|comm| comm.trim_end() == name)
        })
    }
}

/// The number of a socket that a descriptor leads to.
fn socket(link: &Path) -> Option<u32> {
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};
    use std::time::Instant;

    use super::*;

    struct Ended(Child);

    impl Drop for Ended {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[track_caller]
    fn comes_to(script: &str, wanted: impl Fn(&Process) -> bool) {
        let shell = Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).spawn().expect("it starts");
        let shell = Ended(shell);
        let began = Instant::now();
        while !Process::look(shell.0.id()).is_some_and(|process| process.program == "sh" && wanted(&process)) {
            assert!(began.elapsed() < Duration::from_secs(60), "{script}");
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_a_process_does() {
        comes_to("while :; do :; done", |process| process.runs && !process.stopped);
        comes_to("read x", |process| !process.runs && !process.stopped);
        comes_to("kill -STOP $$", |process| process.stopped && !process.runs);
    }
}
