//! Signals, passed on to the command.
//!
//! No signal is caught, and what was ignored stays ignored: the signals are *blocked*, and read from a descriptor. So the command
//! inherits what this tool was given, and what it ignores it ignores, whether or not it can be told here.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};
use nix::unistd::{getpgid, getpgrp};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, WaitOptions, WaitStatus, kill_process, waitpid};

use crate::ending::Ending;
use crate::exit;
use crate::sentry::{MOMENT, Sent, Sentries};
use crate::signals::RELAYED;

/// `ssi_code` of a signal that the kernel sent, such as that of a key.
const FROM_KERNEL: i32 = 0x80;

/// A command that ends sooner is not worth its sentries.
const SHORT: Duration = Duration::from_millis(10);

/// Takes the signals that are meant for the command, from its creation until it is dropped.
pub(crate) struct Relay {
    signals: SignalFd,
    before: SigSet,
    /// What came before the command was there.
    early: Vec<u32>,
    /// As long as there are none everything is passed on.
    sentries: Option<Sentries>,
}

impl Relay {
    /// To be called before the command is started: else its end may be missed.
    pub(crate) fn new() -> io::Result<Self> {
        let taken: SigSet = RELAYED.into_iter().chain([Signal::SIGCHLD]).collect();
        let before = taken.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        match SignalFd::with_flags(&taken, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK) {
            Ok(signals) => Ok(Self { signals, before, early: Vec::new(), sentries: None }),
            Err(error) => {
                before.thread_set_mask()?;
                Err(error.into())
            }
        }
    }

    /// The signals that were blocked before, and are blocked for the command.
    pub(crate) fn before(&self) -> &SigSet {
        &self.before
    }

    /// The command is about to start. Signals that have come by now will not reach it by themselves.
    pub(crate) fn command_starts(&mut self) -> io::Result<()> {
        while let Some(info) = self.signals.read_signal()? {
            if info.ssi_signo != Signal::SIGCHLD as u32 {
                self.early.push(info.ssi_signo);
            }
        }
        Ok(())
    }

    /// Waits for the end of the command and passes signals on to it meanwhile.
    ///
    /// What was sent to all has reached the command by itself: to many programs a second one means "stop at once, leave the mess".
    /// (To be called when there are no more descriptors that only the command is to inherit.)
    pub(crate) fn wait(&mut self, command: Pid) -> io::Result<Ending> {
        self.status(command).map(ending)
    }

    fn status(&mut self, command: Pid) -> io::Result<WaitStatus> {
        for signal in self.early.drain(..) {
            pass_on(command, signal);
        }
        if let Some(status) = end(command)? {
            return Ok(status);
        }
        let mut due: VecDeque<Due> = VecDeque::new();
        let mut post = Some(Instant::now() + SHORT);
        loop {
            let mut fds = vec![PollFd::from_borrowed_fd(self.signals.as_fd(), PollFlags::IN)];
            let reports = self.sentries.iter().flat_map(Sentries::as_fds);
            fds.extend(reports.map(|reports| PollFd::from_borrowed_fd(reports, PollFlags::IN)));
            let next =
                self.sentries.as_ref().and_then(Sentries::answer_until).or(due.front().map(|due| due.at)).or(post);
            let left = next.map(|next| next.saturating_duration_since(Instant::now()));
            // It is short enough for the conversion.
            let left = left.map(|left| Timespec::try_from(left).unwrap_or_default());
            retry_on_intr(|| poll(&mut fds, left.as_ref()))?;
            self.sentries = self.sentries.take().and_then(|mut sentries| sentries.take().then_some(sentries));
            while let Some(info) = self.signals.read_signal()? {
                if info.ssi_signo == Signal::SIGCHLD as u32 {
                    if let Some(status) = end(command)? {
                        return Ok(status);
                    }
                } else if !is_key(command, &info) {
                    let moment = if self.sentries.is_some() { MOMENT } else { Duration::ZERO };
                    due.push_back(Due {
                        at: Instant::now() + moment,
                        sent: Sent::new(&info),
                        signal: info.ssi_signo,
                        is_asked: false,
                    });
                }
            }
            if post.take_if(|post| *post <= Instant::now()).is_some() {
                self.sentries = Sentries::post().ok();
            }
            // What is due is decided when the sentries have answered.
            if self.sentries.as_ref().and_then(Sentries::answer_until).is_some() {
                continue;
            }
            while due.front().is_some_and(|due| due.is_asked || (self.sentries.is_none() && due.at <= Instant::now()))
                && let Some(next) = due.pop_front()
            {
                let near = is_in_our_group(command);
                if !self.sentries.as_ref().is_some_and(|sentries| sentries.has_got_it(near, next.sent)) {
                    pass_on(command, next.signal);
                }
            }
            if due.front().is_some_and(|due| due.at <= Instant::now()) {
                for due in due.iter_mut().filter(|due| due.at <= Instant::now()) {
                    due.is_asked = true;
                }
                self.sentries = self.sentries.take().and_then(|mut sentries| sentries.ask().then_some(sentries));
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

/// A signal that is passed on unless it turns out to have been sent to all.
struct Due {
    at: Instant,
    sent: Sent,
    signal: u32,
    /// The sentries were asked since.
    is_asked: bool,
}

/// Whether it is from the terminal: a key (Ctrl-C, Ctrl-\), or a window that changes its size, which reaches every process of the
/// foreground group, thus the command.
fn is_key(command: Pid, info: &siginfo) -> bool {
    let of_terminal = [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGWINCH];
    of_terminal.iter().any(|&signal| signal as u32 == info.ssi_signo)
        && info.ssi_code == FROM_KERNEL
        && is_in_our_group(command)
}

/// The code that a shell reports. After the key (Ctrl-C) the tool dies, too.
fn ending(status: WaitStatus) -> Ending {
    let code = match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => (code & 0xff) as u8,
        (None, Some(signal)) => exit::SIGNALLED.saturating_add((signal & 0x7f) as u8),
        (None, None) => exit::OS_ERROR,
    };
    let interrupted = status.terminating_signal() == Some(Signal::SIGINT as i32);
    Ending { code: code.into(), dies_of: interrupted.then_some(Signal::SIGINT) }
}

/// How the command has ended, if it has.
fn end(command: Pid) -> io::Result<Option<WaitStatus>> {
    Ok(retry_on_intr(|| waitpid(Some(command), WaitOptions::NOHANG))?.map(|(_, status)| status))
}

fn pass_on(command: Pid, signal: u32) {
    if let Some(signal) = rustix::process::Signal::from_named_raw(signal.cast_signed()) {
        // The command was not waited for yet: its number is still its own. What may go wrong: it has ended, or now belongs to
        // another user (sudo).
        let _ = kill_process(command, signal);
    }
}

/// (A group from outside of our pid namespace has the number 0, which must not come to rustix.)
fn is_in_our_group(command: Pid) -> bool {
    getpgid(Some(nix::unistd::Pid::from_raw(command.as_raw_pid()))).is_ok_and(|group| group == getpgrp())
}
