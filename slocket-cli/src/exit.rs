//! The exit codes, and the code of each error.

use std::io;

use slocket_sync::{Error, ErrorKind};

use crate::refused::{NotStarted, Refused};
use crate::signals::{self, Signal};

pub(crate) const SUCCESS: u8 = 0;
pub(crate) const USAGE: u8 = 64;
pub(crate) const OS_ERROR: u8 = 71;
pub(crate) const CANNOT_CREATE: u8 = 73;
pub(crate) const CONFLICT: u8 = 75;
pub(crate) const LOST: u8 = 76;
pub(crate) const NO_PERMISSION: u8 = 77;
pub(crate) const CANNOT_RUN: u8 = 126;
pub(crate) const NOT_FOUND: u8 = 127;
pub(crate) const SIGNALLED: u8 = 128;

/// The code that a shell reports for a process that died of the signal.
pub(crate) fn of_signal(signal: Signal) -> u8 {
    SIGNALLED + signals::number(signal)
}

const TABLE: &[(u8, &str)] = &[
    (USAGE, "wrong usage; an empty path, or an invalid name"),
    (OS_ERROR, "another error of the operating system"),
    (
        CANNOT_CREATE,
        "no lock can be at that path: missing folder, read-only or network file system,\n       no space, path too long, or another program's socket (with -n or -w, also any other file)",
    ),
    (CONFLICT, "the lock is held (-n) or was not free in time (-w); -E changes this code"),
    (LOST, "the command succeeded, but the lock was lost meanwhile: another may have run, too"),
    (NO_PERMISSION, "no permission, or the holder is a user who is not trusted"),
    (CANNOT_RUN, "the command was found but cannot be run"),
    (NOT_FOUND, "the command was not found"),
];

const AS_RUN: &[(u8, &str)] = &[
    (USAGE, "wrong usage; an empty path, or an invalid name"),
    (OS_ERROR, "another error of the operating system"),
    (CANNOT_CREATE, "no lock can be at that path"),
    (NO_PERMISSION, "no permission"),
];

/// The table in the help of `run`.
pub(crate) fn of_run() -> String {
    table("The command's own, 128+N if it died of signal N (after an interrupt, ^C, the tool\n  dies, too), or:", TABLE)
}

/// The table in the help of `status`.
pub(crate) fn of_status() -> String {
    let codes = [(SUCCESS, "the lock was looked at, whatever its state")];
    table("", &[&codes, AS_RUN].concat())
}

/// The table in the help of `wait`.
pub(crate) fn of_wait() -> String {
    let codes = [(SUCCESS, "it was free"), (CONFLICT, "it was not free in time (-w)")];
    table("", &[&codes, AS_RUN].concat())
}

fn table(first: &str, codes: &[(u8, &str)]) -> String {
    let mut table = "Exit codes:".to_owned();
    if !first.is_empty() {
        table.push_str(&format!("\n  {first}"));
    }
    for (code, meaning) in codes {
        table.push_str(&format!("\n  {code:>3}  {meaning}"));
    }
    table
}

/// The code for a lock that was not acquired; `conflict` is the code for a lock that another process holds.
pub(crate) fn code(error: &Error, conflict: u8) -> u8 {
    code_of(error.kind(), error.io_error(), conflict)
}

fn code_of(kind: ErrorKind, source: Option<&io::Error>, conflict: u8) -> u8 {
    match kind {
        ErrorKind::TimedOut | ErrorKind::Stale => conflict,
        ErrorKind::InvalidName | ErrorKind::InvalidMode | ErrorKind::InvalidPermits => USAGE,
        ErrorKind::ParentMissing
        | ErrorKind::PathTooLong
        | ErrorKind::UnsupportedFileSystem
        | ErrorKind::Occupied
        | ErrorKind::NoShares
        | ErrorKind::NotASlocket => CANNOT_CREATE,
        ErrorKind::LockLost => LOST,
        ErrorKind::PermissionDenied | ErrorKind::Untrusted => NO_PERMISSION,
        ErrorKind::Io => source.map_or(OS_ERROR, code_of_io),
        _ => OS_ERROR,
    }
}

/// The code for an error of the operating system.
pub(crate) fn code_of_io(error: &io::Error) -> u8 {
    match Refused::of(error) {
        Refused::NoLock => CANNOT_CREATE,
        Refused::Permission => NO_PERMISSION,
        Refused::Other => OS_ERROR,
    }
}

/// The code for a command that could not be started.
pub(crate) fn code_of_start(error: &io::Error) -> u8 {
    match NotStarted::of(error) {
        NotStarted::Missing => NOT_FOUND,
        NotStarted::NoProcess => OS_ERROR,
        NotStarted::Found => CANNOT_RUN,
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn every_error_has_its_code() {
        for (kind, expected) in [
            (ErrorKind::TimedOut, 42),
            (ErrorKind::Stale, 42),
            (ErrorKind::InvalidName, 64),
            (ErrorKind::InvalidMode, 64),
            (ErrorKind::InvalidPermits, 64),
            (ErrorKind::ParentMissing, 73),
            (ErrorKind::PathTooLong, 73),
            (ErrorKind::UnsupportedFileSystem, 73),
            (ErrorKind::Occupied, 73),
            (ErrorKind::NoShares, 73),
            (ErrorKind::NotASlocket, 73),
            (ErrorKind::PermissionDenied, 77),
            (ErrorKind::Untrusted, 77),
            (ErrorKind::LockLost, 76),
            (ErrorKind::Io, 71),
        ] {
            assert_eq!(code_of(kind, None, 42), expected, "{kind:?}");
        }
        for (errno, expected) in
            [(Errno::NOSPC, 73), (Errno::ROFS, 73), (Errno::ACCESS, 77), (Errno::MFILE, 71), (Errno::IO, 71)]
        {
            assert_eq!(code_of(ErrorKind::Io, Some(&errno.into()), 42), expected, "{errno:?}");
        }
        assert_eq!(code_of(ErrorKind::Io, Some(&io::Error::other("no errno")), 42), 71);
    }

    #[test]
    fn the_table_names_every_code_in_order() {
        let codes: Vec<u8> = TABLE.iter().map(|&(code, _)| code).collect();
        assert_eq!(codes, [64, 71, 73, 75, 76, 77, 126, 127]);
        for code in codes {
            assert!(of_run().contains(&format!("\n  {code:>3}  ")), "{code}");
        }
    }
}
