//! What is at a path, and whose.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixDatagram;

use rustix::fs::Mode;
use rustix::io::Errno;
use slocket_sync::{Holder, Slocket};

/// What stands between a waiter and the lock.
#[derive(Debug)]
pub(crate) enum Found {
    /// Somebody listens there.
    Holder(Holder),
    /// Somebody listens there who can only be asked by queueing.
    Lender,
    /// A socket on which no process listens.
    Abandoned { uid: u32 },
    /// Something that is no socket.
    Other { kind: &'static str, uid: u32 },
    /// Nothing, any more.
    Nothing,
    /// It cannot be known.
    Unknown,
}

/// Finds out who holds the lock, for somebody who queues for it.
pub(crate) fn look(slocket: &Slocket) -> Found {
    match glance(slocket) {
        Found::Lender => ask(slocket),
        found => found,
    }
}

/// Finds out who holds the lock, for somebody who does not want to queue.
///
/// To know a server one must connect to it. One that hands the lock over looks at the connection when it passes the lock on, if
/// ever. An npm server looks at once, may grant, and dies if nobody is there any more: it is left alone.
pub(crate) fn glance(slocket: &Slocket) -> Found {
    // Paths are absolute: this is an abstract name, at which there is nothing to see, and no server of npm's.
    if slocket.path().is_relative() {
        return match slocket.holder() {
            Ok(Some(holder)) => Found::Holder(holder),
            Ok(None) => Found::Nothing,
            Err(_) => Found::Unknown,
        };
    }
    let found = match fs::symlink_metadata(slocket.path()) {
        Ok(found) => found,
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Found::Nothing,
        Err(_) => return Found::Unknown,
    };
    let kind = found.file_type();
    let uid = found.uid();
    if kind.is_socket() {
        let hands_over = found.mode() & Mode::SVTX.bits() != 0;
        return if hands_over { ask(slocket) } else { probe(slocket, uid) };
    }
    let kind = if kind.is_dir() {
        "a directory"
    } else if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_file() {
        "a file"
    } else {
        "a device"
    };
    Found::Other { kind, uid }
}

fn ask(slocket: &Slocket) -> Found {
    match slocket.holder() {
        Ok(Some(holder)) => Found::Holder(holder),
        Ok(None) => match fs::symlink_metadata(slocket.path()) {
            Ok(found) => Found::Abandoned { uid: found.uid() },
            Err(_) => Found::Nothing,
        },
        Err(_) => Found::Unknown,
    }
}

/// A datagram socket never connects to a stream socket and never queues there, but is told whether somebody listens.
fn probe(slocket: &Slocket, uid: u32) -> Found {
    let connected = UnixDatagram::unbound().and_then(|probe| probe.connect(slocket.path()));
    match connected.map_err(|error| Errno::from_io_error(&error)) {
        Ok(()) => Found::Other { kind: "a datagram socket", uid },
        Err(Some(Errno::PROTOTYPE)) => Found::Lender,
        Err(Some(Errno::CONNREFUSED)) => Found::Abandoned { uid },
        Err(Some(Errno::NOENT)) => Found::Nothing,
        Err(_) => Found::Unknown,
    }
}

impl Found {
    /// The end of a sentence that begins with "waiting" or "timed out".
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Holder(holder) => format!("held by {holder}"),
            Self::Lender => "held by a server that lends it to others, such as npm's".to_owned(),
            Self::Abandoned { uid } => {
                format!("a socket that no process listens on, owned by uid {uid}, is at the path")
            }
            Self::Other { kind, uid } => format!("{kind}, owned by uid {uid}, is at the path"),
            Self::Nothing => "held a moment ago, by whom is not known".to_owned(),
            Self::Unknown => "held, by whom is not known".to_owned(),
        }
    }

    /// What the user can do about it.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::Holder(_) | Self::Lender | Self::Nothing | Self::Unknown => {
                "wait longer, or see what that process is busy with"
            }
            Self::Abandoned { .. } => "once no client of an npm slocket server uses the lock, remove the socket",
            Self::Other { .. } => "remove it if it is not needed, or choose another path",
        }
    }
}
