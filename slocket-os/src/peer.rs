//! The holder of a lock, and which users are our own.

use std::fmt;
use std::fs;
use std::sync::LazyLock;

use crate::escape::escaped;
use crate::sys::system;

/// The holder of a lock.
///
/// If the holder has lent it to a client that cannot take a listener (npm's), this is the lender: the kernel does not show the client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Holder {
    /// Its process id at the time when it acquired the lock; `None` if that is unknown: it lives outside our pid namespace, or its
    /// queue is full. (If it has ended since, and a process that inherited the lock still has it, the number may be that of another
    /// process of the same user.)
    pub pid: Option<u32>,
    /// Its user id. Zero on Windows, where users have none.
    pub uid: u32,
    /// The name of its program, if it can be read (proc(5), `/proc/pid/comm`).
    pub program: Option<String>,
    /// The name of the machine that it runs on, if that is another one: where the lock is a file on a network file system.
    pub host: Option<String>,
}

impl Holder {
    /// A process of this machine that was found in a lock file of that user.
    pub(crate) fn in_file_of(uid: u32, pid: u32) -> Self {
        let user = system::user_of_process(pid);
        Self { pid: Some(pid), uid: user.unwrap_or(uid), program: user.and_then(|_| program(pid)), host: None }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.pid, &self.program, &self.host) {
            (Some(pid), _, Some(host)) => write!(f, "pid {pid} on {}", escaped(host)),
            (Some(pid), Some(program), None) => write!(f, "pid {pid} ({})", escaped(program)),
            (Some(pid), None, None) => write!(f, "pid {pid}"),
            (None, ..) => write!(f, "a process of user {} that cannot be seen from here", self.uid),
        }
    }
}

/// Whether a user is our own. Inside of a user namespace the number that stands for all users without a name is nobody's.
#[must_use]
pub fn is_ours(uid: u32) -> bool {
    uid == user() && !is_anybody(uid)
}

/// Our user's number.
pub(crate) fn user() -> u32 {
    system::user()
}

/// Whether a user may be any user who has no name in our user namespace: the kernel shows all of these under one number. (Where
/// all users have names, that is the number of the user `nobody`.)
pub(crate) fn is_anybody(user: u32) -> bool {
    static OVERFLOW: LazyLock<u32> = LazyLock::new(|| {
        let text = fs::read_to_string("/proc/sys/kernel/overflowuid").ok();
        text.and_then(|text| text.trim().parse().ok()).unwrap_or(65534)
    });
    cfg!(target_os = "linux")
        && user == *OVERFLOW
        && !fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| maps_all(&map))
}

/// Whether a map (`user_namespaces(7)`) gives every user its own number.
fn maps_all(map: &str) -> bool {
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// Whether a process is of that user. If it is not, its number was mostly used again since.
#[cfg(target_os = "linux")]
pub(crate) fn is_of(pid: u32, user: u32) -> bool {
    system::user_of_process(pid) == Some(user)
}

/// The name of a process's program, if `/proc` is of our pid namespace (in another one, the number is another process's).
pub(crate) fn program(pid: u32) -> Option<String> {
    let myself = fs::read_link("/proc/self").ok()?;
    if !cfg!(target_os = "linux") || myself.to_str() != Some(&std::process::id().to_string()) {
        return None;
    }
    fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|name| name.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_of_all_users_is_told_from_others() {
        assert!(maps_all("         0          0 4294967295\n"));
        for map in
            ["", "0 1000 1\n", "0 100000 65536\n", "0 0 65536\n", "0 0 1\n65534 65534 1\n", "0 0 4294967295\n0 0 1\n"]
        {
            assert!(!maps_all(map), "{map}");
        }
    }

    #[test]
    fn a_process_of_another_user_is_not_the_holder() {
        let us = system::user();
        assert!(is_of(std::process::id(), us));
        assert!(!is_of(std::process::id(), us + 1));
    }
}
