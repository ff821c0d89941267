//! One participant: the core's machine, its descriptors, and the performing of its actions.

use std::os::fd::AsFd;
use std::time::Instant;

use rustix::io::Errno;
use slocket_core::{
    Action, Connected, Delivery, Event, Failure, Inspected, Interest, Left, Machine, Published, Received, Reclaimed,
    Removal, Report, State, Timer, Wish,
};

use crate::connection::{Arrival, Connection, Join, Leave};
use crate::descriptor::Descriptor;
use crate::error::{Error, Fault, What, what_is_at};
use crate::file_system::Place;
use crate::lately::ANSWER_LASTS;
use crate::listener::{self, Listener};
use crate::lock::{Home, Lock};
use crate::peer::Holder;
use crate::process::Process;
use crate::publish::Publication;
use crate::trace::{Span, trace};
use crate::wait::Wait;
use crate::watch::Watch;
use crate::{background, closing, publish, reclaim, reserve, timers};

/// How many are accepted for one release, at most: all who can be in the queue when it begins (4,097, unless the system's
/// administrator has raised `net.core.somaxconn`), and one. Whoever comes and goes meanwhile must not keep it from its end.
const MOST_ACCEPTED: u32 = 4_098;

/// The machine with its descriptors and timers.
#[derive(Debug)]
pub(crate) struct Participant {
    lock: Lock,
    /// The process that has the lock, or asks for it. In another, which was forked from that, all that may be done is to close
    /// the copies: to drop this.
    process: Process,
    span: Span,
    machine: Machine,
    /// The number of the connection in `connection`.
    number: slocket_core::Connection,
    connection: Option<Connection>,
    /// Who listened when we connected, and whether that cannot have changed since.
    server: Option<Holder>,
    server_lasts: bool,
    listener: Option<Listener>,
    /// Who was accepted last.
    guest: Option<Descriptor>,
    /// How many were accepted for one release.
    accepted: u32,
    watch: Option<Watch>,
    timers: timers::Timers,
    /// When the last attempt began; nobody asks for the first.
    began: Option<Instant>,
    /// The last system call that failed.
    fault: Option<Fault>,
    report: Option<Report>,
}

impl Participant {
    /// In a box: it is passed from hand to hand, and large.
    pub(crate) fn new(lock: &Lock, process: Process) -> Box<Self> {
        Box::new(Self {
            process,
            span: Span::new(lock.name()),
            lock: lock.clone(),
            machine: Machine::new(),
            number: slocket_core::Connection::default(),
            connection: None,
            server: None,
            server_lasts: false,
            listener: None,
            guest: None,
            accepted: 0,
            watch: None,
            timers: timers::Timers::default(),
            began: None,
            fault: None,
            report: None,
        })
    }

    /// Holds the lock by a listener that was passed to this process.
    pub(crate) fn holding(lock: &Lock, process: Process, listener: Listener) -> Box<Self> {
        let mut participant = Self::new(lock, process);
        listener.socket().list(process);
        participant.listener = Some(listener);
        // It is as if this process had published it: nothing is left to be done.
        for event in [Event::Acquire(lock.stale().0), Event::Published(Published::Listening)] {
            if let Err(misuse) = participant.machine.handle(event) {
                unreachable!("{misuse}");
            }
        }
        participant
    }

    pub(crate) fn lock(&self) -> &Lock {
        &self.lock
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
        self.server.take()
    }

    pub(crate) fn listener(&self) -> Option<&Listener> {
        self.listener.as_ref()
    }

    pub(crate) fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// The descriptor that carries the lock.
    pub(crate) fn descriptor(&self) -> Option<&Descriptor> {
        self.listener.as_ref().map(Listener::socket).or_else(|| self.connection.as_ref().map(Connection::socket))
    }

    /// Leaves the lock to the process that [adopts it](Self::adopt): one that was forked from here on has it open,
    /// whatever it does with its other copies.
    pub(crate) fn disown(&mut self) {
        if let Some(listener) = &mut self.listener {
            listener.socket_mut().unlist();
        }
        if let Some(connection) = &mut self.connection {
            connection.socket_mut().unlist();
        }
    }

    /// Takes over a lock that its process has left.
    pub(crate) fn adopt(&mut self, here: Process) {
        self.process = here;
        if let Some(listener) = &self.listener {
            listener.socket().list(here);
            // It listens already: all that could fail is to be named as the holder.
            let _ = listener.listen();
        }
        if let Some(connection) = &self.connection {
            connection.socket().list(here);
        }
    }

    /// Gives the lock back.
    pub(crate) fn release(mut self: Box<Self>) -> Result<(), Error> {
        self.tell(Event::Release);
        let result = match self.report.take() {
            Some(Report::Failed(failure)) => Err(self.error(failure)),
            _ => Ok(()),
        };
        self.settle();
        result
    }

    /// Whether everything is over.
    pub(crate) fn is_finished(&self) -> bool {
        !self.machine.state().is_background()
    }

    /// Whether only a server's last word is still to come.
    pub(crate) fn is_lingering(&self) -> bool {
        matches!(self.machine.state(), State::Lingering(_))
    }

    /// Whether it lingers at a server that has not been told that we are done.
    pub(crate) fn is_lingering_untold(&self) -> bool {
        self.is_lingering() && self.connection.as_ref().is_some_and(|connection| !connection.is_dismissed())
    }

    /// Tells the server that we are done.
    pub(crate) fn dismiss(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.dismiss();
        }
    }

    /// Who has the lock or lends it, if that is the server at which we queue, whoever it grants the lock to.
    pub(crate) fn lender(&self) -> Option<Holder> {
        self.connection.as_ref().filter(|connection| !connection.hands_over()).and_then(Connection::server)
    }

    /// Who holds the lock, if that is the server that was left, whoever it grants the lock to; or was within the last second.
    pub(crate) fn recent_holder(&mut self) -> Option<Holder> {
        let is_recent = self.began.is_some_and(|began| began.elapsed() < ANSWER_LASTS);
        if self.server_lasts || is_recent { self.server.take() } else { None }
    }

    /// Leaves what is still to be done to the background thread.
    pub(crate) fn settle(self: Box<Self>) {
        if !self.is_finished() {
            background::adopt(*self);
        }
    }

    /// Leaves a server that does not take note that we are done. A listener that has come is passed on.
    pub(crate) fn cut_short(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.cut();
        }
        self.wake();
    }

    pub(crate) fn wait(&self) -> Wait<'_> {
        let descriptor = match self.machine.state().interest() {
            Interest::Connection => self.connection.as_ref().map(Connection::as_fd),
            Interest::Loan => self.guest.as_ref().map(Descriptor::as_fd),
            Interest::Path => self.watch.as_ref().map(Watch::as_fd),
            Interest::Timer => None,
        };
        Wait { descriptor, until: self.timers.next(), deadline: None }
    }

    /// Takes what has come, then the timers that are due.
    pub(crate) fn wake(&mut self) {
        match self.machine.state().interest() {
            Interest::Connection => self.receive(),
            Interest::Loan => {
                if self.guest.as_ref().is_some_and(|guest| listener::drain_until_end(guest.as_fd())) {
                    self.tell(Event::LoanEnded);
                }
            }
            Interest::Path => {
                if self.watch.as_ref().is_some_and(Watch::take) {
                    self.tell(Event::PathChanged);
                }
            }
            Interest::Timer => {}
        }
        while self.report.is_none()
            && let Some(timer) = self.timers.take_due(Instant::now())
        {
            self.tell(Event::TimerFired(timer));
        }
    }

    fn receive(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        let event = match connection.receive(self.lock.at_path()) {
            Ok(Arrival::Nothing) => return,
            Ok(Arrival::End) => Event::Ended(self.number),
            Ok(Arrival::Message(received, listener)) => {
                self.listener = listener.inspect(|listener| listener.socket().list(self.process));
                Event::Received(self.number, received)
            }
            Err(fault) => {
                // The listener came and could not be taken over, so it is closed: we hold nothing.
                self.fault = Some(fault);
                Event::Received(self.number, Received::Truncated)
            }
        };
        self.tell(event);
    }

    /// Tells the machine an event, performs what it asks for, tells it the answers, until it waits or is done.
    pub(crate) fn tell(&mut self, event: Event) {
        let _in_span = self.span.enter();
        let mut next = Some(event);
        while let Some(event) = next.take() {
            trace!(?event);
            let actions = match self.machine.handle(event) {
                Ok(actions) => actions,
                Err(misuse) => unreachable!("{misuse}"),
            };
            for action in actions {
                trace!(?action);
                next = self.perform(action);
            }
        }
    }

    /// Performs an action; the answer, if it asks for one.
    fn perform(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Publish => Some(Event::Published(self.publish())),
            Action::Connect(number) => {
                self.number = number;
                Some(Event::Connected(self.connect()))
            }
            Action::Disconnect => {
                self.disconnect();
                None
            }
            Action::Inspect => Some(Event::Inspected(self.inspect())),
            Action::Watch => {
                self.watch = self.lock.at_path().and_then(Watch::new);
                Some(Event::WatchArmed)
            }
            Action::Unwatch => {
                self.watch = None;
                None
            }
            Action::Reclaim { unmarked_too } => Some(Event::Reclaimed(self.reclaim(unmarked_too))),
            Action::Arm { timer, level } => {
                self.arm(timer, level);
                None
            }
            Action::Leave => Some(Event::Left(self.leave())),
            Action::Accept => {
                self.dismiss_guest();
                self.accepted += 1;
                let listener = self.listener.as_mut().filter(|_| self.accepted <= MOST_ACCEPTED);
                let accepted = listener.map(|listener| listener.accept(self.lock.at_path()));
                let (accepted, guest) = accepted.unwrap_or((slocket_core::Accepted::Failed, None));
                self.guest = guest.inspect(|guest| guest.list(self.process));
                Some(Event::Accepted(accepted))
            }
            Action::HandOver => Some(Event::HandedOver(match (&self.listener, &self.guest) {
                (Some(listener), Some(guest)) => listener.hand_over(guest.as_fd()),
                _ => Delivery::Failed,
            })),
            Action::ClearMark => Some(Event::MarkCleared(self.set_mark(false))),
            Action::Lend => {
                let delivery = self.guest.as_ref().map_or(Delivery::Failed, |guest| listener::lend(guest.as_fd()));
                self.accepted = match delivery {
                    // When it is back, another release begins.
                    Delivery::Sent => 0,
                    Delivery::Gone => self.accepted,
                    // Nothing can be sent to the next one, either; and npm's clients come again at once.
                    Delivery::Failed => MOST_ACCEPTED,
                };
                Some(Event::Granted(delivery))
            }
            Action::SetMark => {
                self.dismiss_guest();
                Some(Event::MarkSet(self.set_mark(true)))
            }
            Action::CloseOut => {
                self.dismiss_guest();
                let removal =
                    self.listener.take().map_or(Removal::NotOurs, |listener| listener.close_out(self.lock.at_path()));
                Some(Event::ClosedOut(self.noted(removal)))
            }
            Action::GiveBack => {
                let removal = self
                    .connection
                    .take()
                    .map_or(Removal::NotOurs, |connection| connection.give_back(self.lock.at_path()));
                Some(Event::GivenBack(self.noted(removal)))
            }
            Action::Close => {
                self.listener = None;
                if let Some(guest) = self.guest.take() {
                    closing::close(guest);
                }
                self.disconnect();
                self.watch = None;
                reserve::keep(self.process);
                None
            }
            Action::Report(report) => {
                self.report = Some(report);
                self.timers = timers::Timers::default();
                // (A connection that has brought a listener is closed after the release: the caller waits for the lock.)
                self.watch = None;
                None
            }
        }
    }

    fn publish(&mut self) -> Published {
        if let Some(began) = &mut self.began {
            *began = Instant::now();
        }
        let published = match self.lock.home() {
            Home::Path(at) => publish::publish(at),
            Home::Name(name) => name.publish(),
        };
        match published {
            Ok(Publication::Ours(listener)) => {
                listener.socket().list(self.process);
                self.listener = Some(listener);
                Published::Listening
            }
            Ok(Publication::InUse) => Published::InUse,
            Ok(Publication::Swept) => Published::Swept,
            Err(fault) => Published::Failed(self.failed(fault)),
        }
    }

    fn connect(&mut self) -> Connected {
        self.began = Some(Instant::now());
        let looks = matches!(self.machine.state(), State::Connecting(attempt) if attempt.wish == Wish::Look);
        let joined = match self.lock.home() {
            Home::Path(at) => Connection::join(at, looks),
            Home::Name(name) => Connection::join_at_name(name, looks),
        };
        let connection = match joined {
            Ok(Join::Queued(connection)) => {
                connection.socket().list(self.process);
                connection
            }
            Ok(Join::Missing) => return Connected::Missing,
            Ok(Join::Refused) => return Connected::Refused,
            Ok(Join::BacklogFull) => return Connected::BacklogFull,
            Ok(Join::NotASocket) if self.lock.fails_if_occupied() => {
                return Connected::Failed(self.failed(Fault::occupied()));
            }
            Ok(Join::NotASocket) => return Connected::NotASocket,
            Ok(Join::WrongType) => return Connected::WrongType,
            Ok(Join::Denied) => return Connected::Denied,
            Err(fault) => return Connected::Failed(self.failed(fault)),
        };
        if !connection.peer().is_some_and(|peer| self.lock.trusts(peer.user())) {
            // Nothing of it is read: a listener that came would carry our name once it is used.
            self.server = connection.server();
            connection.close();
            return Connected::Untrusted;
        }
        self.connection = Some(connection);
        Connected::Queued
    }

    fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close();
        }
    }

    fn inspect(&mut self) -> Inspected {
        match self.lock.home() {
            Home::Path(at) => match reclaim::inspect(at) {
                Ok(Inspected::NotASocket) if self.lock.fails_if_occupied() => {
                    Inspected::Failed(self.failed(Fault::occupied()))
                }
                Ok(inspected) => inspected,
                Err(fault) => Inspected::Failed(self.failed(fault)),
            },
            // A name that is in use has a socket which some process, or some message, has open.
            Home::Name(_) => Inspected::Alive,
        }
    }

    fn reclaim(&mut self, unmarked_too: bool) -> Reclaimed {
        match self.lock.home() {
            Home::Path(at) => {
                reclaim::reclaim(at, unmarked_too).unwrap_or_else(|fault| Reclaimed::Failed(self.failed(fault)))
            }
            // The kernel has done so.
            Home::Name(_) => Reclaimed::Changed,
        }
    }

    fn leave(&mut self) -> Left {
        let Some(connection) = &mut self.connection else { return Left::Closed };
        self.server = connection.server();
        self.server_lasts = !connection.hands_over();
        match connection.leave(self.lock.at_path()) {
            (Leave::Lingering, _) => Left::Lingering,
            (Leave::Done, None) => Left::Closed,
            (Leave::Done, Some(listener)) => {
                listener.socket().list(self.process);
                self.listener = Some(listener);
                Left::Listener
            }
        }
    }

    fn arm(&mut self, timer: Timer, level: u8) {
        let now = Instant::now();
        match timer {
            Timer::Retry => self.timers.arm(timer, self.began.unwrap_or(now), timers::retry_delay(level)),
            Timer::Recheck => self.timers.arm(timer, now, timers::recheck_delay(self.watch.is_some())),
            Timer::Stale => self.timers.arm(timer, now, self.lock.stale().1),
            Timer::Try => self.timers.arm(timer, now, timers::TRY_AGAIN),
            // The machine never arms the deadline.
            Timer::Deadline => {}
        }
    }

    /// Ends the connection of who was accepted last, if it was not given the lock.
    fn dismiss_guest(&mut self) {
        if let Some(guest) = self.guest.take() {
            closing::end(guest);
        }
    }

    fn set_mark(&mut self, marked: bool) -> bool {
        self.listener.as_mut().is_some_and(|listener| listener.set_mark(self.lock.at_path(), marked))
    }

    /// Remembers what failed; its error code.
    fn failed(&mut self, fault: Fault) -> i32 {
        self.fault = Some(fault);
        fault.errno.raw_os_error()
    }

    fn noted(&mut self, removal: Removal) -> Removal {
        if let Removal::Failed(code) = removal {
            self.fault = Some(Fault::new(Errno::from_raw_os_error(code), "remove the socket"));
        }
        removal
    }

    /// The error that a failure of the machine is for the user.
    pub(crate) fn error(&mut self, failure: Failure) -> Error {
        self.lock.failed(match failure {
            Failure::Os(code) => {
                let fault = self.fault.take().filter(|fault| fault.errno.raw_os_error() == code);
                let fault = fault.unwrap_or_else(|| Fault::new(Errno::from_raw_os_error(code), "use the lock"));
                return self.lock.error(fault);
            }
            Failure::Denied => return self.lock.error(Fault::new(Errno::PERM, "remove the dead socket")),
            Failure::Inaccessible => return self.lock.error(Fault::new(Errno::ACCESS, "connect")),
            Failure::NotASlocket => self.found(),
            Failure::Untrusted => What::Untrusted(self.server.as_ref().map_or(u32::MAX, |server| server.uid)),
            Failure::Stale => What::Stale,
            Failure::Elsewhere => {
                What::UnsupportedFileSystem(match self.lock.at_path().map(|at| at.folder().place()) {
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
        let Some(at) = self.lock.at_path() else {
            return What::NotASlocket("a server that does not speak the slocket protocol");
        };
        match at.look() {
            Ok(Some(found)) if found.is_socket => {
                What::NotASlocket("a socket whose server does not speak the slocket protocol")
            }
            Ok(Some(_)) => What::Occupied(what_is_at(at.path())),
            _ => What::NotASlocket("a server that does not speak the slocket protocol, gone by now"),
        }
    }
}
