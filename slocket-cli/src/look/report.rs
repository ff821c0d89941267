//! What is known of one lock. Nothing is guessed: what cannot be known is left out, and said to be.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use nix::unistd::{Uid, User};
use rustix::io::Errno;
use rustix::process::geteuid;
use serde::Serialize;
use slocket_os::Inspected;
use slocket_sync::{Error, ErrorKind, Holder};

use super::view::{View, has_badge};
use crate::diag::Socket;
use crate::processes::{Process, are_hidden};
use crate::target::{self, Kind, Target};

/// The thread in which a process looks after what it has lent.
const LENDER: &str = "slocket";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Nobody holds it.
    Free,
    /// Somebody holds it.
    Held,
    /// Its server has lent it to a client that cannot take it over.
    Lent,
    /// A server that may lend it has it, or one of the server's clients; or it is no slocket.
    Served,
    /// A socket that nobody has open.
    Stale,
    /// A living socket, but none that a slocket could be.
    Foreign,
    /// Something that is no socket.
    Occupied,
    /// Not to be told.
    Unknown,
}

/// What is known of a lock.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) lock: String,
    pub(crate) state: State,
    /// Of a stale one: whether the next who acquires it removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reclaimable: Option<bool>,
    /// What is there, if it is no socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) found: Option<&'static str>,
    /// Whose file that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<Owner>,
    /// When it was acquired while it was free, in seconds since 1970. Since then it was held, if by others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) holder: Option<Party>,
    /// Who serves it, while somebody else holds it, or may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<Party>,
    /// Whom the server has accepted, in no order: one of them may hold the lock, the others wait.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) clients: Vec<Party>,
    /// Who waits, in the order in which they came: so they are served, unless the lock goes to another user.
    pub(crate) queue: Vec<Party>,
    /// What could not be seen, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unseen: Vec<String>,
    /// We may not ask whether it is alive.
    #[serde(skip)]
    pub(crate) denied: bool,
    /// Who keeps a dead socket from being removed.
    #[serde(skip)]
    pub(crate) folder_locked_by: Option<Holder>,
    /// Whether the sockets that were found are certain to be those at the path.
    #[serde(skip)]
    pub(crate) certain: bool,
    /// The tables contradict each other.
    #[serde(skip)]
    pub(crate) torn: bool,
    /// At the path is this socket, and the table lists no process that listens there: it is to be [inspected](Self::inspected).
    #[serde(skip)]
    pub(super) silent: Option<Metadata>,
}

/// A user.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Owner {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    pub(crate) uid: u32,
}

/// One end of a connection, and whose it is.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Party {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) program: Option<String>,
    #[serde(flatten)]
    pub(crate) owner: Option<Owner>,
    /// It runs nothing until somebody lets it go on; left out if it is not so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stopped: bool,
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
    fn new(target: &Target, state: State) -> Self {
        Self {
            lock: target.to_string(),
            state,
            reclaimable: None,
            found: None,
            owner: None,
            since: None,
            holder: None,
            server: None,
            clients: Vec::new(),
            queue: Vec::new(),
            unseen: Vec::new(),
            denied: false,
            folder_locked_by: None,
            certain: false,
            torn: false,
            silent: None,
        }
    }

    pub(crate) fn is_free(&self) -> bool {
        self.state == State::Free
    }
}

/// Looks at one lock.
pub(super) fn on(target: &Target, view: &View) -> io::Result<Report> {
    match target {
        Target::Abstract(name) => match view.table() {
            Ok(_) => Ok(on_abstract(target, name, &view.named(name), view)),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        },
        Target::Path(path) => match target::look(path)? {
            None => Ok(Report::new(target, State::Free)),
            Some(found) => Ok(on_file(target, path, found, view)),
        },
    }
}

fn on_file(target: &Target, path: &Path, found: Metadata, view: &View) -> Report {
    let mut report = Report::new(target, State::Unknown);
    report.owner = Some(Owner::new(found.uid()));
    let marked = match target::kind(&found) {
        Kind::Socket { marked } => marked,
        Kind::Other(kind) => {
            report.state = State::Occupied;
            report.found = Some(kind);
            return report;
        }
    };
    let (sockets, certain) = view.at(path, &found);
    report.certain = certain;
    match sockets.iter().find(|socket| socket.listens) {
        Some(listener) if !listener.streams => {
            report.state = State::Foreign;
            report.found = Some("a socket for packets");
        }
        Some(listener) => {
            report.since = since(&found);
            in_use(&mut report, target, listener, &sockets, marked, view);
        }
        None => report.silent = Some(found),
    }
    report
}

/// When a socket was bound. (Its time of modification is its mark.)
fn since(found: &Metadata) -> Option<u64> {
    match found.created() {
        Ok(created) => created.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs()),
        // A file system that does not tell.
        Err(_) => u64::try_from(found.ctime()).ok(),
    }
}

/// An abstract name has no file: no mark, no owner, no time.
fn on_abstract(target: &Target, name: &[u8], sockets: &[&Socket], view: &View) -> Report {
    let mut report = Report { certain: true, ..Report::new(target, State::Held) };
    let bound = sockets.iter().find(|socket| socket.has_abstract_name(name));
    let Some(socket) = bound else {
        report.state = State::Free;
        return report;
    };
    report.unseen.push("whether it is a slocket: an abstract name bears no mark".to_owned());
    if socket.listens {
        in_use(&mut report, target, socket, sockets, true, view);
    } else {
        report.torn = true;
        report.holder = Some(report.party(socket.number, socket.uid, view));
    }
    report
}

/// Somebody listens.
fn in_use(report: &mut Report, target: &Target, listener: &Socket, sockets: &[&Socket], marked: bool, view: &View) {
    let server = report.holder(target, listener, view);
    let accepted: Vec<_> = sockets.iter().filter(|socket| !socket.listens).filter_map(|socket| socket.peer).collect();
    let clients: Vec<_> =
        accepted.iter().filter_map(|&number| view.table().ok()?.get(number)).filter(|client| !client.ended).collect();
    match (marked, &clients[..]) {
        (true, _) => {
            report.state = State::Held;
            report.holder = Some(server);
        }
        // One of ours accepts nobody but whom it lends the lock to.
        (false, [client]) if !has_badge(client) && is_lender(listener, view) => {
            report.state = State::Lent;
            report.holder = Some(report.party(client.number, client.uid, view));
            report.server = Some(server);
        }
        (false, _) => {
            report.state = State::Served;
            report.server = Some(server);
            report.clients = clients.iter().map(|client| report.party(client.number, client.uid, view)).collect();
            report.clients.sort_by_key(|client| client.pid);
        }
    }
    match view.table().map(|table| table.queue(listener)) {
        Ok(Ok(queue)) => {
            for number in queue {
                match view.table().ok().and_then(|table| table.get(number)) {
                    // It has given up, and stays for the server's sake.
                    Some(waiter) if waiter.ended => {}
                    Some(waiter) => {
                        let waiter = report.party(number, waiter.uid, view);
                        report.queue.push(waiter);
                    }
                    None if number == 0 => {}
                    // It has come since the table was read.
                    None => report.torn = true,
                }
            }
        }
        Ok(Err(error)) if Errno::from_io_error(&error) == Some(Errno::MSGSIZE) => {
            report.cannot_see("the queue: it is longer than the kernel tells");
        }
        // Handed on, or closed, since the table was read.
        Ok(Err(_)) => report.torn = true,
        Err(_) => {}
    }
}

/// Whether it is a process of ours that looks after a loan.
fn is_lender(listener: &Socket, view: &View) -> bool {
    view.processes.who_has(listener.number).iter().any(|process| process.has_thread(LENDER))
}

impl Report {
    /// Adds what an inspection of the path has found, where no process is listed that listens there.
    pub(super) fn inspected(&mut self, target: &Target, path: &Path, inspected: Result<Inspected, Error>, view: &View) {
        let Some(found) = self.silent.take() else { return };
        let (sockets, _) = view.at(path, &found);
        let bound = sockets.iter().find(|socket| socket.peer.is_none());
        match inspected {
            Ok(Inspected::Missing) => *self = Self::new(target, State::Free),
            // Bound, and about to listen; or not listed here.
            Ok(alive @ (Inspected::Alive | Inspected::Unmarked)) => {
                self.torn = true;
                self.state = match (alive, bound) {
                    (Inspected::Alive, _) => State::Held,
                    (_, None) => State::Served,
                    (_, Some(_)) => State::Foreign,
                };
                match bound {
                    Some(_) if alive == Inspected::Unmarked => self.found = Some("a socket that does not listen"),
                    Some(socket) => self.holder = Some(self.party(socket.number, socket.uid, view)),
                    None => self.unlisted(view),
                }
            }
            Ok(Inspected::WrongType) => {
                self.state = State::Foreign;
                self.found = Some("a socket for datagrams");
            }
            Ok(Inspected::Dead) => {
                self.is_stale(true);
                self.folder_locked_by = slocket_os::who_locks(target::folder(path));
            }
            Ok(Inspected::Stale) => self.is_stale(false),
            // Nobody may ask, but the table does not list it: whoever acquires it next gives it its mode, and asks then.
            Ok(Inspected::Unsettled { is_marked }) if view.table().is_ok() => self.is_stale(is_marked),
            Ok(Inspected::Denied | Inspected::Unsettled { .. }) => {
                self.denied = true;
                self.cannot_see("whether the socket is alive: you may not connect to it");
            }
            Ok(Inspected::Unknown) => self.cannot_see("whether the socket is alive: this kernel does not tell"),
            Ok(Inspected::NotASocket) => self.torn = true,
            Err(error) => {
                self.denied = error.kind() == ErrorKind::PermissionDenied;
                let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                self.cannot_see(&format!("whether the socket is alive: {why}"));
            }
        }
    }

    /// No process has it open.
    fn is_stale(&mut self, reclaimable: bool) {
        self.state = State::Stale;
        self.reclaimable = Some(reclaimable);
    }

    /// Who has that socket.
    fn party(&mut self, socket: u32, uid: Option<u32>, view: &View) -> Party {
        let owner = uid.map(Owner::new);
        if view.processes.unseen {
            return Party { owner, ..Party::default() };
        }
        let mut processes = view.processes.who_has(socket).into_iter();
        let Some(first) = processes.next() else {
            let is_ours = uid.is_none_or(|uid| uid == geteuid().as_raw());
            let reason = if view.processes.closed() && !is_ours {
                "processes of other users: only root may look into them"
            } else if are_hidden() {
                "processes that /proc hides (it is mounted with hidepid): only root may look into those of others"
            } else {
                // It may also have ended since, or be in a message that hands it over.
                self.torn = true;
                "processes that /proc does not show here: outside this pid namespace, or gone, or not there yet"
            };
            self.cannot_see(reason);
            return Party { owner, ..Party::default() };
        };
        let mut party = Party::new(first, owner);
        let sharer = |process: Process| Sharer { pid: process.pid, program: process.program, stopped: process.stopped };
        party.shared_with = processes.map(sharer).collect();
        party
    }

    /// Who has the listener, or is about to: it may be in a message to a waiter who has not read it yet.
    fn holder(&mut self, target: &Target, listener: &Socket, view: &View) -> Party {
        if view.processes.who_has(listener.number).is_empty() {
            let mut slow = view.slow();
            // Whoever waits for it has its folder open.
            if let Target::Path(path) = target
                && let Ok(folder) = fs::canonicalize(target::folder(path))
            {
                slow.retain(|(_, process)| process.has_open(&folder));
            }
            // Whoever runs reads it at once.
            if slow.len() > 1 {
                slow.retain(|(_, process)| process.stopped);
            }
            if let [(_, process)] = &slow[..] {
                self.torn = !process.stopped;
                return Party::new(process.clone(), listener.uid.map(Owner::new));
            }
            if !slow.is_empty() {
                let names = slow.iter().map(|(_, process)| format!("pid {} ({})", process.pid, process.program));
                let names = names.collect::<Vec<_>>().join(", ");
                self.cannot_see(&format!(
                    "which stopped process was handed the lock and has not taken it: one of {names}"
                ));
            }
        }
        self.party(listener.number, listener.uid, view)
    }

    /// It is alive, but not in the table.
    fn unlisted(&mut self, view: &View) {
        match view.table() {
            Ok(_) => self.cannot_see("holder and queue: the socket was made in another network namespace"),
            Err(error) => {
                self.cannot_see(&format!(
                    "holder and queue: the kernel does not list its sockets (unix_diag): {error}"
                ));
            }
        }
    }

    fn cannot_see(&mut self, what: &str) {
        if !self.unseen.iter().any(|unseen| unseen == what) {
            self.unseen.push(what.to_owned());
        }
    }
}

impl Party {
    fn new(process: Process, owner: Option<Owner>) -> Self {
        let started = process.started();
        let Process { pid, program, stopped, .. } = process;
        Self { pid: Some(pid), program: Some(program), owner, stopped, started, shared_with: Vec::new() }
    }

    /// Those who have it, with the name of the program.
    pub(crate) fn processes(&self) -> impl Iterator<Item = (u32, &str, bool)> {
        let first = self.pid.map(|pid| (pid, self.program.as_deref().unwrap_or_default(), self.stopped));
        first.into_iter().chain(self.shared_with.iter().map(|sharer| (sharer.pid, &*sharer.program, sharer.stopped)))
    }
}

impl Owner {
    fn new(uid: u32) -> Self {
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name);
        Self { user, uid }
    }
}
