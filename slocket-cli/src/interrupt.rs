//! A signal of which the tool dies while it waits: the wait is called off first.
//!
//! The first in line may have the lock in hand, and wait until shares are given back. If it just died, all behind it would race, and
//! its socket would lie at the path until the next use.

use std::io::{self, PipeWriter};
use std::os::fd::AsFd;
use std::thread::JoinHandle;

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;

use crate::given::was_ignored;
use crate::signals::RELAYED;
use crate::thread;

/// As long as this lives, such a signal does something else.
pub(crate) struct Watch {
    /// The thread ends when it is closed.
    life: Option<PipeWriter>,
    thread: Option<JoinHandle<Option<Signal>>>,
    before: SigSet,
}

/// Has `act` done, once, in a thread of its own, when a signal comes of which the tool would die.
///
/// # Errors
/// If no thread or no descriptor is available.
pub(crate) fn watch(act: impl FnOnce(Signal) + Send + 'static) -> io::Result<Watch> {
    let deadly =
        |signal: &Signal| !matches!(signal, Signal::SIGWINCH | Signal::SIGCONT) && was_ignored(*signal) != Some(true);
    let deadly: SigSet = RELAYED.into_iter().filter(deadly).collect();
    let (end, life) = io::pipe()?;
    let signals = SignalFd::with_flags(&deadly, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let before = deadly.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let mut watch = Watch { life: Some(life), thread: None, before };
    let wait = move || {
        loop {
            let fds = [end.as_fd(), signals.as_fd()];
            let mut fds = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
            let polled = retry_on_intr(|| poll(&mut fds, None));
            let signal = signals.read_signal().ok().flatten();
            let signal = signal.and_then(|info| Signal::try_from(info.ssi_signo.cast_signed()).ok());
            if let Some(signal) = signal {
                act(signal);
                return Some(signal);
            }
            if polled.is_err() || !fds[0].revents().is_empty() {
                return None;
            }
        }
    };
    watch.thread = Some(thread::start("signals", wait)?);
    Ok(watch)
}

impl Watch {
    /// Ends it; the signal that came. From here on signals do what they did before.
    pub(crate) fn end(mut self) -> Option<Signal> {
        self.stop()
    }

    fn stop(&mut self) -> Option<Signal> {
        self.life = None;
        let signal = self.thread.take().and_then(|thread| thread.join().ok()).flatten();
        let _ = self.before.thread_set_mask();
        signal
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop();
    }
}
