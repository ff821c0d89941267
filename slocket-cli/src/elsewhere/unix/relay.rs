//! Signals, passed on to the command.
//!
//! No signal is caught but those that would be lost otherwise, and what was ignored stays ignored: the signals are *blocked*, and taken by
//! sigwait(3). That does not tell where one comes from. So a key (Ctrl-C) is told from a kill(2) by the terminal: while its foreground is our
//! process group, and the command's, a key has reached the command by itself.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nix::sys::signal::{SigSet, SigmaskHow, kill};
use nix::unistd::{Pid, getpgid, getpgrp};

use crate::ending::Ending;
use crate::exit;
use crate::signals::{RELAYED, Signal};
use crate::terminal::has_terminal;

/// By default the system discards them, blocked or not.
const DISCARDED: [Signal; 3] = [Signal::SIGCHLD, Signal::SIGWINCH, Signal::SIGCONT];

/// Takes the signals that are meant for the command, from its creation until it is dropped.
pub(crate) struct Relay {
    taken: SigSet,
    before: SigSet,
}

impl Relay {
    /// To be called before the command is started: else its end may be missed.
    pub(crate) fn new() -> io::Result<Self> {
        for signal in DISCARDED {
            signal_hook::flag::register(signal as i32, Arc::new(AtomicBool::new(false)))?;
        }
        let taken = taken();
        let before = taken.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self { taken, before })
    }

    /// The signals that were blocked before, and are blocked for the command.
    pub(crate) fn before(&self) -> String {
        let taken = taken();
        let blocked = taken.iter().filter(|signal| self.before.contains(*signal));
        blocked.map(Signal::as_str).collect::<Vec<_>>().join(",")
    }

    /// Waits for the end of the command and passes signals on to it meanwhile.
    pub(crate) fn wait(&mut self, mut command: Child) -> io::Result<Ending> {
        let pid = Pid::from_raw(command.id().cast_signed());
        loop {
            // (What comes in between is taken next.)
            if let Some(status) = command.try_wait()? {
                return Ok(ending(status));
            }
            let signal = self.taken.wait()?;
            if signal != Signal::SIGCHLD && !is_key(pid, signal) {
                // The command was not waited for yet: its number is still its own.
                let _ = kill(pid, signal);
            }
        }
    }
}

impl Drop for Relay {
    /// From here on the signals do what they did before, those that came in meanwhile, too.
    fn drop(&mut self) {
        let _ = self.before.thread_set_mask();
    }
}

/// All that are taken.
fn taken() -> SigSet {
    RELAYED.into_iter().chain([Signal::SIGCHLD]).collect()
}

/// In a child: takes the signals again, except those that were [blocked before](Relay::before).
pub(crate) fn restore(before: &OsStr) {
    let before = before.to_string_lossy();
    let was_blocked = |signal: &Signal| before.split(',').any(|name| name == signal.as_str());
    let taken = taken();
    let free: SigSet = taken.iter().filter(|signal| !was_blocked(signal)).collect();
    let _ = free.thread_unblock();
}

/// The code that a shell reports. After the key (Ctrl-C) the tool dies, too.
fn ending(status: ExitStatus) -> Ending {
    let code = match (status.code(), status.signal()) {
        (Some(code), _) => (code & 0xff) as u8,
        (None, Some(signal)) => exit::SIGNALLED.saturating_add((signal & 0x7f) as u8),
        (None, None) => exit::OS_ERROR,
    };
    let interrupted = status.signal() == Some(Signal::SIGINT as i32);
    Ending { code: code.into(), dies_of: interrupted.then_some(Signal::SIGINT) }
}

/// Whether it is from the terminal, and has reached the command, too.
fn is_key(command: Pid, signal: Signal) -> bool {
    matches!(signal, Signal::SIGINT | Signal::SIGQUIT | Signal::SIGWINCH)
        && has_terminal()
        && getpgid(Some(command)).is_ok_and(|group| group == getpgrp())
}
