//! What the socket at a path, or of an abstract name, tells of a lock.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use rustix::io::Errno;
use rustix::process::geteuid;
use slocket_os::Inspected;
use slocket_sync::{Error, ErrorKind};

use super::file;
use super::view::{View, has_badge};
use crate::diag::Socket;
use crate::kind::{self, Kind};
use crate::known::{Owner, Party, Report, Sharer, State};
use crate::stat;
use crate::target::{self, Target};

/// The thread in which a process looks after what it has lent.
const LENDER: &str = "slocket";

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

fn occupied(report: &mut Report, kind: &'static str) {
    report.state = State::Occupied;
    report.found = Some(kind);
}

fn on_file(target: &Target, path: &Path, found: Metadata, view: &View) -> Report {
    let mut report = Report::new(target, State::Unknown);
    report.owner = Some(Owner::new(found.uid()));
    let marked = match stat::kind(&found) {
        Kind::Socket { marked } => marked,
        Kind::Other(kind::FILE) => {
            match slocket_os::is_lock_file(path) {
                Ok(Some(true)) => file::add(&mut report, path, &found, view),
                is_one => {
                    // It may be a lock file that its process has not written to yet, or has removed since it was found: another look tells.
                    let is_gone = is_one.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
                    report.torn = is_gone || matches!(is_one, Ok(None));
                    occupied(&mut report, kind::FILE);
                }
            }
            return report;
        }
        Kind::Other(kind) => {
            occupied(&mut report, kind);
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

/// A process listens.
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
        // Our own servers accept only clients to which they lend the lock.
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

/// Whether it is one of our processes, which looks after a loan.
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
            // This process may not ask, but the table does not list it. The next acquire gives it its mode, and asks then.
            Ok(Inspected::Unsettled { is_marked }) if view.table().is_ok() => self.is_stale(is_marked),
            Ok(Inspected::Denied | Inspected::Unsettled { .. }) => {
                self.denied = true;
                self.cannot_see("whether the socket is alive: you may not connect to it");
            }
            Ok(Inspected::Unknown) => self.cannot_see("whether the socket is alive: this kernel does not tell"),
            Ok(Inspected::NotASocket | Inspected::Unlocked) => self.torn = true,
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

    /// The process that has that socket.
    fn party(&mut self, socket: u32, uid: Option<u32>, view: &View) -> Party {
        let owner = uid.map(Owner::new);
        if view.processes.unseen {
            return Party { owner, ..Party::default() };
        }
        let mut processes = view.processes.who_has(socket).into_iter();
        let Some(first) = processes.next() else {
            self.cannot_see_processes(uid.is_none_or(|uid| uid == geteuid().as_raw()), view);
            return Party { owner, ..Party::default() };
        };
        let mut party = Party::new(first, owner);
        party.shared_with = processes.map(Sharer::new).collect();
        party
    }

    /// The process that has the listener, or is about to: it may be in a message to a waiter that has not read it yet.
    fn holder(&mut self, target: &Target, listener: &Socket, view: &View) -> Party {
        if view.processes.who_has(listener.number).is_empty() {
            let mut slow = view.slow();
            // A waiter has its folder open.
            if let Target::Path(path) = target
                && let Ok(folder) = fs::canonicalize(target::folder(path))
            {
                slow.retain(|(_, process)| process.has_open(&folder));
            }
            // A running process reads it at once.
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
}
