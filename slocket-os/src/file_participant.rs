//! A participant of a lock that is a locked file: the core's machine, its files and timers, and the loop that makes its calls.

use std::sync::Arc;
use std::time::Instant;

use slocket_core::file_lock::{Call, CallResult, Event, Machine, OpenResult, Platform, Role, Step};
use slocket_core::{DoneResult, Failure, FlockResult, Name, Notice, Report, Source, Timer};

use crate::at_path::{AtPath, Which};
use crate::descriptor::Descriptor;
use crate::error::{Error, Fault, What, what_is_at};
use crate::escape::escaped;
use crate::file_watch::FileWatch;
use crate::peer::{self, Holder};
use crate::process::Process;
use crate::record::Record;
use crate::site::Site;
use crate::sys::io::{self, Errno};
use crate::sys::lock_files::{self, Borrowed, LockFile};
use crate::sys::{answer, code, done};
use crate::timers::{self, Timers};
use crate::trace::{Span, trace};
use crate::wait::Wait;

/// The machine with its files and timers.
#[derive(Debug)]
pub(crate) struct FileParticipant {
    span: Span,
    machine: Machine,
    site: Arc<Site>,
    process: Process,
    turn: Option<Descriptor>,
    look: Option<Descriptor>,
    share: Option<Descriptor>,
    watch: Option<FileWatch>,
    /// The holder when the file was looked at.
    holder: Option<Holder>,
    timers: Timers,
    report: Option<Report>,
}

impl FileParticipant {
    pub(crate) fn new(site: &Arc<Site>, platform: Platform, process: Process) -> Self {
        Self::with(site, Machine::new(platform), process)
    }

    /// Holds the lock by a file that was passed to this process, and that it has locked.
    pub(crate) fn holding(site: &Arc<Site>, platform: Platform, process: Process, file: LockFile) -> io::Result<Self> {
        let mut participant = Self::with(site, Machine::holding(platform), process);
        participant.keep(Role::Turn, file)?;
        participant.record();
        Ok(participant)
    }

    fn with(site: &Arc<Site>, machine: Machine, process: Process) -> Self {
        Self {
            span: Span::new(site.name()),
            machine,
            site: Arc::clone(site),
            process,
            turn: None,
            look: None,
            share: None,
            watch: None,
            holder: None,
            timers: Timers::default(),
            report: None,
        }
    }

    pub(crate) fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// The process that holds the lock, or asks for it.
    pub(crate) fn process(&self) -> Process {
        self.process
    }

    /// Takes what became of the request, once it is known.
    pub(crate) fn take_report(&mut self) -> Option<Report> {
        self.report.take()
    }

    /// Whether the lock was acquired.
    pub(crate) fn has_acquired(&self) -> bool {
        self.report == Some(Report::Acquired)
    }

    /// Whether it is known what became of the request.
    pub(crate) fn has_report(&self) -> bool {
        self.report.is_some()
    }

    /// The holder when the file was looked at.
    pub(crate) fn holder(&mut self) -> Option<Holder> {
        self.holder.take()
    }

    /// The file that carries the lock.
    pub(crate) fn descriptor(&self) -> Option<&Descriptor> {
        self.turn.as_ref()
    }

    /// The file that is a share of the lock.
    pub(crate) fn share(&self) -> Option<&Descriptor> {
        self.share.as_ref()
    }

    /// Whether it has the lock in hand, and waits for shares to be given back.
    pub(crate) fn awaits_shares(&self) -> bool {
        self.machine.awaits_shares()
    }

    /// Whether the path is still the file that carries the lock.
    pub(crate) fn is_intact(&self) -> io::Result<bool> {
        lock_files::compare(self.file(Role::Turn)?, self.at()?, Which::Lock)
    }

    /// Leaves the lock to a process that is forked from here on.
    pub(crate) fn disown(&mut self) {
        if let Some(file) = &mut self.turn {
            file.unlist();
        }
    }

    /// Takes over a lock that its process has left.
    pub(crate) fn adopt(&mut self, here: Process) {
        self.process = here;
        if let Some(file) = &mut self.turn {
            file.list(here);
        }
        self.record();
    }

    /// Names this process as the holder. (Without that it is not known, and nothing else.)
    fn record(&self) {
        if let (Ok(file), Ok(at)) = (self.file(Role::Turn), self.at()) {
            let _ = lock_files::record(file, at, &Record::of_this_process());
        }
    }

    pub(crate) fn wait(&self) -> Wait<'_> {
        let watch = self.machine.wait().source.and(self.watch.as_ref());
        Wait { until: self.timers.next(), ..watch.map(FileWatch::wait).unwrap_or_default() }
    }

    /// Takes what has come, then the timers that are due.
    pub(crate) fn wake(&mut self) {
        match self.machine.wait().source {
            Some(Source::Path) if self.watch.as_ref().is_some_and(FileWatch::take) => {
                self.tell_machine(Event::Notice(Notice::FsChange));
            }
            Some(Source::Path | Source::Connection | Source::Guest | Source::Look | Source::Slots) | None => {}
        }
        while self.report.is_none()
            && let Some(timer) = self.timers.take_due(Instant::now())
        {
            self.tell_machine(Event::Notice(Notice::TimerFired(timer)));
        }
    }

    /// Tells the machine a request or a notice.
    pub(crate) fn tell(&mut self, event: slocket_core::Event) {
        match event {
            slocket_core::Event::Request(request) => self.tell_machine(Event::Request(request)),
            slocket_core::Event::Notice(notice) => self.tell_machine(Event::Notice(notice)),
            slocket_core::Event::Result(_) => unreachable!("it asks for the calls of the other machine"),
        }
    }

    /// Tells the machine an event, and makes the calls that it asks for, until it waits.
    fn tell_machine(&mut self, event: Event) {
        let _in_span = self.span.enter();
        let mut event = event;
        loop {
            trace!(?event);
            let step = match self.machine.handle(event) {
                Ok(step) => step,
                Err(misuse) => unreachable!("{misuse}"),
            };
            match step {
                Step::Call(call) => {
                    trace!(?call);
                    event = Event::Result(self.perform(call));
                }
                Step::Wait(_) => break,
                Step::Report(report, _) => {
                    trace!(?report);
                    self.report = Some(report);
                    break;
                }
            }
        }
        let wait = self.machine.wait();
        if !self.timers.is_concerned(&wait) {
            return;
        }
        let (here, now) = (self.process, Instant::now());
        self.timers.set(&wait, |timer| match timer {
            Timer::Retry => now.checked_add(timers::retry_delay(wait.retry.unwrap_or_default(), here)),
            Timer::Try => now.checked_add(timers::TRY_AGAIN),
            Timer::Recheck | Timer::Stale | Timer::Deadline => None,
        });
    }

    fn perform(&mut self, call: Call) -> CallResult {
        self.try_to(call).unwrap_or_else(|errno| call.failed(code(errno)))
    }

    fn try_to(&mut self, call: Call) -> io::Result<CallResult> {
        Ok(match call {
            Call::Open(role, name) => {
                let opened = lock_files::open(self.at()?, which(name));
                let result = match &opened {
                    Err(Errno::ACCESS) if role == Role::Turn && self.is_out_of_reach() => OpenResult::Held,
                    opened => lock_files::opened(opened, self.at()?, which(name)),
                };
                if let Ok(file) = opened {
                    self.keep(role, file)?;
                }
                result.into()
            }
            Call::Make(role, name) => {
                let made = lock_files::make(self.at()?, which(name));
                let result = lock_files::made(&made);
                if let Ok(file) = made {
                    self.keep(role, file)?;
                }
                result.into()
            }
            Call::SetMode(role) => done(&lock_files::set_mode(self.file(role)?, self.at()?)).into(),
            Call::See(role) => {
                lock_files::see(self.file(role)?, self.at()?, role, |user| self.site.trusts_also(user))?.into()
            }
            Call::Lock(role, mode) => {
                let locked = lock_files::lock(self.file(role)?, mode);
                if self.machine.looks() && locked == FlockResult::Busy {
                    self.holder = lock_files::holder(self.file(role)?, self.at()?);
                }
                locked.into()
            }
            Call::Unlock(role) => done(&lock_files::unlock(self.file(role)?)).into(),
            Call::Compare(role, name) => answer(lock_files::compare(self.file(role)?, self.at()?, which(name))).into(),
            Call::Record => {
                lock_files::record(self.file(Role::Turn)?, self.at()?, &Record::of_this_process())?;
                DoneResult::Done.into()
            }
            Call::Unlink(name) => lock_files::unlink(self.at()?, which(name)).into(),
            Call::Touch => done(&lock_files::touch(self.file(Role::Turn)?)).into(),
            Call::WasTouched => answer(lock_files::was_touched(self.file(Role::Turn)?)).into(),
            Call::Watch => {
                self.watch = FileWatch::new(self.at()?);
                answer(Ok(self.watch.is_some())).into()
            }
            Call::Close(role) => {
                match role {
                    Role::Turn => self.turn = None,
                    Role::Look => self.look = None,
                    Role::Share => self.share = None,
                    Role::Watch => self.watch = None,
                }
                DoneResult::Done.into()
            }
        })
    }

    /// Whether a process has the file at the path locked, which may not be opened.
    fn is_out_of_reach(&mut self) -> bool {
        let mut holder = None;
        let is_held =
            self.at().is_ok_and(|at| lock_files::is_held(at, &mut holder, |user| self.site.trusts_also(user)));
        if self.machine.looks() {
            self.holder = holder;
        }
        is_held
    }

    /// The path. (There is no lock file at an abstract name.)
    fn at(&self) -> io::Result<&AtPath> {
        self.site.at_path().ok_or(Errno::BADF)
    }

    fn file(&self, role: Role) -> io::Result<Borrowed<'_>> {
        let file = match role {
            Role::Turn => &self.turn,
            Role::Look => &self.look,
            Role::Share => &self.share,
            Role::Watch => &None,
        };
        file.as_ref().map(Descriptor::borrowed).ok_or(Errno::BADF)
    }

    /// An flock is of the open file, of which a forked child has a copy; so it closes that.
    fn keep(&mut self, role: Role, file: LockFile) -> io::Result<()> {
        let mut file = lock_files::descriptor(file)?;
        file.list(self.process);
        match role {
            Role::Turn => self.turn = Some(file),
            Role::Look => self.look = Some(file),
            Role::Share => self.share = Some(file),
            Role::Watch => {}
        }
        Ok(())
    }

    /// The error that a failure of the machine is for the user.
    pub(crate) fn error(&mut self, failure: Failure) -> Error {
        let owner = |name| self.owner(name).unwrap_or_else(peer::user);
        self.site.failed(match failure {
            Failure::OfFile(fault) => match (fault.call, Errno::from_raw_os_error(fault.errno.0)) {
                (Call::Lock(..), Errno::NOLCK | Errno::OPNOTSUPP | Errno::NOSYS) => {
                    What::UnsupportedFileSystem("it has no file locks".to_owned())
                }
                (Call::Open(_, name) | Call::Make(_, name), Errno::ACCESS | Errno::PERM)
                    if name != Name::Lock && self.owner(name).is_some() =>
                {
                    What::DeniedFifo { name: self.file_name(name), owner: owner(name) }
                }
                (call, errno) => return self.site.error(Fault::new(errno, doing(call))),
            },
            Failure::UntrustedFile => What::UntrustedFile(owner(Name::Lock)),
            Failure::UntrustedFifo(name) => What::UntrustedFifo { name: self.file_name(name), owner: owner(name) },
            Failure::NotALockFile(name) => What::NotALockFile(self.file_name(name)),
            Failure::Occupied => What::OccupiedFile(self.site.path().map_or("something else", what_is_at)),
            Failure::LockLost => What::LockLost,
            Failure::NotASlocket
            | Failure::Untrusted
            | Failure::Stale
            | Failure::Denied
            | Failure::Inaccessible
            | Failure::Elsewhere
            | Failure::TooLong
            | Failure::NoSockets
            | Failure::NoShares
            | Failure::SharedElsewhere
            | Failure::Baseline
            | Failure::NotAFifo(_)
            | Failure::Call(_) => unreachable!("this is said of sockets: {failure:?}"),
        })
    }

    fn owner(&self, name: Name) -> Option<u32> {
        lock_files::owner(self.at().ok()?, which(name))
    }

    /// A name in the folder, for a text.
    fn file_name(&self, name: Name) -> String {
        let name = self.at().map(|at| at.name_of(which(name)).to_string_lossy().into_owned());
        name.map(|name| escaped(&name).to_string()).unwrap_or_default()
    }
}

/// What a name is made of. (There are no temporary ones.)
const fn which(name: Name) -> Which {
    match name {
        Name::Lock | Name::Temporary | Name::Swept => Which::Lock,
        Name::Shared => Which::Share(None),
        Name::Slot(slot) => Which::Share(Some(slot)),
    }
}

/// What is being done by a call.
const fn doing(call: Call) -> &'static str {
    match call {
        Call::Open(..) | Call::See(_) => "open the lock file",
        Call::Make(..) => "make the lock file",
        Call::Lock(..) | Call::Unlock(_) => "lock the file",
        Call::Compare(..) | Call::WasTouched => "look at the path",
        Call::Unlink(_) => "remove the lock file",
        Call::SetMode(_) | Call::Record | Call::Touch | Call::Watch | Call::Close(_) => "use the lock",
    }
}
