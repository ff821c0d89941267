//! The process at the other end of a connection: peer credentials (unix(7), `SO_PEERCRED`).

use std::os::fd::BorrowedFd;

use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerCredentials;

use crate::peer::{Holder, is_of, program};

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

    pub(crate) fn user(self) -> u32 {
        self.uid
    }

    /// The same, for the user, with its program.
    pub(crate) fn holder(self) -> Holder {
        let program = self.pid.filter(|pid| is_of(*pid, self.uid)).and_then(program);
        Holder { pid: self.pid, uid: self.uid, program, host: None }
    }
}
