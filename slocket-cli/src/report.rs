//! Errors in words: what was found, who owns it, what to do. At most three lines.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Access, access};
use rustix::io::Errno;
use slocket_sync::{Error, Slocket};

use crate::found::{self, Found, Standing};
use crate::target::Target;

/// The lock is held, and the user does not want to wait.
pub(crate) fn held(slocket: &Slocket, found: &Found) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", slocket.path().display(), found.in_words())];
    if found.wants_advice() {
        lines.push(found.advice());
    }
    lines
}

/// It takes long.
pub(crate) fn waiting(path: &Path, found: &Found, standing: Standing) -> Vec<String> {
    let mut lines = vec![format!("{}: waiting: {}", path.display(), found.in_words())];
    if let Standing::Untrusted(uid) = standing {
        lines.push(format!(
            "uid {uid} is neither you nor root, and not believed: this may never end; {}",
            of_your_own(path)
        ));
    }
    lines
}

/// The time was up.
pub(crate) fn timed_out(slocket: &Slocket, waited: Duration, found: &Found) -> Vec<String> {
    vec![format!("{}: not free within {waited:?}", slocket.path().display()), found.in_words(), found.advice()]
}

/// The command could not be started.
pub(crate) fn not_run(program: &OsStr, error: &io::Error) -> Vec<String> {
    let line = format!("{}: cannot run the command: {error}", program.display());
    std::iter::once(line).chain(sandbox(error).map(str::to_owned)).collect()
}

/// The lock cannot be had at all.
pub(crate) fn failed(target: &Target, error: &Error) -> Vec<String> {
    let (path, what, advice) = match error {
        Error::ParentMissing { path, source } => {
            (path, format!("its folder cannot be found: {source}"), Some("create the folder first"))
        }
        Error::PermissionDenied { path, doing, owner, source } => {
            let mut lines = vec![format!("{}: no permission to {doing}: {source}", path.display())];
            lines.extend(no_permission(target, path, *owner, source));
            return lines;
        }
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
        Error::Io { path, doing, source } => (path, format!("cannot {doing}: {source}"), sandbox(source)),
        other => return vec![other.to_string()],
    };
    let mut lines = vec![format!("{}: {what}", path.display())];
    lines.extend(advice.map(str::to_owned));
    lines
}

/// Who is in the way, and what to do.
fn no_permission(target: &Target, path: &Path, owner: Option<u32>, source: &io::Error) -> Vec<String> {
    let Some(uid) = owner else {
        let folder = path.parent().unwrap_or(path);
        let may = access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok();
        let of_sandbox = sandbox(source).or(may.then_some(BY_ANOTHER));
        return vec![of_sandbox.unwrap_or("its folder must be writable and searchable").to_owned()];
    };
    match found::look(target) {
        // The file may have another owner by now than the process that has the lock (chown).
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

/// The likely cause of a call that is refused whatever the permissions are.
pub(crate) fn sandbox(refused: &io::Error) -> Option<&'static str> {
    if Errno::from_io_error(refused) != Some(Errno::PERM) {
        return None;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let filters = status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"));
    Some(if filters {
        "a seccomp filter is in force, as in a container or by SystemCallFilter of a service: it may forbid that call"
    } else {
        "a sandbox, or an attribute of the file or folder (chattr), may forbid it"
    })
}

/// (Paths are absolute: what is not is an abstract name.)
fn of_your_own(lock: &Path) -> &'static str {
    if lock.is_absolute() {
        "choose a path of your own"
    } else {
        "anybody can take an abstract name; choose a path in a folder of your own"
    }
}
