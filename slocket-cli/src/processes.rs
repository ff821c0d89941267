//! Which processes have a socket open (`proc(5)`).

use std::collections::HashMap;
use std::fs;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, clock_gettime};

/// Who has which socket.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    by_socket: HashMap<u32, Vec<u32>>,
    /// Some may not be looked into: those of other users.
    pub(crate) closed: bool,
}

impl Processes {
    /// Looks at the descriptors of all processes.
    pub(crate) fn look() -> Self {
        let mut found = Self::default();
        let Ok(entries) = fs::read_dir("/proc") else { return found };
        for pid in entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
            match fs::read_dir(format!("/proc/{pid}/fd")) {
                Ok(descriptors) => {
                    for socket in descriptors.flatten().filter_map(|entry| socket(&fs::read_link(entry.path()).ok()?)) {
                        let owners = found.by_socket.entry(socket).or_default();
                        // It may have the same one twice.
                        if owners.last() != Some(&pid) {
                            owners.push(pid);
                        }
                    }
                }
                Err(error) => found.closed |= error.kind() == io::ErrorKind::PermissionDenied,
            }
        }
        found
    }

    /// The processes that have the socket open: those that others have it from first, then the oldest.
    pub(crate) fn who_has(&self, socket: u32) -> Vec<Process> {
        let pids = self.by_socket.get(&socket).map_or(&[][..], |pids| pids);
        let mut found: Vec<_> = pids.iter().filter_map(|&pid| Process::look(pid)).collect();
        found.sort_by_key(|process| (pids.contains(&process.parent), process.ticks, process.pid));
        found
    }
}

/// One process.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) program: String,
    parent: u32,
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
        let parent = fields.nth(1)?.parse().ok()?;
        let ticks = fields.nth(17)?.parse().ok()?;
        Some(Self { pid, program: stat.get(start + 1..rest)?.to_owned(), parent, ticks })
    }

    /// When it was started, in seconds since 1970.
    pub(crate) fn started(&self) -> Option<u64> {
        let since_boot = clock_gettime(ClockId::Boottime);
        let since_boot = Duration::new(since_boot.tv_sec.try_into().ok()?, since_boot.tv_nsec.try_into().ok()?);
        let started = Duration::from_millis(self.ticks * 1000 / clock_ticks_per_second());
        let started = SystemTime::now().checked_sub(since_boot.saturating_sub(started))?;
        Some(started.duration_since(UNIX_EPOCH).ok()?.as_secs())
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
fn socket(link: &std::path::Path) -> Option<u32> {
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}
