//! The server: what it does on the kernel, and a ledger of what the waiter has to conclude.

use std::collections::VecDeque;
use std::fs;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};

use crate::descriptor::{self, Kind};
use crate::home::Home;

/// How much a waiter reads at once: enough to tell "OK" from all else.
const READ: usize = 16;

/// A server, whose end of a connection the waiter is at.
pub(super) struct Server {
    home: Home,
    listener: Option<UnixListener>,
    connection: Option<UnixStream>,
    /// It was accepted.
    accepted: bool,
    shut: bool,
    /// What was sent and not read yet.
    stream: VecDeque<(VecDeque<u8>, Vec<Kind>)>,
    /// Something is at the path. (An abstract name is like a path that is marked, and nothing can be taken from it.)
    pub(super) at_path: bool,
    pub(super) marked: bool,
    /// It was marked when the waiter came.
    was_marked: bool,
}

/// What the waiter has to make of what it reads first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    HandedOver,
    Lent,
    /// A listener of somewhere else.
    NotOurs,
    Foreign,
}

impl Server {
    pub(super) fn start(home: Home, marked: bool) -> Self {
        let marked = marked || home.is_name();
        let listener = home.bind().expect("no server is there");
        listener.set_nonblocking(true).expect("a socket");
        let mut server = Self {
            home,
            listener: Some(listener),
            connection: None,
            accepted: false,
            shut: false,
            stream: VecDeque::new(),
            at_path: true,
            marked,
            was_marked: marked,
        };
        server.mark(marked);
        server
    }

    /// Takes the client that comes back from the queue, if it is there already.
    pub(super) fn accept_again(&mut self) -> bool {
        self.was_marked = self.marked;
        self.accept()
    }

    fn accept(&mut self) -> bool {
        let Some(Ok((connection, _))) = self.listener.as_ref().map(UnixListener::accept) else { return false };
        (self.connection, self.accepted, self.shut) = (Some(connection), true, false);
        true
    }

    pub(super) fn send(&mut self, bytes: &[u8], kinds: &[Kind]) {
        if !self.accepted {
            self.accept();
        }
        let own = self.listener.as_ref().map(AsFd::as_fd);
        let descriptors: Vec<_> = kinds.iter().filter_map(|kind| kind.make(own)).collect();
        let Some(connection) = self.connection.as_ref().filter(|_| descriptors.len() == kinds.len()) else { return };
        if descriptor::send(connection.as_fd(), bytes, &descriptors) {
            self.stream.push_back((bytes.iter().copied().collect(), kinds.to_vec()));
        }
    }

    pub(super) fn shut(&mut self) {
        if let Some(connection) = &self.connection {
            // A client that has left already is not told.
            let _ = connection.shutdown(Shutdown::Write);
            self.shut = true;
        }
    }

    pub(super) fn close(&mut self) {
        if !self.accepted {
            self.accept();
        }
        self.connection = None;
    }

    pub(super) fn stop_listening(&mut self) {
        self.listener = None;
    }

    pub(super) fn unlink(&mut self) {
        if let Home::Path(path) = &self.home
            && self.at_path
        {
            // A client that lingers may have been faster.
            let _ = fs::remove_file(path);
            self.at_path = false;
        }
    }

    pub(super) fn mark(&mut self, marked: bool) {
        if self.at_path && !self.home.is_name() {
            self.home.mark(marked);
            self.marked = marked;
        }
    }

    /// The waiter takes it for a server that hands over, and may be left at once.
    pub(super) fn hands_over(&self) -> bool {
        self.was_marked || self.at_path && self.marked
    }

    pub(super) fn listens(&self) -> bool {
        self.listener.is_some()
    }

    /// The server's listener is on its way.
    pub(super) fn has_sent_own(&self) -> bool {
        self.stream.iter().any(|(_, kinds)| kinds.contains(&Kind::Own))
    }

    /// The waiter has read all, and there will be no more.
    pub(super) fn has_ended(&self) -> bool {
        let is_open = if self.accepted { self.connection.is_some() && !self.shut } else { self.listener.is_some() };
        self.stream.is_empty() && !is_open
    }

    /// The waiter reads: the kernel puts small messages together, up to the first that carries descriptors.
    pub(super) fn read(&mut self) -> Option<Verdict> {
        let (mut bytes, mut kinds) = (Vec::new(), Vec::new());
        while let Some((chunk, attached)) = self.stream.front_mut() {
            kinds.append(attached);
            let count = chunk.len().min(READ - bytes.len());
            bytes.extend(chunk.drain(..count));
            if chunk.is_empty() {
                self.stream.pop_front();
            }
            if !kinds.is_empty() || bytes.len() == READ {
                break;
            }
        }
        match (bytes.as_slice(), kinds.as_slice()) {
            (b"", _) => None,
            // At an abstract name nothing is lent.
            (b"OK", []) if !self.home.is_name() => Some(Verdict::Lent),
            (b"OK" | b"OK unshared", [Kind::Own]) => Some(Verdict::HandedOver),
            (b"OK" | b"OK unshared", [Kind::Listener]) => Some(Verdict::NotOurs),
            _ => Some(Verdict::Foreign),
        }
    }
}
