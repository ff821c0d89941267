//! Errors in words: what was found, its owner, what to do. At most three lines.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::Duration;

use slocket_sync::{Error, ErrorKind, LockName, Slocket};

use crate::found::{self, Found, Standing};
use crate::sandbox::{may_make_files, sandbox};
use crate::target::Target;
use crate::want::Want;

/// The lock is held, and the user does not want to wait.
pub(crate) fn held(slocket: &Slocket, found: &Found) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", slocket.name(), found.in_words())];
    if found.wants_advice() {
        lines.push(found.advice());
    }
    lines
}

/// It takes long.
pub(crate) fn waiting(lock: &LockName, found: &Found, standing: Standing) -> Vec<String> {
    let mut lines = vec![format!("{lock}: waiting: {}", found.in_words())];
    if let Standing::Untrusted(uid) = standing {
        lines.push(format!(
            "uid {uid} is neither you nor root, and not trusted: this may never end; {}",
            of_your_own(lock)
        ));
    }
    lines
}

/// The time was up.
pub(crate) fn timed_out(slocket: &Slocket, waited: Duration, found: &Found) -> Vec<String> {
    vec![format!("{}: not free within {waited:?}", slocket.name()), found.in_words(), found.advice()]
}

/// The command could not be started.
pub(crate) fn not_run(program: &OsStr, error: &io::Error) -> Vec<String> {
    let line = format!("{}: cannot run the command: {error}", program.display());
    std::iter::once(line).chain(sandbox(error).map(str::to_owned)).collect()
}

/// The lock cannot be acquired at all.
pub(crate) fn failed(target: &Target, error: &Error) -> Vec<String> {
    let lock = error.name();
    let detail = error.detail().unwrap_or_default();
    let source = error.io_error().map(ToString::to_string).unwrap_or_default();
    let (what, advice) = match (error.kind(), error.user()) {
        (ErrorKind::ParentMissing, _) => {
            (format!("its folder cannot be found: {source}"), Some("create the folder first"))
        }
        (ErrorKind::PermissionDenied, Some(uid)) if error.io_error().is_none() => (
            format!("no permission to open its shares ({detail}), which belong to uid {uid}"),
            Some("share the lock by --mode, such as 0660, or choose a path of your own"),
        ),
        (ErrorKind::PermissionDenied, owner) => {
            let mut lines = vec![format!("{lock}: no permission to {detail}: {source}")];
            lines.extend(no_permission(target, error, owner));
            return lines;
        }
        (ErrorKind::NotASlocket, _) => {
            (format!("not a slocket: {detail}"), Some("another program listens there; choose another"))
        }
        (ErrorKind::Untrusted, Some(uid)) if target.path().is_some_and(Path::is_file) => {
            (format!("its lock file belongs to uid {uid}, neither you nor root"), Some(of_your_own(lock)))
        }
        (ErrorKind::Untrusted, Some(uid)) if !detail.is_empty() => {
            (format!("its shares ({detail}) belong to uid {uid}, neither you nor root"), Some(of_your_own(lock)))
        }
        (ErrorKind::Untrusted, Some(uid)) => return untrusted(lock, uid),
        (ErrorKind::InvalidName, _) => (format!("cannot name a lock: {detail}"), None),
        (ErrorKind::PathTooLong, _) => ("the path is too long".to_owned(), None),
        (ErrorKind::UnsupportedFileSystem, _) if detail.is_empty() => (
            "no share can be on this file system (it is not known to be local)".to_owned(),
            Some("choose a path on a file system of this machine"),
        ),
        (ErrorKind::UnsupportedFileSystem, _) => (
            format!("no lock can be on this file system ({detail})"),
            Some("choose a path on a file system of this machine"),
        ),
        (ErrorKind::LockLost, _) => return lost(lock),
        (ErrorKind::Io, _) => (format!("cannot {detail}: {source}"), error.io_error().and_then(sandbox)),
        _ => return vec![error.to_string()],
    };
    lines(lock, &what, advice)
}

fn lines(lock: &LockName, what: &str, advice: Option<&str>) -> Vec<String> {
    let first = format!("{lock}: {what}");
    std::iter::once(first).chain(advice.map(str::to_owned)).collect()
}

/// An untrusted user holds the lock.
pub(crate) fn untrusted(lock: &LockName, uid: u32) -> Vec<String> {
    lines(lock, &format!("held by uid {uid}, neither you nor root"), Some(of_your_own(lock)))
}

/// The path was removed or replaced while the command ran.
pub(crate) fn lost(lock: &LockName) -> Vec<String> {
    let advice = "another command may have run at the same time; do not remove or rename the socket of a lock";
    lines(lock, "the lock was lost: its socket is no longer at the path", Some(advice))
}

/// The process in the way, and what to do.
fn no_permission(target: &Target, error: &Error, owner: Option<u32>) -> Vec<String> {
    let Some(uid) = owner else {
        let folder = error.name().as_path().and_then(Path::parent).unwrap_or(Path::new("."));
        let may = may_make_files(folder);
        let of_sandbox = error.io_error().and_then(sandbox).or(may.then_some(BY_ANOTHER));
        return vec![of_sandbox.unwrap_or("its folder must be writable and searchable").to_owned()];
    };
    match found::look(target, Want::Lock) {
        // After a chown the file may have another owner than the process that holds the lock.
        found @ (Found::Held(_) | Found::Lender(_)) => {
            vec![found.in_words(), "share the lock by --mode, such as 0660, or choose a path of your own".to_owned()]
        }
        found @ Found::Unknown { .. } => vec![found.in_words(), found.advice()],
        _ => vec![
            format!("what is there belongs to uid {uid}"),
            "only that user and root may remove it: use a folder of the group, without the sticky bit".to_owned(),
        ],
    }
}

const BY_ANOTHER: &str =
    "the permissions of the folder allow it: a sandbox (Landlock, AppArmor, SELinux) may forbid it";

fn of_your_own(lock: &LockName) -> &'static str {
    match lock {
        LockName::Abstract(_) => "any user can take an abstract name; choose a path in a folder of your own",
        _ => "choose a path of your own",
    }
}
