//! A participant of a lock that is a socket: the core's machine, its descriptors and timers, and the loop that makes its calls.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::io::{self, Errno};
use rustix::net::SocketAddrUnix;
use slocket_core::{
    Call, CallResult, Event, Failure, Hints, Inode, Machine, Notice, Platform, Probe, Report, Role, Source, Step, Timer,
};

use crate::connected::Peer;
use crate::descriptor::Descriptor;
use crate::error::{Error, Fault, What, no_sockets, what_is_at};
use crate::file_system::Place;
use crate::peer::Holder;
use crate::perform::Performer;
use crate::process::Process;
use crate::reserve;
use crate::site::{Home, Site};
use crate::sys::{code, sockets};
use crate::timers::{self, Timers};
use crate::trace::{Span, trace};
use crate::wait::Wait;
use crate::watch::Watch;

/// The machine with its descriptors and timers.
#[derive(Debug)]
pub(crate) struct SocketParticipant {
    span: Span,
    machine: Machine,
    hints: Hints,
    performer: Performer,
    /// Whether the server that we connected to cannot have changed since.
    server_lasts: bool,
    timers: Timers,
    report: Option<Report>,
}

impl SocketParticipant {
    #[inline]
    pub(crate) fn new(site: &Arc<Site>, process: Process) -> Self {
        let (platform, hints) = known(site);
        Self {
            span: Span::new(site.name()),
            machine: Machine::new(platform, hints),
            hints,
            performer: Performer::new(Arc::clone(site), process),
            server_lasts: false,
            timers: Timers::default(),
            report: None,
        }
    }

    /// Begins again, in the memory of one that has finished.
    #[inline]
    pub(crate) fn renew(&mut self, at: &Arc<Site>, process: Process) {
        let (platform, known) = known(at);
        let Self { span, machine, hints, performer, server_lasts, timers, report } = self;
        performer.renew(at, process);
        (*span, *machine, *hints) = (Span::new(at.name()), Machine::new(platform, known), known);
        (*server_lasts, *timers, *report) = (false, Timers::default(), None);
    }

    /// To look at the path without queueing. `probe` is what tells a live socket from a dead one, if that has not
    /// been asked in the lock's folder.
    pub(crate) fn bystander(site: &Arc<Site>, process: Process, probe: Option<Probe>) -> Self {
        let mut participant = Self::new(site, process);
        let (platform, hints) = known(site);
        participant.machine = Machine::new(Platform { probe: platform.probe.or(probe), ..platform }, hints);
        participant
    }

    /// Holds the lock by a listener that was passed to this process, and is bound to `address` and to that file.
    pub(crate) fn holding(
        site: &Arc<Site>,
        process: Process,
        listener: OwnedFd,
        address: SocketAddrUnix,
        inode: Option<Inode>,
    ) -> Self {
        let mut participant = Self::new(site, process);
        let (platform, hints) = known(site);
        participant.machine = Machine::holding(platform, hints, inode);
        participant.performer.table.put(Role::Listener, listener);
        participant.performer.table.listener.set_address(Some(Arc::new(address)));
        participant.performer.table.list_listener(process);
        participant
    }

    pub(crate) fn site(&self) -> &Arc<Site> {
        &self.performer.site
    }

    /// The process that holds the lock, or asks for it.
    pub(crate) fn process(&self) -> Process {
        self.performer.process
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

    /// The listener when the queue was left.
    pub(crate) fn take_server(&mut self) -> Option<Holder> {
        self.performer.server.take().map(Peer::holder)
    }

    /// The descriptor that carries the lock.
    pub(crate) fn descriptor(&self) -> Option<&Descriptor> {
        self.performer.table.listener.descriptor().or_else(|| self.performer.table.connection.descriptor())
    }

    /// The listener that carries the lock, if it is not on loan.
    pub(crate) fn listener(&self) -> Option<&Descriptor> {
        self.performer.table.listener.descriptor()
    }

    /// Whether the lock is on loan from a server that cannot hand it over.
    pub(crate) fn is_loan(&self) -> bool {
        self.performer.table.listener.descriptor().is_none()
    }

    /// Whether a process waits in the queue of our listener.
    pub(crate) fn is_contended(&self) -> bool {
        self.performer
            .table
            .listener
            .descriptor()
            .is_some_and(|listener| sockets::is_contended(listener.as_fd()) == Ok(true))
    }

    /// Whether the path is still the socket that carries the lock. (An abstract name cannot be taken from the socket that has it.)
    pub(crate) fn is_intact(&self) -> io::Result<bool> {
        match (self.machine.inode(), self.performer.site.at_path()) {
            (Some(inode), Some(at)) => at.is(inode),
            _ => Ok(true),
        }
    }

    /// Leaves the lock to the process that [adopts it](Self::adopt): one that was forked from here on has it open,
    /// whatever it does with its other copies.
    pub(crate) fn disown(&mut self) {
        for socket in [&mut self.performer.table.listener, &mut self.performer.table.connection] {
            if let Some(descriptor) = socket.descriptor_mut() {
                descriptor.unlist();
            }
        }
    }

    /// Takes over a lock that its process has left.
    pub(crate) fn adopt(&mut self, here: Process) {
        self.performer.process = here;
        self.performer.user = OnceLock::new();
        if let Some(listener) = self.performer.table.listener.descriptor_mut() {
            listener.list(here);
            // It listens already: all that could fail is to be named as the holder.
            let _ = sockets::listen_on(listener.as_fd());
        }
        if let Some(connection) = self.performer.table.connection.descriptor_mut() {
            connection.list(here);
        }
    }

    /// The descriptor that is a share of the lock.
    pub(crate) fn share(&self) -> Option<&Descriptor> {
        self.performer.table.share.descriptor()
    }

    /// Whether it has the lock in hand, and waits for shares to be given back.
    pub(crate) fn awaits_shares(&self) -> bool {
        matches!(self.machine.wait().source, Some(Source::Look | Source::Slots))
    }

    /// Whether everything is over.
    pub(crate) fn is_finished(&self) -> bool {
        !self.machine.is_background()
    }

    /// Whether it was asked for something, and has nothing open any more.
    pub(crate) fn is_spent(&self) -> bool {
        self.machine.is_finished()
    }

    /// Whether only a server's last word is still to come.
    pub(crate) fn is_lingering(&self) -> bool {
        self.machine.is_lingering()
    }

    /// Whether it lingers at a server that was not told that we are done.
    pub(crate) fn is_lingering_untold(&self) -> bool {
        self.is_lingering() && !self.machine.is_dismissed()
    }

    /// The process that holds or lends the lock, if that is the server at which we queue, even if it has lent the lock.
    pub(crate) fn lender(&self) -> Option<Holder> {
        let lends = self.machine.has(Role::Connection) && !self.machine.server_hands_over();
        self.performer.server.filter(|_| lends).map(Peer::holder)
    }

    /// The holder of the lock, if that is the server that was left, even if it has lent the lock, or was that `within` such a time.
    pub(crate) fn recent_holder(&mut self, within: Duration) -> Option<Holder> {
        let is_recent = self.performer.began.is_some_and(|began| began.elapsed() < within);
        if self.server_lasts || is_recent { self.take_server() } else { None }
    }

    pub(crate) fn wait(&self) -> Wait<'_> {
        let descriptor = match self.machine.wait().source {
            Some(Source::Connection) => self.performer.table.get(Role::Connection).ok(),
            Some(Source::Guest) => self.performer.table.get(Role::Guest).ok(),
            Some(Source::Path) => self.performer.table.get(Role::Watch).ok(),
            Some(Source::Look) => self.performer.table.get(Role::Look).ok(),
            Some(Source::Slots) => self.performer.table.slots.as_ref().map(AsFd::as_fd),
            None => None,
        };
        Wait { descriptor, until: self.timers.next(), deadline: None }
    }

    /// Takes what has come, then the timers that are due.
    pub(crate) fn wake(&mut self) {
        match self.machine.wait().source {
            Some(Source::Connection | Source::Guest) => self.tell(Event::Notice(Notice::Readable)),
            Some(Source::Path) if self.performer.table.watch.as_ref().is_some_and(Watch::take) => {
                self.tell(Event::Notice(Notice::FsChange));
            }
            Some(Source::Look | Source::Slots) => self.tell(Event::Notice(Notice::HungUp)),
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
            // The server of a connection that has ended does not hold the lock any more.
            self.performer.server = None;
        }
        trace!(?event);
        let mut next = match &self.machine.hear(event) {
            Ok(step) => self.take_note(step),
            Err(misfit) => unreachable!("{misfit}: {event:?} at {:?}", self.machine.asked()),
        };
        while let Some(call) = next {
            trace!(?call);
            // (The result is told where it is, without copying it: that would take more time than all else.)
            let performed = self.performer.perform(call);
            let failed;
            next = self.answer(match &performed {
                Ok(result) => result,
                Err(errno) => {
                    failed = call.failed(code(*errno));
                    &failed
                }
            });
        }
        // (A holder may have spent it, to accept the next.)
        if self.machine.is_finished() || self.machine.is_shared() {
            reserve::keep(self.performer.process);
        }
        let hints = self.machine.hints();
        if hints != self.hints {
            self.hints = hints;
            match self.performer.site.home() {
                Home::Path(at) => at.set_hints(hints),
                Home::Name(name) => name.set_hints(hints),
            }
        }
    }

    #[inline]
    fn answer(&mut self, result: &CallResult) -> Option<Call> {
        trace!(event = ?Event::Result(*result));
        match &self.machine.answer(result) {
            Ok(step) => self.take_note(step),
            Err(misfit) => unreachable!("{misfit}: {result:?} for {:?}", self.machine.asked()),
        }
    }

    /// The call that is to be made next, unless something is waited for.
    #[inline(always)]
    fn take_note(&mut self, step: &Step) -> Option<Call> {
        match *step {
            Step::Call(call) => return Some(call),
            Step::Wait(wait) => self.set_timers(wait),
            Step::Report(report, wait) => {
                trace!(?report);
                self.report = Some(report);
                self.set_timers(wait);
            }
        }
        None
    }

    #[inline]
    fn set_timers(&mut self, wait: slocket_core::Wait) {
        if self.timers.is_concerned(&wait) {
            self.set_timers_anew(wait);
        }
    }

    #[inline(never)]
    fn set_timers_anew(&mut self, wait: slocket_core::Wait) {
        let (began, here) = (self.performer.began, self.performer.process);
        let recheck = timers::recheck_delay(self.performer.table.watch.is_some());
        let stale = self.performer.site.stale().1;
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

    /// The error that a failure of the machine is for the user.
    pub(crate) fn error(&mut self, failure: Failure) -> Error {
        self.performer.site.failed(match failure {
            Failure::Call(fault) => match (fault.call, Errno::from_raw_os_error(fault.errno.0)) {
                (Call::OpenFifo(_, _, name), Errno::ACCESS | Errno::PERM) => {
                    What::DeniedFifo { name: self.performer.file_name(name), owner: self.performer.owner(name) }
                }
                // A socket, a link, a folder: what cannot be opened so is not a FIFO.
                (Call::OpenFifo(_, _, name), Errno::NXIO | Errno::LOOP | Errno::ISDIR) => {
                    What::NotAFifo(self.performer.file_name(name))
                }
                _ => return self.performer.site.error(fault.into()),
            },
            Failure::Denied => return self.performer.site.error(Fault::new(Errno::PERM, "remove the dead socket")),
            Failure::Inaccessible => return self.performer.site.error(Fault::new(Errno::ACCESS, "connect")),
            Failure::NotASlocket => self.found(),
            Failure::Occupied => What::Occupied(self.performer.site.path().map_or("something else", what_is_at)),
            Failure::Untrusted => What::Untrusted(self.performer.server.map_or(u32::MAX, Peer::user)),
            Failure::Stale => What::Stale,
            Failure::NoSockets => no_sockets(),
            Failure::TooLong => What::PathTooLong,
            Failure::Elsewhere => {
                What::UnsupportedFileSystem(match self.performer.site.at_path().map(|at| at.folder().place()) {
                    Some(Ok(Place::Network(name))) => name.to_owned(),
                    Some(Ok(Place::Unknown(magic))) => {
                        format!("type {magic:#x}: a dead socket there may be alive elsewhere")
                    }
                    Some(Ok(Place::Local) | Err(_)) | None => "unknown".to_owned(),
                })
            }
            Failure::NotAFifo(name) => What::NotAFifo(self.performer.file_name(name)),
            Failure::UntrustedFifo(name) => {
                What::UntrustedFifo { name: self.performer.file_name(name), owner: self.performer.owner(name) }
            }
            Failure::NoShares => What::NoShares,
            Failure::SharedElsewhere => What::SharedElsewhere,
            Failure::Baseline => What::SharesIgnored,
            Failure::LockLost => What::LockLost,
            Failure::OfFile(_) | Failure::UntrustedFile | Failure::NotALockFile(_) => {
                unreachable!("this is said of lock files: {failure:?}")
            }
        })
    }

    /// What is at the path instead of a lock.
    fn found(&self) -> What {
        let Some(at) = self.performer.site.at_path() else {
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

    use rustix::event::{PollFd, PollFlags, poll};
    use slocket_core::{Name, Occupied, Policy, Request, Share, Stale};
    use tempfile::TempDir;

    use super::*;
    use crate::lately::ANSWER_LASTS;
    use crate::{Builder, ErrorKind, Lock, peer};

    const POLICY: Policy = Policy { stale: Stale::Wait, occupied: Occupied::Wait };
    const ACQUIRE: Event = Event::Request(Request::Acquire(POLICY));

    /// A server that may lend, one that is queued there, and the connection as the server has it.
    struct Scene {
        server: UnixListener,
        accepted: UnixStream,
        participant: SocketParticipant,
        folder: TempDir,
    }

    impl Scene {
        fn new() -> Self {
            let folder = TempDir::with_prefix("slocket-participant-").unwrap();
            let lock: Lock = Builder::new(folder.path().join("lock")).build().unwrap();
            let server = UnixListener::bind(lock.path().unwrap()).unwrap();
            let mut participant = SocketParticipant::new(lock.site(), Process::current());
            participant.tell(ACQUIRE);
            let accepted = server.accept().unwrap().0;
            Self { server, accepted, participant, folder }
        }

        /// The server grants the lock and is killed.
        fn grant_and_die(self) -> (SocketParticipant, TempDir) {
            let Self { server, mut accepted, participant, folder } = self;
            accepted.write_all(b"OK").unwrap();
            drop((server, accepted));
            (participant, folder)
        }
    }

    #[track_caller]
    fn release(participant: &mut SocketParticipant) {
        participant.tell(Event::Request(Request::Release));
        let report = participant.take_report();
        assert!(!matches!(report, Some(Report::Failed(_))), "{report:?}");
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
        release(&mut participant);
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

    // ---- Shares, on the real kernel. (How their waits are told to an adapter is `wait`'s.)

    const SHARE: Event = Event::Request(Request::Share(POLICY, Share::Unlimited));

    fn slot_of(count: u16) -> Event {
        Event::Request(Request::Share(POLICY, Share::SlotOf(count.try_into().unwrap())))
    }

    /// One lock, and what is in its folder.
    struct Shared {
        lock: Lock,
        folder: TempDir,
    }

    impl Shared {
        fn new() -> Self {
            let folder = TempDir::with_prefix("slocket-shared-").unwrap();
            Self { lock: Builder::new(folder.path().join("lock")).build().unwrap(), folder }
        }

        fn ask(&self, event: Event) -> SocketParticipant {
            let mut participant = SocketParticipant::new(self.lock.site(), Process::current());
            participant.tell(event);
            participant
        }

        #[track_caller]
        fn has(&self, event: Event, report: Report) -> SocketParticipant {
            let mut participant = self.ask(event);
            assert_eq!(participant.take_report(), Some(report));
            participant
        }

        /// What is in the folder, in order.
        fn names(&self) -> Vec<String> {
            let names = std::fs::read_dir(self.folder.path()).unwrap();
            let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    /// Whether what it waits for has happened, as poll(2) tells.
    fn is_ready(participant: &SocketParticipant) -> bool {
        let wait = participant.wait();
        let mut polled = [PollFd::new(wait.descriptor.as_ref().expect("it waits"), PollFlags::IN)];
        poll(&mut polled, Some(&rustix::event::Timespec::default())).unwrap() == 1
    }

    #[test]
    fn one_that_has_finished_is_as_good_as_new() {
        let (one, other) = (Shared::new(), Shared::new());
        let mut participant = one.has(ACQUIRE, Report::Acquired);
        release(&mut participant);
        assert!(participant.is_spent());
        participant.renew(other.lock.site(), Process::current());
        assert!(!participant.has_report() && participant.descriptor().is_none());
        assert!(participant.is_finished() && !participant.is_spent());
        participant.tell(ACQUIRE);
        assert_eq!(participant.take_report(), Some(Report::Acquired));
        assert_eq!(one.names(), [] as [&str; 0]);
        assert_eq!(other.names(), ["lock"]);
        release(&mut participant);
        assert_eq!(other.names(), [] as [&str; 0]);
    }

    #[test]
    fn many_have_a_share_and_whoever_acquires_waits_for_the_last() {
        let shared = Shared::new();
        let none = Report::Shared { slot: None };
        let (mut one, mut other) = (shared.has(SHARE, none), shared.has(SHARE, none));
        assert_eq!(shared.names(), [".lock.shared"]);
        let mut writer = shared.ask(ACQUIRE);
        assert!(!writer.has_report());
        release(&mut one);
        assert!(!is_ready(&writer) && !writer.has_report());
        release(&mut other);
        assert!(one.is_finished() && other.is_finished() && is_ready(&writer));
        writer.wake();
        assert_eq!(writer.take_report(), Some(Report::Acquired));
        assert_eq!(shared.names(), ["lock"]);
        writer.tell(Event::Request(Request::Downgrade));
        assert_eq!(writer.take_report(), Some(none));
        let mut third = shared.has(SHARE, none);
        release(&mut writer);
        release(&mut third);
        assert_eq!(shared.names(), [] as [&str; 0]);
    }

    #[test]
    fn each_has_a_slot_of_its_own_and_the_next_waits_for_any() {
        let shared = Shared::new();
        let mut first = shared.has(slot_of(2), Report::Shared { slot: Some(0) });
        let mut second = shared.has(slot_of(2), Report::Shared { slot: Some(1) });
        assert_eq!(shared.names(), [".lock.shared", ".lock.slot-0", ".lock.slot-1"]);
        let mut third = shared.ask(slot_of(2));
        assert!(!third.has_report() && !is_ready(&third));
        release(&mut second);
        assert!(is_ready(&third));
        third.wake();
        assert_eq!(third.take_report(), Some(Report::Shared { slot: Some(1) }));
        release(&mut first);
        release(&mut third);
        assert_eq!(shared.names(), [] as [&str; 0]);
    }

    /// In full: the next in the queue has the lock in hand.
    #[test]
    fn whoever_gives_up_waiting_for_shares_passes_the_lock_on() {
        let shared = Shared::new();
        let mut reader = shared.has(SHARE, Report::Shared { slot: None });
        let mut writer = shared.ask(ACQUIRE);
        let mut behind = shared.ask(SHARE);
        writer.tell(Event::Request(Request::Cancel));
        assert_eq!(writer.take_report(), Some(Report::Cancelled));
        behind.wake();
        assert_eq!(behind.take_report(), Some(Report::Shared { slot: None }));
        release(&mut reader);
        release(&mut behind);
        assert_eq!(shared.names(), [] as [&str; 0]);
    }

    #[test]
    fn what_is_no_fifo_is_not_believed() {
        let shared = Shared::new();
        std::fs::write(shared.folder.path().join(".lock.shared"), "").unwrap();
        for event in [ACQUIRE, SHARE] {
            shared.has(event, Report::Failed(Failure::NotAFifo(Name::Shared)));
            assert_eq!(shared.names(), [".lock.shared"]);
        }
    }

    #[test]
    fn what_cannot_even_be_opened_is_told_to_be_no_fifo() {
        let makes: [fn(&Path); 3] = [
            |path| drop(UnixListener::bind(path).unwrap()),
            |path| std::os::unix::fs::symlink("/dev/null", path).unwrap(),
            |path| std::fs::create_dir(path).unwrap(),
        ];
        for make in makes {
            let shared = Shared::new();
            make(&shared.folder.path().join(".lock.shared"));
            for event in [ACQUIRE, SHARE] {
                let mut participant = shared.ask(event);
                let Some(Report::Failed(failure)) = participant.take_report() else { panic!("{event:?}") };
                let error = participant.error(failure);
                assert_eq!(error.kind(), ErrorKind::Occupied, "{event:?}: {error}");
                assert_eq!(shared.names(), [".lock.shared"]);
            }
        }
    }

    /// It was believed as our user's, and would have the name of another from there on.
    #[test]
    fn a_listener_that_comes_after_our_user_has_changed_is_given_away() {
        let folder = TempDir::with_prefix("slocket-participant-").unwrap();
        let lock: Lock = Builder::new(folder.path().join("lock")).build().unwrap();
        let mut holder = SocketParticipant::new(lock.site(), Process::current());
        holder.tell(ACQUIRE);
        // (So that the lock is not free as soon as it is given away.)
        let _copy = holder.descriptor().unwrap().as_fd().try_clone_to_owned().unwrap();
        let mut waiter = SocketParticipant::new(lock.site(), Process::current());
        waiter.tell(ACQUIRE);
        // As if the program had changed it since.
        waiter.performer.user = OnceLock::from(peer::user() + 1);
        release(&mut holder);
        waiter.wake();
        assert!(!waiter.has_report() && waiter.performer.table.listener.descriptor().is_none());
    }
}
