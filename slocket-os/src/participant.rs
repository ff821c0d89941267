//! One participant of a lock, whatever the lock is: a socket, or a locked file.

use std::sync::Arc;
use std::time::Duration;

use slocket_core::{Event, Failure, Probe, Report, Request};

use crate::descriptor::Descriptor;
use crate::error::Error;
use crate::file_participant::FileParticipant;
use crate::peer::Holder;
use crate::process::Process;
use crate::retention::Retention;
use crate::site::Site;
use crate::socket_participant::SocketParticipant;
use crate::sys::io;
use crate::wait::Wait;

/// What became of a lock that was to be a shared one.
pub(crate) enum Downgraded {
    /// It is one.
    Shared,
    /// The lock is held as before.
    Held(Error),
    /// Nothing is held any more.
    Lost(Error),
}

/// One participant of a lock, and what goes along with it: the queue inside the process knows what that is.
#[derive(Debug)]
pub(crate) struct Participant<T> {
    kind: Kind,
    /// What is known to retain the lock.
    pub(crate) retention: Retention,
    /// What goes along with a lock that is held, in the same box: the whole is passed from hand to hand by its address.
    pub(crate) along: Option<T>,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is in a box, and mostly the larger one")]
enum Kind {
    Socket(SocketParticipant),
    File(FileParticipant),
}

impl<T> From<SocketParticipant> for Box<Participant<T>> {
    /// In a box: it is passed from hand to hand, and large.
    fn from(participant: SocketParticipant) -> Self {
        Self::new(Participant { kind: Kind::Socket(participant), retention: Retention::default(), along: None })
    }
}

impl<T> From<FileParticipant> for Box<Participant<T>> {
    fn from(participant: FileParticipant) -> Self {
        Self::new(Participant { kind: Kind::File(participant), retention: Retention::default(), along: None })
    }
}

impl<T> Participant<T> {
    pub(crate) fn new(site: &Arc<Site>, process: Process) -> Box<Self> {
        match site.lock_file() {
            None => SocketParticipant::new(site, process).into(),
            Some(platform) => FileParticipant::new(site, platform, process).into(),
        }
    }

    /// The same, in the memory of one that has finished.
    #[inline]
    pub(crate) fn again(finished: Option<Box<Self>>, site: &Arc<Site>, process: Process) -> Box<Self> {
        let Some(mut participant) = finished else { return Self::new(site, process) };
        let Self { kind: Kind::Socket(socket), retention, .. } = &mut *participant else {
            return Self::new(site, process);
        };
        socket.renew(site, process);
        *retention = Retention::default();
        participant
    }

    /// To look at the path without queueing. `probe` is what tells a live socket from a dead one, if that has not
    /// been asked in the lock's folder.
    pub(crate) fn bystander(site: &Arc<Site>, process: Process, probe: Option<Probe>) -> Box<Self> {
        match site.lock_file() {
            None => SocketParticipant::bystander(site, process, probe).into(),
            Some(platform) => FileParticipant::new(site, platform, process).into(),
        }
    }

    fn as_socket(&self) -> Option<&SocketParticipant> {
        match &self.kind {
            Kind::Socket(participant) => Some(participant),
            Kind::File(_) => None,
        }
    }

    pub(crate) fn site(&self) -> &Arc<Site> {
        match &self.kind {
            Kind::Socket(participant) => participant.site(),
            Kind::File(participant) => participant.site(),
        }
    }

    /// The process that holds the lock, or asks for it.
    pub(crate) fn process(&self) -> Process {
        match &self.kind {
            Kind::Socket(participant) => participant.process(),
            Kind::File(participant) => participant.process(),
        }
    }

    /// Takes what became of the request, once it is known.
    pub(crate) fn take_report(&mut self) -> Option<Report> {
        match &mut self.kind {
            Kind::Socket(participant) => participant.take_report(),
            Kind::File(participant) => participant.take_report(),
        }
    }

    /// Whether the lock was acquired.
    pub(crate) fn has_acquired(&self) -> bool {
        match &self.kind {
            Kind::Socket(participant) => participant.has_acquired(),
            Kind::File(participant) => participant.has_acquired(),
        }
    }

    /// Whether it is known what became of the request.
    pub(crate) fn has_report(&self) -> bool {
        match &self.kind {
            Kind::Socket(participant) => participant.has_report(),
            Kind::File(participant) => participant.has_report(),
        }
    }

    /// The holder when the queue was left, or when the file was looked at.
    pub(crate) fn take_server(&mut self) -> Option<Holder> {
        match &mut self.kind {
            Kind::Socket(participant) => participant.take_server(),
            Kind::File(participant) => participant.holder(),
        }
    }

    /// The descriptor that carries the lock.
    pub(crate) fn descriptor(&self) -> Option<&Descriptor> {
        match &self.kind {
            Kind::Socket(participant) => participant.descriptor(),
            Kind::File(participant) => participant.descriptor(),
        }
    }

    /// The listener that carries the lock, if it is not on loan.
    pub(crate) fn listener(&self) -> Option<&Descriptor> {
        self.as_socket().and_then(SocketParticipant::listener)
    }

    /// Whether the lock is on loan from a server that cannot hand it over.
    pub(crate) fn is_loan(&self) -> bool {
        self.as_socket().is_some_and(SocketParticipant::is_loan)
    }

    /// Whether a process waits in the queue of our listener. (Those that wait for a file are not known.)
    pub(crate) fn is_contended(&self) -> bool {
        self.as_socket().is_some_and(SocketParticipant::is_contended)
    }

    /// Whether it is known that no process waits outside, so that the lock may be passed on inside the process.
    pub(crate) fn is_uncontended(&self) -> bool {
        self.as_socket().is_some_and(|participant| !participant.is_contended())
    }

    /// Whether the path is still the file that carries the lock.
    pub(crate) fn is_intact(&self) -> io::Result<bool> {
        match &self.kind {
            Kind::Socket(participant) => participant.is_intact(),
            Kind::File(participant) => participant.is_intact(),
        }
    }

    /// Leaves the lock to the process that [adopts it](Self::adopt): one that was forked from here on has it open,
    /// whatever it does with its other copies.
    pub(crate) fn disown(&mut self) {
        match &mut self.kind {
            Kind::Socket(participant) => participant.disown(),
            Kind::File(participant) => participant.disown(),
        }
    }

    /// Takes over a lock that its process has left.
    pub(crate) fn adopt(&mut self, here: Process) {
        match &mut self.kind {
            Kind::Socket(participant) => participant.adopt(here),
            Kind::File(participant) => participant.adopt(here),
        }
    }

    /// Gives the lock back. (There may be something left to be done: see [`is_finished`](Self::is_finished).)
    pub(crate) fn release(&mut self) -> Result<(), Error> {
        self.tell(Event::Request(Request::Release));
        match self.take_report() {
            Some(Report::Failed(failure)) => Err(self.error(failure)),
            _ => Ok(()),
        }
    }

    /// Makes the lock that is held a shared one.
    pub(crate) fn downgrade(&mut self) -> Downgraded {
        self.tell(Event::Request(Request::Downgrade));
        match self.take_report() {
            Some(Report::NotDowngraded(failure)) => Downgraded::Held(self.error(failure)),
            Some(Report::Failed(failure)) => Downgraded::Lost(self.error(failure)),
            _ => Downgraded::Shared,
        }
    }

    /// The descriptor that is a share of the lock.
    pub(crate) fn share(&self) -> Option<&Descriptor> {
        match &self.kind {
            Kind::Socket(participant) => participant.share(),
            Kind::File(participant) => participant.share(),
        }
    }

    /// Whether it has the lock in hand, and waits for shares to be given back.
    pub(crate) fn awaits_shares(&self) -> bool {
        match &self.kind {
            Kind::Socket(participant) => participant.awaits_shares(),
            Kind::File(participant) => participant.awaits_shares(),
        }
    }

    /// Whether everything is over.
    pub(crate) fn is_finished(&self) -> bool {
        self.as_socket().is_none_or(SocketParticipant::is_finished)
    }

    /// Whether it was asked for something, and has nothing open any more: its memory can be used again.
    pub(crate) fn is_spent(&self) -> bool {
        self.as_socket().is_some_and(SocketParticipant::is_spent)
    }

    /// Whether only a server's last word is still to come.
    pub(crate) fn is_lingering(&self) -> bool {
        self.as_socket().is_some_and(SocketParticipant::is_lingering)
    }

    /// Whether it lingers at a server that was not told that we are done.
    pub(crate) fn is_lingering_untold(&self) -> bool {
        self.as_socket().is_some_and(SocketParticipant::is_lingering_untold)
    }

    /// Tells the server that we are done.
    pub(crate) fn dismiss(&mut self) {
        self.tell(Event::Request(Request::Dismiss));
    }

    /// The process that holds or lends the lock, if that is the server at which we queue, even if it has lent the lock.
    pub(crate) fn lender(&self) -> Option<Holder> {
        self.as_socket().and_then(SocketParticipant::lender)
    }

    /// The holder of the lock, if that is the server that was left, even if it has lent the lock, or was that `within` such a time.
    pub(crate) fn recent_holder(&mut self, within: Duration) -> Option<Holder> {
        match &mut self.kind {
            Kind::Socket(participant) => participant.recent_holder(within),
            Kind::File(_) => None,
        }
    }

    /// Leaves a server that does not take note that we are done. A listener that has come is passed on.
    pub(crate) fn cut_short(&mut self) {
        self.tell(Event::Request(Request::Cut));
        self.wake();
    }

    pub(crate) fn wait(&self) -> Wait<'_> {
        match &self.kind {
            Kind::Socket(participant) => participant.wait(),
            Kind::File(participant) => participant.wait(),
        }
    }

    /// Takes what has come, then the timers that are due.
    pub(crate) fn wake(&mut self) {
        match &mut self.kind {
            Kind::Socket(participant) => participant.wake(),
            Kind::File(participant) => participant.wake(),
        }
    }

    /// Tells the machine an event, and makes the calls that it asks for, until it waits.
    pub(crate) fn tell(&mut self, event: Event) {
        match &mut self.kind {
            Kind::Socket(participant) => participant.tell(event),
            Kind::File(participant) => participant.tell(event),
        }
    }

    /// The error that a failure of the machine is for the user.
    pub(crate) fn error(&mut self, failure: Failure) -> Error {
        match &mut self.kind {
            Kind::Socket(participant) => participant.error(failure),
            Kind::File(participant) => participant.error(failure),
        }
    }
}
