//! Whether a signal was meant for a whole process group or unit, and so has reached the command by itself.
//!
//! The kernel does not tell. So beside the command there are two hidden processes, the sentries. A signal that reaches the sentry in our
//! process group, too, was sent to the group, or to all processes. A signal that reaches the sentry in a session of its own was sent to
//! all processes, wherever they are.

use std::ffi::{CStr, OsString};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::SigSet;
use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{ioctl_fionbio, retry_on_intr};
use rustix::process::setsid;
use rustix::stdio::stdin;

use crate::patience::PATIENCE;
use crate::signals::RELAYED;

/// The tool by this name is a sentry.
const SENTRY: &str = "slocket: sentry";

/// Its first argument if it leaves our session.
const UNIT: &CStr = c"unit";

/// How long a signal that is sent to all processes, one after the other, may take to reach the sentry. (The kernel sends a signal to a
/// process group at once, and to us last, because we joined it first.)
pub(crate) const MOMENT: Duration = Duration::from_millis(50);

/// How long it may have come to the sentry before it comes to us.
const BEFORE: Duration = Duration::from_millis(500);

/// The report that says that everything was reported.
const NOTHING: Sent = Sent { signal: 0, by: 0 };

/// What a sentry reports: the signal, and its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    signal: u32,
    by: u32,
}

impl Sent {
    pub(crate) fn new(info: &siginfo) -> Self {
        Self { signal: info.ssi_signo, by: info.ssi_pid }
    }
}

/// Both.
pub(crate) struct Sentries {
    of_group: Sentry,
    of_unit: Sentry,
}

impl Sentries {
    pub(crate) fn post() -> io::Result<Self> {
        Ok(Self { of_group: Sentry::post(c"group")?, of_unit: Sentry::post(UNIT)? })
    }

    /// What to wait for: their reports.
    pub(crate) fn as_fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.of_group.reports.as_fd(), self.of_unit.reports.as_fd()]
    }

    /// Asks for everything that they have got by now; `false` if one of them is no more.
    pub(crate) fn ask(&mut self) -> bool {
        self.of_group.ask() && self.of_unit.ask()
    }

    /// Until when an answer is waited for, if one is.
    pub(crate) fn answer_until(&self) -> Option<Instant> {
        self.of_group.answers_until().into_iter().chain(self.of_unit.answers_until()).min()
    }

    /// Takes what has been reported; `false` if one of them is no more, or stands still.
    pub(crate) fn take(&mut self) -> bool {
        self.of_group.take() && self.of_unit.take()
    }

    /// Whether that one has reached the command by itself.
    pub(crate) fn has_got_it(&self, is_in_our_group: bool, sent: Sent) -> bool {
        self.of_unit.has_seen(sent) || (is_in_our_group && self.of_group.has_seen(sent))
    }
}

/// A process that gets what is sent to others as well.
struct Sentry {
    reports: PipeReader,
    seen: Vec<(Instant, Sent)>,
    /// When it was asked what it has not answered yet.
    asked: Option<Instant>,
    /// By this it is asked; it ends when this is closed.
    questions: PipeWriter,
}

impl Sentry {
    fn post(role: &CStr) -> io::Result<Self> {
        let (questions, our_questions) = io::pipe()?;
        let (our_reports, reports) = io::pipe()?;
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK)?;
        attributes.set_sigmask(&SigSet::all())?;
        let mut actions = PosixSpawnFileActions::init()?;
        actions.add_dup2(questions.as_raw_fd(), 0)?;
        actions.add_dup2(reports.as_raw_fd(), 1)?;
        // Where it has nothing to say (it cannot be written to).
        actions.add_dup2(questions.as_raw_fd(), 2)?;
        // Not by the sentry itself, which may run at any time.
        for descriptor in others()? {
            actions.add_close(descriptor)?;
        }
        let environment: [std::ffi::CString; 0] = [];
        posix_spawn("/proc/self/exe", &actions, &attributes, &[c"slocket: sentry", role], &environment)?;
        ioctl_fionbio(&our_reports, true)?;
        Ok(Self { reports: our_reports, seen: Vec::new(), asked: None, questions: our_questions })
    }

    /// Asks for everything that it has got by now; `false` if there is no sentry any more.
    fn ask(&mut self) -> bool {
        self.asked = Some(Instant::now());
        self.questions.write_all(&[0]).is_ok()
    }

    /// Until when an answer is waited for, if one is.
    fn answers_until(&self) -> Option<Instant> {
        self.asked.map(|asked| asked + PATIENCE)
    }

    /// Takes what has been reported; `false` if there is no sentry any more, or it stands still.
    fn take(&mut self) -> bool {
        let now = Instant::now();
        self.seen.retain(|(at, _)| now.duration_since(*at) < BEFORE);
        loop {
            let mut report = [0; 8];
            match self.reports.read(&mut report) {
                Ok(8) => {
                    let [a, b, c, d, rest @ ..] = report;
                    let sent = Sent { signal: u32::from_ne_bytes([a, b, c, d]), by: u32::from_ne_bytes(rest) };
                    if sent == NOTHING {
                        self.asked = None;
                    } else {
                        self.seen.push((now, sent));
                    }
                }
                Ok(_) => return false,
                Err(error) => {
                    let stands = self.answers_until().is_some_and(|until| until <= now);
                    return error.kind() == io::ErrorKind::WouldBlock && !stands;
                }
            }
        }
    }

    /// Whether it got that one, too, a moment ago.
    fn has_seen(&self, sent: Sent) -> bool {
        self.seen.iter().any(|(_, seen)| *seen == sent)
    }
}

/// All open descriptors except 0, 1 and 2, such as a lock that the tool was given, which is held until all copies are closed.
fn others() -> io::Result<Vec<RawFd>> {
    let open = std::fs::read_dir("/proc/self/fd")?;
    let open = open.map(|entry| Ok(entry?.file_name().to_str().and_then(|number| number.parse().ok())));
    Ok(open.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().filter(|&number| number > 2).collect())
}

/// If this process is a sentry: reports signals until the tool is gone. All are blocked.
pub(crate) fn sentry() -> Option<u8> {
    let mut args = std::env::args_os();
    args.next().filter(|name: &OsString| name == SENTRY)?;
    let leaves = args.next().is_some_and(|role| role.as_bytes() == UNIT.to_bytes());
    Some((if leaves { leave() } else { Ok(()) }).and_then(|()| report()).is_err().into())
}

/// Leaves our session, and with it our group. What was sent to that before is not to be reported.
fn leave() -> io::Result<()> {
    setsid()?;
    let signals = signals()?;
    while signals.read_signal()?.is_some() {}
    Ok(())
}

fn signals() -> io::Result<SignalFd> {
    Ok(SignalFd::with_flags(&RELAYED.into_iter().collect(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}

fn report() -> io::Result<()> {
    let signals = signals()?;
    let mut output = io::stdout();
    let mut tell = |sent: Sent| {
        let report = [sent.signal.to_ne_bytes(), sent.by.to_ne_bytes()].concat();
        output.write_all(&report).and_then(|()| output.flush())
    };
    loop {
        let mut fds = [
            PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(stdin(), PollFlags::IN),
        ];
        retry_on_intr(|| poll(&mut fds, None))?;
        let is_asked = !fds[1].revents().is_empty();
        while let Some(info) = signals.read_signal()? {
            tell(Sent::new(&info))?;
        }
        if is_asked {
            if io::stdin().read(&mut [0])? == 0 {
                return Ok(());
            }
            tell(NOTHING)?;
        }
    }
}
