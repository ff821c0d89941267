//! The system calls of a player, from strace(1).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::adapter::Adapter;

/// One system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The thread.
    pub tid: u32,
    /// The whole line without the thread, as in `close(3) = 0`.
    pub line: String,
}

impl Call {
    /// The name of the system call.
    #[must_use]
    pub fn name(&self) -> &str {
        let line = self.line.strip_prefix("<... ").unwrap_or(&self.line);
        line.split(['(', ' ']).next().unwrap_or_default()
    }
}

/// What starts a program under strace, with the trace in a file.
///
/// # Panics
/// If there is no strace.
#[must_use]
#[track_caller]
pub fn command(trace: &Path) -> Vec<PathBuf> {
    let version = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(
        version.is_ok_and(|status| status.success()),
        "this trial needs strace: `apt-get install strace`, or your system's way to install it"
    );
    vec!["strace".into(), "-f".into(), "-s".into(), "256".into(), "-o".into(), trace.into()]
}

/// All system calls of a trace; lines that are none (signals, exits) too.
///
/// # Panics
/// If the file cannot be read.
#[must_use]
pub fn read(trace: &Path) -> Vec<Call> {
    let text = fs::read_to_string(trace).expect("the trace");
    let call = |line: &str| {
        let (tid, line) = line.split_once(' ')?;
        Some(Call { tid: tid.parse().ok()?, line: line.trim_start().to_owned() })
    };
    text.lines().filter_map(call).collect()
}

/// The calls between the first one that contains `from` and the next one that contains `to`, both left out.
///
/// # Panics
/// If they are not there.
#[must_use]
#[track_caller]
pub fn between<'a>(calls: &'a [Call], from: &str, to: &str) -> &'a [Call] {
    let find = |calls: &[Call], mark: &str| {
        let found = calls.iter().position(|call| call.line.contains(mark));
        found.unwrap_or_else(|| panic!("no `{mark}` in the trace"))
    };
    let calls = &calls[find(calls, from) + 1..];
    &calls[..find(calls, to)]
}

/// The calls that the library can make, for adapters whose runtime makes others beside it, on threads of its own.
pub const USED: &[&str] = &[
    "accept4",
    "bind",
    "chmod",
    "close",
    "connect",
    "fchmod",
    "flock",
    "fstat",
    "fstatfs",
    "getpid",
    "getrandom",
    "getsockopt",
    "ioctl",
    "listen",
    "mknodat",
    "newfstatat",
    "openat",
    "recvfrom",
    "recvmsg",
    "sendmsg",
    "shutdown",
    "socket",
    "unlinkat",
    "utimensat",
];

/// The calls without those that are not the library's: with debug assertions on, the standard library asks about each
/// descriptor (`F_GETFD`) right before it closes it; and a runtime with threads makes calls of its own.
#[must_use]
pub fn of_library(calls: &[Call]) -> Vec<Call> {
    let descriptor = |call: &Call| call.line.split(['(', ',', ')']).nth(1).map(str::to_owned);
    let assertion = |index: usize| {
        let (call, next) = (&calls[index], calls.get(index + 1));
        cfg!(debug_assertions)
            && call.line.contains("F_GETFD")
            && next.is_some_and(|next| next.name() == "close" && descriptor(next) == descriptor(call))
    };
    let runtime = |call: &Call| {
        let ends = call.line.starts_with("<... ");
        Adapter::under_trial().brings_threads() && (ends || !USED.contains(&call.name()))
    };
    let is_ours = |index: &usize| !assertion(*index) && !runtime(&calls[*index]);
    (0..calls.len()).filter(is_ours).map(|index| calls[index].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_between_two_marks() {
        let line = |line: &str| Call { tid: 1, line: line.to_owned() };
        let calls =
            [line("a()"), line("write(2, \"from\")"), line("close(3) = 0"), line("write(2, \"to\")"), line("b()")];
        assert_eq!(between(&calls, "from", "to"), [line("close(3) = 0")]);
        assert_eq!(calls[1].name(), "write");
        assert_eq!(line("<... read resumed>\"x\") = 1").name(), "read");
    }
}
