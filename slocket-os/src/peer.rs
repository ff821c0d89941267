//! Who is at the other end: peer credentials (unix(7), `SO_PEERCRED`).

use std::fmt;
use std::os::fd::BorrowedFd;

use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerCredentials;
use rustix::process::geteuid;

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

/// The process at the other end of a connection: of a server's, the one that listened when the connection was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pid: Option<u32>,
    uid: u32,
}

impl Peer {
    pub(crate) fn of(connection: BorrowedFd<'_>) -> Option<Self> {
        // rustix's `socket_peercred` has no value for the pid 0 that the kernel reports across pid namespaces, so nix asks.
        let peer = getsockopt(&connection, PeerCredentials).ok()?;
        let pid = u32::try_from(peer.pid()).ok().filter(|&pid| pid != 0);
        Some(Self { pid, uid: peer.uid() })
    }

    /// Whether it is of our own user.
    pub(crate) fn is_ours(self) -> bool {
        is_ours(self.uid)
    }

    /// Whether its servers are believed, if nothing else is said.
    pub(crate) fn is_trusted(self) -> bool {
        self.uid == 0 || self.is_ours()
    }

    /// The same, for the user, with its program.
    pub(crate) fn holder(self) -> Holder {
        Holder { pid: self.pid, uid: self.uid, program: self.pid.and_then(program) }
    }
}

/// Whether a user is our own.
pub(crate) fn is_ours(user: u32) -> bool {
    user == geteuid().as_raw()
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
