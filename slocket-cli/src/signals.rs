//! The signals that the command gets when this tool gets them, and those of which the tool dies.

use std::process::ExitCode;

use nix::sys::signal::{SigSet, raise};

pub(crate) use nix::sys::signal::Signal;

/// What the tool exits with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(u8);

impl From<u8> for Code {
    fn from(code: u8) -> Self {
        Self(code)
    }
}

pub(crate) const RELAYED: [Signal; 8] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGWINCH,
    Signal::SIGCONT,
];

/// Its number.
pub(crate) fn number(signal: Signal) -> u8 {
    signal as u8
}

/// Has this process die of that signal. (The first process of a pid namespace does not, nor does a process that ignores it.)
pub(crate) fn die_of(signal: Signal) {
    let _ = SigSet::from(signal).thread_unblock();
    let _ = raise(signal);
}

/// Ends the tool with a code.
pub(crate) fn exit(code: Code) -> ExitCode {
    ExitCode::from(code.0)
}
