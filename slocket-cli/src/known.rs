//! What is known of one lock. Nothing is guessed: what cannot be known is left out, and said to be.

use std::fs::Metadata;

use serde::Serialize;
use slocket_sync::Holder;

use crate::target::Target;
use crate::users;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// No process holds it.
    Free,
    /// A process holds it.
    Held,
    /// No process holds it: processes have shares. The first in the queue may have the lock in hand.
    Shared,
    /// Its server has lent it to a client that cannot take it over.
    Lent,
    /// A server that may lend it, or one of its clients, holds it; or the server does not speak the protocol.
    Served,
    /// A socket that no process has open.
    Stale,
    /// A living socket, but none that a slocket could be.
    Foreign,
    /// Something other than a socket.
    Occupied,
    /// Not to be told.
    Unknown,
}

/// What is known of a lock.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) lock: String,
    pub(crate) state: State,
    /// For a stale one: whether the next acquire removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reclaimable: Option<bool>,
    /// What is there, if it is not a socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) found: Option<&'static str>,
    /// The owner of that file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<Owner>,
    /// When it was acquired while it was free, in seconds since 1970. Since then it was held, if by others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) holder: Option<Party>,
    /// That process retains locks: it may hold this one, or keep it for its next use.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) retains: bool,
    /// The processes with shares: shared locks first, then the slots by their numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) shares: Vec<Share>,
    /// The process that serves it, while another process holds it, or may hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<Party>,
    /// The clients that the server has accepted, in no order: one of them may hold the lock, the others wait.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) clients: Vec<Party>,
    /// The waiters, in the order in which they came. They are served in this order, unless the lock goes to another user.
    pub(crate) queue: Vec<Party>,
    /// What could not be seen, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unseen: Vec<String>,
    /// We may not ask whether it is alive.
    #[serde(skip)]
    pub(crate) denied: bool,
    /// The process that keeps a dead socket from being removed.
    #[serde(skip)]
    pub(crate) folder_locked_by: Option<Holder>,
    /// Whether the sockets that were found are certain to be those at the path.
    #[serde(skip)]
    pub(crate) certain: bool,
    /// The tables contradict each other.
    #[serde(skip)]
    pub(crate) torn: bool,
    /// Its shares are locked files.
    #[serde(skip)]
    pub(crate) is_file: bool,
    /// At the path is this socket, and the table lists no process that listens there: it is to be [inspected](Self::inspected).
    #[serde(skip)]
    pub(crate) silent: Option<Metadata>,
}

/// A share of a lock, and its process.
#[derive(Debug, Serialize)]
pub(crate) struct Share {
    /// The number of the slot; `None` for a shared lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) slot: Option<u16>,
    #[serde(flatten)]
    pub(crate) party: Party,
}

/// A user.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Owner {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    pub(crate) uid: u32,
}

/// One end of a connection, and its process.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Party {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) program: Option<String>,
    #[serde(flatten)]
    pub(crate) owner: Option<Owner>,
    /// The machine that it runs on, if that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    /// The process is stopped; left out otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stopped: bool,
    /// The process is running just now.
    #[serde(skip)]
    pub(crate) runs: bool,
    /// When the process was started, in seconds since 1970: it cannot wait, or hold, for longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<u64>,
    /// Other processes that have it open: the holder's command, children.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) shared_with: Vec<Sharer>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sharer {
    pub(crate) pid: u32,
    pub(crate) program: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stopped: bool,
}

impl Report {
    pub(crate) fn new(target: &Target, state: State) -> Self {
        Self {
            lock: target.to_string(),
            state,
            reclaimable: None,
            found: None,
            owner: None,
            since: None,
            holder: None,
            retains: false,
            shares: Vec::new(),
            server: None,
            clients: Vec::new(),
            queue: Vec::new(),
            unseen: Vec::new(),
            denied: false,
            folder_locked_by: None,
            certain: false,
            torn: false,
            is_file: false,
            silent: None,
        }
    }

    pub(crate) fn is_free(&self) -> bool {
        self.state == State::Free
    }

    pub(crate) fn cannot_see(&mut self, what: &str) {
        if !self.unseen.iter().any(|unseen| unseen == what) {
            self.unseen.push(what.to_owned());
        }
    }
}

impl Party {
    /// The processes that have it, with the names of their programs.
    pub(crate) fn processes(&self) -> impl Iterator<Item = (u32, &str, bool)> {
        let first = self.pid.map(|pid| (pid, self.program.as_deref().unwrap_or_default(), self.stopped));
        first.into_iter().chain(self.shared_with.iter().map(|sharer| (sharer.pid, &*sharer.program, sharer.stopped)))
    }
}

impl Owner {
    pub(crate) fn new(uid: u32) -> Self {
        Self { user: users::name(uid), uid }
    }
}
