//! What is at a path, and whose.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use slocket_sync::{Holder, Slocket};

use crate::target::{self, Kind, Probe};

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

/// Finds out what keeps the lock, if the holder is not known.
pub(crate) fn at(path: &Path) -> Found {
    // An abstract name, at which there is nothing to see.
    if path.is_relative() {
        return Found::Unknown;
    }
    match fs::symlink_metadata(path) {
        Ok(found) => match target::kind(&found) {
            Kind::Socket { marked } => match probe(path, found.uid()) {
                Found::Lender if marked => Found::Unknown,
                found => found,
            },
            Kind::Other(kind) => Found::Other { kind, uid: found.uid() },
        },
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => Found::Nothing,
        Err(_) => Found::Unknown,
    }
}

/// The owner of the marked socket at a path, who is its holder's user: it is handed over to nobody else.
pub(crate) fn owner(path: &Path) -> Option<u32> {
    let found = fs::symlink_metadata(path).ok()?;
    (target::kind(&found) == Kind::Socket { marked: true }).then(|| found.uid())
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
    if owner(slocket.path()).is_some() {
        return ask(slocket);
    }
    at(slocket.path())
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

fn probe(path: &Path, uid: u32) -> Found {
    match target::probe(path) {
        Probe::Datagram => Found::Other { kind: "a datagram socket", uid },
        Probe::Alive => Found::Lender,
        Probe::Dead => Found::Abandoned { uid },
        Probe::Missing => Found::Nothing,
        Probe::Failed(_) => Found::Unknown,
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
            Self::Other { kind: target::LINK, .. } => "links are not followed: name what it leads to",
            Self::Other { kind: target::FILE, .. } => {
                "remove it if it is not needed (flock leaves one), or choose another path"
            }
            Self::Other { .. } => "choose another path",
        }
    }
}
