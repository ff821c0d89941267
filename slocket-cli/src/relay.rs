//! Signals, passed on to the command.

use std::io;
use std::process::{Child, ExitStatus};

use rustix::process::{Pid, Signal, getpgid, getpgrp, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithRawSiginfo;
use signal_hook::low_level::emulate_default_handler;

/// `siginfo_t.si_code` of a signal that the kernel sent, such as that of a key.
#[cfg(target_os = "linux")]
const FROM_KERNEL: Option<i32> = Some(0x80);
/// Not to be told elsewhere.
#[cfg(not(target_os = "linux"))]
const FROM_KERNEL: Option<i32> = None;

const RELAYED: [(i32, Signal); 4] =
    [(SIGHUP, Signal::HUP), (SIGINT, Signal::INT), (SIGQUIT, Signal::QUIT), (SIGTERM, Signal::TERM)];

/// Catches the signals that are meant for the command, from its creation on.
///
/// A signal that was ignored when the tool was started (`nohup`) stays ignored, for the tool and the command.
pub(crate) struct Relay {
    signals: SignalsInfo<WithRawSiginfo>,
}

impl Relay {
    /// To be called before the command is started: else its end may be missed.
    pub(crate) fn new() -> io::Result<Self> {
        let ignored = ignored();
        let relayed = RELAYED.iter().map(|&(signal, _)| signal).filter(|signal| ignored & (1 << (signal - 1)) == 0);
        Ok(Self { signals: SignalsInfo::new(relayed.chain([SIGCHLD]))? })
    }

    /// Waits for the end of the command and passes signals on to it meanwhile.
    ///
    /// A key (Ctrl-C, Ctrl-\) reaches every process of the terminal's foreground group, thus the command by itself: such
    /// a signal is not passed on, because to many programs the second one means "stop at once, leave the mess".
    pub(crate) fn wait(&mut self, command: &mut Child) -> io::Result<ExitStatus> {
        loop {
            for info in self.signals.wait() {
                if info.si_signo == SIGCHLD {
                    if let Some(status) = command.try_wait()? {
                        return Ok(status);
                    }
                } else {
                    let key = Some(info.si_code) == FROM_KERNEL && matches!(info.si_signo, SIGINT | SIGQUIT);
                    pass_on(command, info.si_signo, key);
                }
            }
        }
    }

    /// From now on the signals do what they do by default, those that came in meanwhile too. Does not return.
    pub(crate) fn give_up(mut self) {
        for info in self.signals.forever() {
            if info.si_signo != SIGCHLD {
                let _ = emulate_default_handler(info.si_signo);
            }
        }
    }
}

fn pass_on(command: &Child, signal: i32, key: bool) {
    // The command was not waited for yet: its number is still its own.
    let pid = Pid::from_child(command);
    if key && getpgid(Some(pid)).is_ok_and(|group| group == getpgrp()) {
        return;
    }
    if let Some(&(_, signal)) = RELAYED.iter().find(|&&(number, _)| number == signal) {
        // What may go wrong: the command has ended, or now belongs to another user (sudo).
        let _ = kill_process(pid, signal);
    }
}

/// The signals that are ignored, signal N as bit N-1.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
