//! Errors in words: what was found, who owns it, what to do. At most three lines.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::Duration;

use slocket_sync::{Error, Slocket};

use crate::found::Found;

/// The lock is held, and the user does not want to wait.
pub(crate) fn held(slocket: &Slocket, found: &Found) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", slocket.path().display(), found.in_words())];
    if found.wants_advice() {
        lines.push(found.advice());
    }
    lines
}

/// The time was up.
pub(crate) fn timed_out(slocket: &Slocket, waited: Duration, found: &Found) -> Vec<String> {
    vec![format!("{}: not free within {waited:?}", slocket.path().display()), found.in_words(), found.advice()]
}

/// The command could not be started.
pub(crate) fn not_run(program: &OsStr, error: &io::Error) -> Vec<String> {
    vec![format!("{}: cannot run the command: {error}", program.display())]
}

/// The lock cannot be had at all.
pub(crate) fn failed(error: &Error) -> Vec<String> {
    let (path, what, advice) = match error {
        Error::ParentMissing { path, source } => {
            (path, format!("its folder cannot be found: {source}"), Some("create the folder first"))
        }
        Error::PermissionDenied { path, owner, source } => match owner {
            Some(uid) => (path, format!("no permission: what is there belongs to uid {uid}: {source}"), None),
            None => (path, format!("no permission: {source}"), None),
        },
        Error::NotASlocket { path, found } => {
            (path, format!("not a slocket: {found}"), Some("another program listens there; choose another"))
        }
        Error::Untrusted { path, uid } => {
            (path, format!("held by uid {uid}, who is neither you nor root"), Some(of_your_own(path)))
        }
        Error::InvalidPath { path, reason } => (path, format!("cannot name a lock: {reason}"), None),
        Error::PathTooLong { path } => (path, "the path is too long".to_owned(), None),
        Error::UnsupportedFileSystem { path, name } => (
            path,
            format!("no lock can be on this file system ({name})"),
            Some("choose a path on a file system of this machine"),
        ),
        Error::LockLost { path } => (
            path,
            "the lock was lost: its socket is no longer at the path".to_owned(),
            Some("another command may have run at the same time; do not remove or rename the socket of a lock"),
        ),
        Error::Io { path, doing, source } => (path, format!("cannot {doing}: {source}"), None),
        other => return vec![other.to_string()],
    };
    let mut lines = vec![format!("{}: {what}", path.display())];
    lines.extend(advice.map(str::to_owned));
    lines
}

/// (Paths are absolute: what is not is an abstract name.)
fn of_your_own(lock: &Path) -> &'static str {
    if lock.is_absolute() {
        "choose a path of your own"
    } else {
        "anybody can take an abstract name; choose a path in a folder of your own"
    }
}
