//! `slocket wait`: until a lock is free, without taking it and without queueing.

use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;

use crate::cli::Wait;
use crate::diag::Table;
use crate::later::Later;
use crate::status::{Report, State};
use crate::target::{self, Kind, Probe, Target, folder};
use crate::{exit, first, say, status};

/// That a holder was killed, and that an abstract name is free, nothing announces.
const RECHECK: Duration = Duration::from_millis(500);

/// Does it all and returns the exit code.
pub(crate) fn run(args: &Wait) -> u8 {
    let target = &args.lock;
    if let Target::Path(path) = target
        && path.file_name().is_none()
    {
        say::say(&format!("{target}: cannot name a lock: it has no file name"));
        return exit::USAGE;
    }
    let until = args.wait.map(|limit| Instant::now() + limit);
    let line = {
        let target = target.clone();
        move || Some(format!("waiting: {}", status::line(&target)?))
    };
    let later = (!args.quiet).then(|| Later::say(line));
    let mortal = first::mortal();
    let waited = wait(target, until);
    drop(mortal);
    drop(later);
    match waited {
        Ok(true) => exit::SUCCESS,
        Ok(false) => {
            if !args.quiet {
                let within = args.wait.filter(|limit| !limit.is_zero());
                let within = within.map_or_else(String::new, |limit| format!(" within {limit:?}"));
                let mut lines = vec![format!("{target}: not free{within}")];
                lines.extend(status::line(target));
                say::say_lines(&lines);
            }
            exit::CONFLICT
        }
        Err(Trouble::Foreign) => {
            say::say_lines(&[
                format!("{target}: not a slocket: a socket for datagrams"),
                "another program listens there; choose another".to_owned(),
            ]);
            exit::CANNOT_CREATE
        }
        Err(Trouble::Io(error)) => {
            say::say_lines(&status::cannot_look(target, &error));
            exit::code_of_io(&error)
        }
    }
}

enum Trouble {
    /// It can never be a lock.
    Foreign,
    Io(io::Error),
}

/// Waits until it is free, or the time is up: `false`.
fn wait(target: &Target, until: Option<Instant>) -> Result<bool, Trouble> {
    // Armed before the first look: what happens in between is not missed.
    let watch = Watch::new(target);
    loop {
        if is_free(target)? {
            return Ok(true);
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(false);
        }
        watch.pause(left.map_or(RECHECK, |left| left.min(RECHECK)));
    }
}

/// Whether who acquires it now need not wait.
fn is_free(target: &Target) -> Result<bool, Trouble> {
    let path = match target {
        Target::Path(path) => path,
        // It cannot be probed: a datagram socket does not find those of another type by it.
        Target::Abstract(name) => return Table::read().map(|table| !table.is_bound(name)).map_err(Trouble::Io),
    };
    let marked = match target::look(path).map_err(Trouble::Io)?.map(|found| target::kind(&found)) {
        None => return Ok(true),
        Some(Kind::Other(_)) => return Ok(false),
        Some(Kind::Socket { marked }) => marked,
    };
    match target::probe(path) {
        // Without the mark it may be lent. (Its owner may have cleared it, lent the lock and died since the first look.)
        Probe::Dead => Ok(marked && still_marked(path)),
        Probe::Missing => Ok(true),
        Probe::Alive | Probe::Unknown => Ok(false),
        Probe::Datagram => Err(Trouble::Foreign),
        Probe::Failed(error) => match status::report(target) {
            Ok(Report { state: State::Stale, reclaimable, .. }) => Ok(reclaimable == Some(true)),
            Ok(Report { state: State::Held | State::Lent | State::Served, .. }) => Ok(false),
            _ => Err(Trouble::Io(error)),
        },
    }
}

fn still_marked(path: &Path) -> bool {
    let found = target::look(path).ok().flatten();
    found.is_none_or(|found| target::kind(&found) == Kind::Socket { marked: true })
}

/// A watch on one name in its folder; none if the system has none to give: the re-check must do then.
struct Watch {
    inotify: Option<OwnedFd>,
    name: OsString,
}

impl Watch {
    fn new(target: &Target) -> Self {
        let Target::Path(path) = target else { return Self { inotify: None, name: OsString::new() } };
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok().filter(|inotify| {
            let names = WatchFlags::DELETE | WatchFlags::MOVED_FROM | WatchFlags::MOVED_TO;
            let itself = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
            inotify::add_watch(inotify, folder(path), names | itself | WatchFlags::ONLYDIR).is_ok()
        });
        Self { inotify, name: path.file_name().unwrap_or_default().to_owned() }
    }

    /// Waits until something happens to the name, for so long at most.
    fn pause(&self, limit: Duration) {
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let mut fds: Vec<_> = self.inotify.iter().map(|inotify| PollFd::new(inotify, PollFlags::IN)).collect();
            // It is short enough for the conversion.
            let limit = Timespec::try_from(left).unwrap_or_default();
            let happened = !matches!(poll(&mut fds, Some(&limit)), Ok(0)) && self.take();
            if happened || left.is_zero() {
                return;
            }
        }
    }

    /// Whether something happened to it since the last call.
    fn take(&self) -> bool {
        let Some(inotify) = &self.inotify else { return false };
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(inotify, &mut space);
        let mut happened = false;
        loop {
            match events.next() {
                // What has no name happened to the folder itself, or there was more than the queue holds.
                Ok(event) => {
                    happened |= event.file_name().is_none_or(|name| name.to_bytes() == self.name.as_bytes());
                }
                Err(Errno::INTR) => {}
                Err(_) => return happened,
            }
        }
    }
}
