//! One participant: the core's machine, its descriptors and timers, and the loop that makes its calls.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::io::{self, Errno};
use rustix::net::SocketAddrUnix;
use slocket_core::{
    Call, CallResult, Cargo, ConnectResult, DoneResult, Event, Failure, Hints, Inode, Machine, Mode, Name, Notice,
    PeerResult, Platform, RandomResult, Report, Request, Role, Source, StatResult, Step, Target, Timer, Times, Way,
};

use crate::at_path::AtPath;
use crate::descriptor::Descriptor;
use crate::error::{Error, Fault, What, no_sockets, what_is_at};
use crate::file_system::Place;
use crate::making::Making;
use crate::mark::{STICKY, published_mode, times};
use crate::peer::{self, Holder, Peer};
use crate::process::Process;
use crate::random::random;
use crate::site::{Home, Site};
use crate::sys::files::Listing;
use crate::sys::found::Seen;
use crate::sys::{self, answer, done, files, found, messages, sockets};
use crate::table::Table;
use crate::timers::Timers;
use crate::trace::{Span, trace};
use crate::wait::Wait;
use crate::watch::Watch;
use crate::{address, kernel, reserve, timers};

/// The machine with its descriptors and timers.
#[derive(Debug)]
pub(crate) struct Participant {
    site: Arc<Site>,
    /// The process that has the lock, or asks for it. In another, which was forked from that, all that may be done is to close
    /// the copies: to drop this.
    process: Process,
    /// Our user, when that was first of interest in this attempt.
    user: OnceLock<u32>,
    span: Span,
    machine: Machine,
    hints: Hints,
    table: Table,
    /// Who listened when we connected, and whether that cannot have changed since.
    server: Option<Peer>,
    server_lasts: bool,
    timers: Timers,
    /// When the last attempt began; nobody asks for the first.
    began: Option<Instant>,
    report: Option<Report>,
}

impl Participant {
    /// In a box: it is passed from hand to hand, and large.
    pub(crate) fn new(site: &Arc<Site>, process: Process) -> Box<Self> {
        let (platform, hints) = known(site);
        Box::new(Self {
            process,
            user: OnceLock::new(),
            span: Span::new(site.name()),
            site: Arc::clone(site),
            machine: Machine::new(platform, hints),
            hints,
            table: Table::default(),
            server: None,
            server_lasts: false,
            timers: Timers::default(),
            began: None,
            report: None,
        })
    }

    /// Holds the lock by a listener that was passed to this process, and is bound to `address` and to that file.
    pub(crate) fn holding(
        site: &Arc<Site>,
        process: Process,
        listener: OwnedFd,
        address: SocketAddrUnix,
        inode: Option<Inode>,
    ) -> Box<Self> {
        let mut participant = Self::new(site, process);
        let (platform, hints) = known(site);
        participant.machine = Machine::holding(platform, hints, inode);
        participant.table.put(Role::Listener, listener);
        participant.table.listener.set_address(Some(address));
        participant.table.listener.list(process);
        participant
    }

    pub(crate) fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// The process that has the lock, or asks for it.
    pub(crate) fn process(&self) -> Process {
        self.process
    }

    /// Takes what became of the request, once it is known.
    pub(crate) fn take_report(&mut self) -> Option<Report> {
        self.report.take()
    }

    /// Whether it is known what became of the request.
    pub(crate) fn has_report(&self) -> bool {
        self.report.is_some()
    }

    /// Who listened when the queue was left.
    pub(crate) fn take_server(&mut self) -> Option<Holder> {
        self.server.take().map(Peer::holder)
    }

    /// The descriptor that carries the lock.
    pub(crate) fn descriptor(&self) -> Option<&Descriptor> {
        self.table.listener.descriptor().or_else(|| self.table.connection.descriptor())
    }

    /// Whether the lock is on loan from a server that cannot hand it over.
    pub(crate) fn is_loan(&self) -> bool {
        self.table.listener.descriptor().is_none()
    }

    /// Whether somebody waits in the queue of our listener.
    pub(crate) fn is_contended(&self) -> bool {
        self.table.listener.descriptor().is_some_and(|listener| sockets::is_contended(listener.as_fd()) == Ok(true))
    }

    /// Whether the path is still the socket that carries the lock. (An abstract name cannot be taken from the socket that has it.)
    pub(crate) fn is_intact(&self) -> io::Result<bool> {
        match (self.machine.inode(), self.site.at_path()) {
            (Some(inode), Some(at)) => at.is(inode),
            _ => Ok(true),
        }
    }

    /// Leaves the lock to the process that [adopts it](Self::adopt): one that was forked from here on has it open,
    /// whatever it does with its other copies.
    pub(crate) fn disown(&mut self) {
        for socket in [&mut self.table.listener, &mut self.table.connection] {
            if let Some(descriptor) = socket.descriptor_mut() {
                descriptor.unlist();
            }
        }
    }

    /// Takes over a lock that its process has left.
    pub(crate) fn adopt(&mut self, here: Process) {
        self.process = here;
        self.user = OnceLock::new();
        if let Some(listener) = self.table.listener.descriptor() {
            listener.list(here);
            // It listens already: all that could fail is to be named as the holder.
            let _ = sockets::listen_on(listener.as_fd());
        }
        if let Some(connection) = self.table.connection.descriptor() {
            connection.list(here);
        }
    }

    /// Gives the lock back. (There may be something left to be done: see [`is_finished`](Self::is_finished).)
    pub(crate) fn release(&mut self) -> Result<(), Error> {
        self.tell(Event::Request(Request::Release));
        match self.report.take() {
            Some(Report::Failed(failure)) => Err(self.error(failure)),
            _ => Ok(()),
        }
    }

    /// Whether everything is over.
    pub(crate) fn is_finished(&self) -> bool {
        !self.machine.is_background()
    }

    /// Whether only a server's last word is still to come.
    pub(crate) fn is_lingering(&self) -> bool {
        self.machine.is_lingering()
    }

    /// Whether it lingers at a server that was not told that we are done.
    pub(crate) fn is_lingering_untold(&self) -> bool {
        self.is_lingering() && !self.machine.is_dismissed()
    }

    /// Tells the server that we are done.
    pub(crate) fn dismiss(&mut self) {
        self.tell(Event::Request(Request::Dismiss));
    }

    /// Who has the lock or lends it, if that is the server at which we queue, whoever it grants the lock to.
    pub(crate) fn lender(&self) -> Option<Holder> {
        let lends = self.machine.has(Role::Connection) && !self.machine.server_hands_over();
        self.server.filter(|_| lends).map(Peer::holder)
    }

    /// Who holds the lock, if that is the server that was left, whoever it grants the lock to, or was that `within` such a time.
    pub(crate) fn recent_holder(&mut self, within: Duration) -> Option<Holder> {
        let is_recent = self.began.is_some_and(|began| began.elapsed() < within);
        if self.server_lasts || is_recent { self.take_server() } else { None }
    }

    /// Leaves a server that does not take note that we are done. A listener that has come is passed on.
    pub(crate) fn cut_short(&mut self) {
        self.tell(Event::Request(Request::Cut));
        self.wake();
    }

    pub(crate) fn wait(&self) -> Wait<'_> {
        let descriptor = match self.machine.wait().source {
            Some(Source::Connection) => self.table.get(Role::Connection).ok(),
            Some(Source::Guest) => self.table.get(Role::Guest).ok(),
            Some(Source::Path) => self.table.get(Role::Watch).ok(),
            None => None,
        };
        Wait { descriptor, until: self.timers.next(), deadline: None }
    }

    /// Takes what has come, then the timers that are due.
    pub(crate) fn wake(&mut self) {
        match self.machine.wait().source {
            Some(Source::Connection | Source::Guest) => self.tell(Event::Notice(Notice::Readable)),
            Some(Source::Path) if self.table.watch.as_ref().is_some_and(Watch::take) => {
                self.tell(Event::Notice(Notice::FsChange));
            }
            Some(Source::Path) | None => {}
        }
        while self.report.is_none()
            && let Some(timer) = self.timers.take_due(Instant::now())
        {
            self.tell(Event::Notice(Notice::TimerFired(timer)));
        }
    }

    /// Tells the machine an event, and makes the calls that it asks for, until it waits.
    pub(crate) fn tell(&mut self, event: Event) {
        let _in_span = self.span.enter();
        if self.machine.has(Role::Connection) {
            self.server_lasts = !self.machine.server_hands_over();
        } else {
            // Whoever listened at a connection that has ended is no holder any more.
            self.server = None;
        }
        let mut event = event;
        let wait = loop {
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
                Step::Wait(wait) => break wait,
                Step::Report(report, wait) => {
                    trace!(?report);
                    self.report = Some(report);
                    break wait;
                }
            }
        };
        self.set_timers(wait);
        let hints = self.machine.hints();
        if hints != self.hints {
            self.hints = hints;
            match self.site.home() {
                Home::Path(at) => at.set_hints(hints),
                Home::Name(name) => name.set_hints(hints),
            }
        }
    }

    fn set_timers(&mut self, wait: slocket_core::Wait) {
        if wait == slocket_core::Wait::default() && self.timers.next().is_none() {
            return;
        }
        let (began, here) = (self.began, self.process);
        let recheck = timers::recheck_delay(self.table.watch.is_some());
        let stale = self.site.stale().1;
        let now = Instant::now();
        self.timers.set(&wait, |timer| match timer {
            Timer::Retry => {
                let level = wait.retry.unwrap_or_default();
                began.unwrap_or(now).checked_add(timers::retry_delay(level, here))
            }
            Timer::Recheck => now.checked_add(recheck),
            Timer::Stale => now.checked_add(stale),
            Timer::Try => now.checked_add(timers::TRY_AGAIN),
            // The deadline is the session's.
            Timer::Deadline => None,
        });
    }

    /// Makes a call.
    fn perform(&mut self, call: Call) -> CallResult {
        match call {
            Call::Stat(name) => self.stat(|at| files::stat_name(at.folder().as_fd(), &at.name_of(name)), None),
            Call::StatByPath(name) => self.stat(|at| files::stat_by_path(&at.path_of(name)), None),
            Call::StatFile(role) => match self.table.get(role) {
                Ok(file) => {
                    let stat = files::stat_file(file);
                    self.stat(|_| stat, Some(role))
                }
                Err(errno) => StatResult::Failed(sys::code(errno)).into(),
            },
            Call::Open(role, name) => {
                let opened = self.at().and_then(|at| files::open(at.folder().as_fd(), &at.name_of(name)));
                self.keep(role, opened).into()
            }
            Call::OpenFolder(Role::Listing) => {
                let listing = self.at().and_then(|at| at.folder().open_anew()).and_then(Listing::new);
                let result = files::opened(&listing);
                self.table.listing = listing.ok();
                result.into()
            }
            Call::OpenFolder(role) => {
                let opened = self.at().and_then(|at| at.folder().open_anew());
                self.keep(role, opened).into()
            }
            Call::NextName => match &mut self.table.listing {
                Some(listing) => listing.next_name().into(),
                None => slocket_core::NextNameResult::End.into(),
            },
            Call::Unlink(name) => match self.at() {
                Ok(at) => files::unlink(at.folder().as_fd(), &at.name_of(name)).into(),
                Err(errno) => slocket_core::UnlinkResult::Failed(sys::code(errno)).into(),
            },
            Call::Rename(name) => match self.at() {
                Ok(at) => files::rename(at.folder().as_fd(), &at.name_of(name), at.name()).into(),
                Err(errno) => slocket_core::RenameResult::Failed(sys::code(errno)).into(),
            },
            Call::Link(name) => match self.at() {
                Ok(at) => files::link(at.folder().as_fd(), &at.name_of(name), at.name()).into(),
                Err(errno) => slocket_core::RenameResult::Failed(sys::code(errno)).into(),
            },
            Call::FileSystem => match self.at() {
                Ok(at) => files::file_system(at.folder()).into(),
                Err(errno) => slocket_core::FileSystemResult::Failed(sys::code(errno)).into(),
            },
            Call::StatProc => match self.at() {
                Ok(at) => files::stat_proc(at.folder(), at.resolved()).into(),
                Err(_) => slocket_core::ProcResult::LeadsNowhere.into(),
            },
            Call::SetTimesOfName(name) => match self.at() {
                Ok(at) => {
                    files::set_times_of_name(at.folder().as_fd(), &at.name_of(name), &times(Times::Marked)).into()
                }
                Err(errno) => slocket_core::TimesResult::Failed(sys::code(errno)).into(),
            },
            Call::SetTimes(role, what) => match self.table.get(role) {
                Ok(file) => files::set_times(file, &times(what)).into(),
                Err(errno) => slocket_core::TimesResult::Failed(sys::code(errno)).into(),
            },
            Call::SetTimesInProc(role, what) => match self.table.get(role) {
                Ok(file) => files::set_times_in_proc(file, &times(what)).into(),
                Err(errno) => slocket_core::TimesResult::Failed(sys::code(errno)).into(),
            },
            Call::SetMode(role, mode) => done(&self.set_mode(role, mode)).into(),
            Call::Flock(how) => match self.table.get(Role::Guard) {
                Ok(guard) => files::guard(guard, how).into(),
                Err(errno) => slocket_core::FlockResult::Failed(sys::code(errno)).into(),
            },
            Call::Unlock => done(&self.table.get(Role::Guard).and_then(files::unlock)).into(),

            Call::Socket(role, kind) => {
                self.note_attempt(role);
                let making = Making::begin();
                let socket = sockets::socket(kind);
                let result = done(&socket);
                if let Ok(socket) = socket {
                    self.table.put_unbound(role, socket, making);
                }
                result.into()
            }
            Call::SetSocketMode => {
                let mode = self.at().map(|at| published_mode(at.mode()));
                let set = mode.and_then(|mode| sockets::set_socket_mode(self.table.get(Role::Listener)?, mode));
                done(&set).into()
            }
            Call::Bind(name, way) => {
                let address = self.address(name, way);
                self.bind(Role::Listener, address)
            }
            Call::BindBadge(number) => self.bind(Role::Connection, address::badge(number)),
            Call::Listen => {
                let listens = self.table.get(Role::Listener).and_then(|listener| {
                    self.is_user_still().then_some(()).ok_or(Errno::PERM)?;
                    sockets::listen_on(listener)
                });
                if listens.is_ok() {
                    self.table.listener.list(self.process);
                }
                done(&listens).into()
            }
            Call::Connect(role, target) => self.connect(role, target).into(),
            Call::Shutdown(role, half) => {
                done(&self.table.get(role).and_then(|socket| sockets::shut_down(socket, half))).into()
            }
            Call::Peer(role) => self.peer(role).into(),
            Call::Ask(question) => {
                answer(self.table.get(Role::Listener).and_then(|socket| sockets::ask(socket, question))).into()
            }
            Call::SocketName => {
                let name = self.table.get(Role::Listener).and_then(sockets::name);
                let result = done(&name);
                self.table.listener.set_address(name.unwrap_or_default());
                result.into()
            }
            Call::ComparePeerName => {
                let name = self.table.listener.address();
                answer(self.table.get(Role::Connection).and_then(|socket| sockets::has_peer_name(socket, name))).into()
            }
            Call::SetNonblocking => done(&self.table.get(Role::Listener).and_then(sockets::set_nonblocking)).into(),
            Call::Poll => answer(self.table.get(Role::Listener).and_then(sockets::is_contended)).into(),
            Call::Accept(role) => self.accept(role).into(),
            Call::HasEnded(role) => answer(self.table.get(role).map(sockets::has_ended)).into(),
            Call::Drain => match self.table.get(Role::Guest) {
                Ok(guest) => messages::drain(guest).into(),
                Err(_) => slocket_core::DrainResult::Ended.into(),
            },
            Call::HasUnread(role) => answer(self.table.get(role).and_then(sockets::has_unread)).into(),
            Call::Receive => {
                let Ok(connection) = self.table.get(Role::Connection) else {
                    return slocket_core::ReceiveResult::PeerClosed.into();
                };
                let (result, descriptors) = messages::receive(connection);
                let role = match result {
                    slocket_core::ReceiveResult::Listener => Role::Listener,
                    _ => Role::Strays,
                };
                descriptors.into_iter().for_each(|descriptor| self.table.put(role, descriptor));
                result.into()
            }
            Call::Send(cargo) => match (self.table.get(Role::Guest), self.table.get(Role::Listener), cargo) {
                (Ok(guest), Ok(listener), Cargo::Listener) => messages::send(guest, Some(listener)).into(),
                (Ok(guest), _, Cargo::Nothing) => messages::send(guest, None).into(),
                (Err(_), _, _) | (Ok(_), Err(_), Cargo::Listener) => slocket_core::SendResult::Failed.into(),
            },

            Call::Random => match random(self.process) {
                Ok(number) => RandomResult::Random(number).into(),
                Err(errno) => RandomResult::Failed(sys::code(errno)).into(),
            },
            Call::Reserve => {
                let descriptor = reserve::descriptor();
                let result = done(&descriptor);
                if let Ok(descriptor) = descriptor {
                    self.table.put(Role::Pin, descriptor);
                }
                result.into()
            }
            Call::SpendReserve => {
                reserve::spend();
                DoneResult::Done.into()
            }
            Call::KeepReserve => {
                reserve::keep(self.process);
                DoneResult::Done.into()
            }
            Call::Watch => {
                self.table.watch = self.site.at_path().and_then(Watch::new);
                answer(Ok(self.table.watch.is_some())).into()
            }
            Call::AskKernel => match self.at() {
                Ok(at) => kernel::ask_in(at.folder(), at.path(), at.is_private(), self.process).into(),
                Err(errno) => slocket_core::ProbeResult::Failed(sys::code(errno)).into(),
            },
            Call::Close(role) => {
                self.table.close(role, false);
                DoneResult::Done.into()
            }
            Call::CloseApart(role) => {
                self.table.close(role, true);
                DoneResult::Done.into()
            }
        }
    }

    /// The path. (A machine at an abstract name asks for nothing there.)
    fn at(&self) -> io::Result<&AtPath> {
        self.site.at_path().ok_or(Errno::BADF)
    }

    /// Looks at a file; of one that is held fast, its mode is remembered.
    fn stat(&mut self, stat: impl FnOnce(&AtPath) -> io::Result<rustix::fs::Stat>, pin: Option<Role>) -> CallResult {
        let user = || *self.user.get_or_init(peer::user);
        let seen: io::Result<Seen> = self.at().and_then(|at| Ok(at.seen(&stat(at)?, user)));
        if let (Some(role), Ok(seen)) = (pin, &seen) {
            self.table.set_mode(role, seen.mode);
        }
        found::result(&seen).into()
    }

    fn keep(&mut self, role: Role, opened: io::Result<OwnedFd>) -> slocket_core::OpenResult {
        let result = files::opened(&opened);
        if let Ok(file) = opened {
            self.table.put(role, file);
        }
        result
    }

    fn set_mode(&self, role: Role, mode: Mode) -> io::Result<()> {
        let before = self.table.mode(role);
        let mode = match mode {
            Mode::AsAsked => published_mode(self.at()?.mode()),
            Mode::OwnerWrites => before | rustix::fs::Mode::WUSR,
            Mode::Sticky => before | STICKY,
            Mode::NotSticky => before - STICKY,
        };
        files::set_mode(self.table.get(role)?, mode)
    }

    fn address(&self, name: Name, way: Way) -> io::Result<SocketAddrUnix> {
        match self.site.home() {
            Home::Path(at) => at.address(name, way),
            Home::Name(name) => Ok(name.address().clone()),
        }
    }

    fn bind(&mut self, role: Role, address: io::Result<SocketAddrUnix>) -> CallResult {
        let bound = self.table.get(role).and_then(|socket| {
            let address = address?;
            Ok((sockets::bind_to(socket, &address), address))
        });
        match bound {
            Ok((result, address)) => {
                let socket = if role == Role::Listener { &mut self.table.listener } else { &mut self.table.connection };
                if result == slocket_core::BindResult::Bound {
                    socket.set_address(Some(address));
                }
                result.into()
            }
            Err(errno) => slocket_core::BindResult::Failed(sys::code(errno)).into(),
        }
    }

    fn connect(&mut self, role: Role, target: Target) -> ConnectResult {
        let address = match target {
            Target::Pinned(pin) => {
                self.table.get(pin).and_then(|pin| address::of_path(&address::proc_path(pin)).ok_or(Errno::NAMETOOLONG))
            }
            Target::Path(name) => self.address(name, Way::Path),
            Target::Abstract => self.address(Name::Lock, Way::Abstract),
        };
        let connect =
            |socket: BorrowedFd<'_>| -> io::Result<ConnectResult> { Ok(sockets::connect_to(socket, &address?)) };
        let result = self.table.get(role).and_then(connect);
        result.unwrap_or_else(|errno| ConnectResult::Failed(sys::code(errno)))
    }

    fn peer(&mut self, role: Role) -> PeerResult {
        let Some(peer) = self.table.get(role).ok().and_then(Peer::of) else { return PeerResult::Unknown };
        let uid = peer.user();
        let is_ours = uid == *self.user.get_or_init(peer::user) && !peer::is_anybody(uid);
        let is_trusted = is_ours || self.site.trusts_also(uid);
        if role == Role::Connection {
            self.table.connection.list(self.process);
            self.server = Some(peer);
        }
        PeerResult::Peer { is_ours, is_trusted }
    }

    fn accept(&mut self, role: Role) -> slocket_core::AcceptResult {
        let Ok(listener) = self.table.get(Role::Listener) else { return slocket_core::AcceptResult::Failed };
        let (result, peer) = sockets::accept(listener);
        if let Some(peer) = peer {
            self.table.put(role, peer);
            if role == Role::Guest {
                self.table.guest.set_address(self.table.listener.address().cloned());
                self.table.guest.list(self.process);
            }
        }
        result
    }

    /// Whether our user is the one that others were compared with. (A program can change it while it waits. listen(2) then gives
    /// the new name to a listener that was believed under the old one, and may have come from anybody of that.)
    fn is_user_still(&self) -> bool {
        self.user.get().is_none_or(|user| *user == peer::user())
    }

    /// An attempt begins with its socket; nobody asks when the first did.
    fn note_attempt(&mut self, role: Role) {
        match role {
            Role::Connection => {
                self.began = Some(Instant::now());
                self.server = None;
                self.user = OnceLock::new();
            }
            Role::Listener => {
                self.user = OnceLock::new();
                if let Some(began) = &mut self.began {
                    *began = Instant::now();
                }
            }
            Role::Guest
            | Role::Pin
            | Role::Guard
            | Role::Probe
            | Role::Listing
            | Role::Swept
            | Role::Queue
            | Role::Strays
            | Role::Watch => {}
        }
    }

    /// The error that a failure of the machine is for the user.
    pub(crate) fn error(&mut self, failure: Failure) -> Error {
        self.site.failed(match failure {
            Failure::Call(fault) => return self.site.error(fault.into()),
            Failure::Denied => return self.site.error(Fault::new(Errno::PERM, "remove the dead socket")),
            Failure::Inaccessible => return self.site.error(Fault::new(Errno::ACCESS, "connect")),
            Failure::NotASlocket => self.found(),
            Failure::Occupied => What::Occupied(self.site.path().map_or("something else", what_is_at)),
            Failure::Untrusted => What::Untrusted(self.server.map_or(u32::MAX, Peer::user)),
            Failure::Stale => What::Stale,
            Failure::NoSockets => no_sockets(),
            Failure::TooLong => What::PathTooLong,
            Failure::Elsewhere => {
                What::UnsupportedFileSystem(match self.site.at_path().map(|at| at.folder().place()) {
                    Some(Ok(Place::Network(name))) => name.to_owned(),
                    Some(Ok(Place::Unknown(magic))) => {
                        format!("type {magic:#x}: a dead socket there may be alive elsewhere")
                    }
                    Some(Ok(Place::Local) | Err(_)) | None => "unknown".to_owned(),
                })
            }
            Failure::LockLost => What::LockLost,
        })
    }

    /// What is at the path instead of a lock.
    fn found(&self) -> What {
        let Some(at) = self.site.at_path() else {
            return What::NotASlocket("a server that does not speak the slocket protocol");
        };
        match at.look() {
            Ok(Some(seen)) if seen.found.is_socket() => {
                What::NotASlocket("a socket whose server does not speak the slocket protocol")
            }
            Ok(Some(_)) => What::Occupied(what_is_at(at.path())),
            _ => What::NotASlocket("a server that does not speak the slocket protocol, gone by now"),
        }
    }
}

/// What is known of the lock's place before a machine begins.
fn known(site: &Site) -> (Platform, Hints) {
    match site.home() {
        Home::Path(at) => (at.platform(), at.hints()),
        Home::Name(name) => (Platform { home: slocket_core::Home::Name, ..Platform::default() }, name.hints()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::Path;

    use slocket_core::{Occupied, Policy, Stale};
    use tempfile::TempDir;

    use super::*;
    use crate::lately::ANSWER_LASTS;
    use crate::{Builder, Lock};

    const ACQUIRE: Event = Event::Request(Request::Acquire(Policy { stale: Stale::Wait, occupied: Occupied::Wait }));

    /// A server that may lend, one that is queued there, and the connection as the server has it.
    struct Scene {
        server: UnixListener,
        accepted: UnixStream,
        participant: Box<Participant>,
        folder: TempDir,
    }

    impl Scene {
        fn new() -> Self {
            let folder = TempDir::with_prefix("slocket-participant-").unwrap();
            let lock: Lock = Builder::new(folder.path().join("lock")).build().unwrap();
            let server = UnixListener::bind(lock.path().unwrap()).unwrap();
            let mut participant = Participant::new(lock.site(), Process::current());
            participant.tell(ACQUIRE);
            let accepted = server.accept().unwrap().0;
            Self { server, accepted, participant, folder }
        }

        /// The server grants the lock and is killed.
        fn grant_and_die(self) -> (Box<Participant>, TempDir) {
            let Self { server, mut accepted, participant, folder } = self;
            accepted.write_all(b"OK").unwrap();
            drop((server, accepted));
            (participant, folder)
        }
    }

    fn has_lock(folder: &Path) -> bool {
        folder.join("lock").exists()
    }

    #[test]
    fn the_client_of_a_dead_server_removes_the_path() {
        let (mut participant, folder) = Scene::new().grant_and_die();
        participant.wake();
        assert_eq!(participant.take_report(), Some(Report::Acquired));
        assert!(participant.is_loan() && has_lock(folder.path()));
        participant.release().unwrap();
        assert!(participant.is_finished() && !has_lock(folder.path()));
    }

    #[test]
    fn the_client_of_a_dead_server_that_gave_up_removes_the_path() {
        let mut scene = Scene::new();
        scene.participant.tell(Event::Request(Request::Cancel));
        let (mut participant, folder) = scene.grant_and_die();
        assert!(participant.is_lingering_untold());
        participant.wake();
        assert!(participant.is_finished() && !has_lock(folder.path()));
    }

    /// The server has seen the end of the stream, and may have granted the lock to the next before it was killed.
    #[test]
    fn whoever_has_taken_its_leave_removes_nothing() {
        for leave in [Request::Dismiss, Request::Cut] {
            let mut scene = Scene::new();
            scene.participant.tell(Event::Request(Request::Cancel));
            // (Nothing arrives after it was cut.)
            scene.accepted.write_all(b"OK").unwrap();
            scene.participant.tell(Event::Request(leave));
            let Scene { server, accepted, mut participant, folder } = scene;
            drop((server, accepted));
            assert!(participant.is_lingering() && !participant.is_lingering_untold());
            participant.wake();
            assert!(participant.is_finished() && has_lock(folder.path()), "{leave:?}");
        }
    }

    /// A server that has ended is not named as the holder of what came to the path after it.
    #[test]
    fn a_server_that_has_ended_is_no_holder() {
        let scene = Scene::new();
        let path = scene.folder.path().join("lock");
        let Scene { server, accepted, mut participant, folder: _folder } = scene;
        assert!(participant.lender().is_some());
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        drop((server, accepted));
        participant.wake();
        assert!(!participant.has_report() && participant.lender().is_none());
        participant.tell(Event::Notice(Notice::TimerFired(Timer::Deadline)));
        assert_eq!(participant.take_report(), Some(Report::TimedOut));
        assert_eq!(participant.recent_holder(ANSWER_LASTS), None);
    }

    /// It was believed as our user's, and would have the name of another from there on.
    #[test]
    fn a_listener_that_comes_after_our_user_has_changed_is_given_away() {
        let folder = TempDir::with_prefix("slocket-participant-").unwrap();
        let lock: Lock = Builder::new(folder.path().join("lock")).build().unwrap();
        let mut holder = Participant::new(lock.site(), Process::current());
        holder.tell(ACQUIRE);
        // (So that the lock is not free as soon as it is given away.)
        let _copy = holder.descriptor().unwrap().as_fd().try_clone_to_owned().unwrap();
        let mut waiter = Participant::new(lock.site(), Process::current());
        waiter.tell(ACQUIRE);
        // As if the program had changed it since.
        waiter.user = OnceLock::from(peer::user() + 1);
        holder.release().unwrap();
        waiter.wake();
        assert!(!waiter.has_report() && waiter.table.listener.descriptor().is_none());
    }
}
