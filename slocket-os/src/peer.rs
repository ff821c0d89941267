//! Who is at the other end: peer credentials (unix(7), `SO_PEERCRED`).

use std::fmt;
use std::os::fd::BorrowedFd;

use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerCredentials;

use crate::at_path::AtPath;

/// Who holds a lock.
///
/// If the holder has lent it to a client that cannot take a listener (npm's), this is the lender: the kernel does not
/// tell more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// Its process; `None` if that cannot be told: it lives outside our pid namespace, or its queue is full.
    pub pid: Option<u32>,
    /// Its user.
    pub uid: u32,
    /// The name of its program, if it can be read (proc(5), `/proc/pid/comm`).
    pub program: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.pid, &self.program) {
            (Some(pid), Some(program)) => write!(f, "pid {pid} ({program})"),
            (Some(pid), None) => write!(f, "pid {pid}"),
            (None, _) => write!(f, "a process of user {} that cannot be seen from here", self.uid),
        }
    }
}

// rustix's `socket_peercred` has no value for the pid 0 that the kernel reports across pid namespaces, so nix asks.

/// The user of a connection's other end.
pub(crate) fn user(connection: BorrowedFd<'_>) -> Option<u32> {
    getsockopt(&connection, PeerCredentials).ok().map(|peer| peer.uid())
}

/// Who listened when this connection was made.
pub(crate) fn holder(connection: BorrowedFd<'_>) -> Option<Holder> {
    let peer = getsockopt(&connection, PeerCredentials).ok()?;
    let pid = u32::try_from(peer.pid()).ok().filter(|&pid| pid != 0);
    Some(Holder { pid, uid: peer.uid(), program: pid.and_then(program) })
}

/// The name of a process's program, if `/proc` is of our pid namespace (in another one, the number is another process's).
pub(crate) fn program(pid: u32) -> Option<String> {
    let myself = std::fs::read_link("/proc/self").ok()?;
    if myself.to_str() != Some(&std::process::id().to_string()) {
        return None;
    }
    std::fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|name| name.trim_end().to_owned())
}

/// Who owns the socket at a path, of whom nothing else is known.
pub(crate) fn owner(at: &AtPath) -> Option<Holder> {
    let found = at.look().ok().flatten()?;
    Some(Holder { pid: None, uid: found.owner, program: None })
}
