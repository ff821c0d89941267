//! The first process of a pid namespace, as in a container, does not die of a signal that it does not catch. While it waits for the
//! lock, a thread sees to that. (When the command runs, signals are passed on to it.)

use std::io::{self, PipeWriter};
use std::os::fd::AsFd;
use std::process::{exit, id};
use std::thread::JoinHandle;

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;

use crate::exit::SIGNALLED;
use crate::given::was_ignored;
use crate::signals::RELAYED;
use crate::thread;

/// As long as this lives, a signal of which another process would die ends this one.
pub(crate) struct Mortal {
    /// The thread ends when it is closed.
    life: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
    before: SigSet,
}

/// `None` for any other process than the first, or if the system does not permit it.
pub(crate) fn mortal() -> Option<Mortal> {
    if id() == 1 { watch().ok() } else { None }
}

fn watch() -> io::Result<Mortal> {
    let deadly =
        |signal: &Signal| !matches!(signal, Signal::SIGWINCH | Signal::SIGCONT) && was_ignored(*signal) != Some(true);
    let deadly: SigSet = RELAYED.into_iter().filter(deadly).collect();
    let (end, life) = io::pipe()?;
    let signals = SignalFd::with_flags(&deadly, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let before = deadly.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let mut mortal = Mortal { life: Some(life), thread: None, before };
    let watch = move || {
        loop {
            let fds = [end.as_fd(), signals.as_fd()];
            let mut fds = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
            let polled = retry_on_intr(|| poll(&mut fds, None));
            if polled.is_err() || !fds[0].revents().is_empty() {
                return;
            }
            if let Ok(Some(info)) = signals.read_signal() {
                exit(i32::from(SIGNALLED) + info.ssi_signo.cast_signed());
            }
        }
    };
    mortal.thread = Some(thread::start("signals", watch)?);
    Ok(mortal)
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.life = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = self.before.thread_set_mask();
    }
}
