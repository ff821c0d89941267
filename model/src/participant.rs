//! A crash-safe participant: the machine that ships, and a driver that makes its calls on this kernel, one step at a time.

use std::num::NonZeroU16;

use slocket_core::{
    Access, Call, CallResult, Event, Failure, Half, Hints, Home, Machine, Name as CoreName, Notice, Policy, Report,
    Request, Role, Share, Source, Stale, Timer,
};

use crate::broken::Broken;
use crate::bug::Bug;
use crate::cast::Cast;
use crate::configuration::Configuration;
use crate::filter::Change;
use crate::kernel::{Client, Guard, List, Message, Server};
use crate::mind::Mind;
use crate::perform::Done;
use crate::process::Player;
use crate::world::{What, World};

/// The machine and what its driver keeps besides descriptors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Participant {
    /// The machine.
    pub mind: Mind,
    /// The watch on the path.
    pub watch: Watch,
    /// It has begun to clear its mark for a loan, and has not set it again.
    pub lends: bool,
    /// A forked child has taken the lock over.
    pub forgets: bool,
    /// What a planted bug does late.
    pub late: Late,
    /// What a planted bug has to remember.
    pub noted: bool,
    /// It has just taken a live socket for dead.
    pub misled: bool,
    /// It has the lock on loan.
    pub borrows: bool,
    /// It could not make the lock a share, and keeps it.
    pub keeps: bool,
}

/// A watch on the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Watch {
    /// None.
    #[default]
    None,
    /// Armed, and nothing has changed since.
    Armed,
    /// Something has changed.
    Changed,
}

/// A call that was answered as if it were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Late {
    /// There is none.
    #[default]
    None,
    /// It waits for another.
    Waits,
    /// It is made next.
    Due,
}

/// Where a call stands in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    /// Nobody else can see it, and nobody else can change its answer: it may be made at any time, so it belongs to the call
    /// before it.
    Quiet,
    /// Its answer is as good if it comes together with the next call.
    Leads,
    /// A step of its own.
    Weighs,
}

type Step<'a> = &'a mut dyn FnMut(What, bool, World);

impl Participant {
    pub(crate) fn path_has_changed(&mut self) {
        if self.watch == Watch::Armed {
            self.watch = Watch::Changed;
        }
    }

    /// Whether it has nothing to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.mind.is_idle() && self.late == Late::None && !self.forgets
    }

    /// Whether it is between no two calls.
    pub(crate) fn rests(&self) -> bool {
        self.mind.asked().is_none() && self.late == Late::None
    }
}

impl World {
    pub(crate) fn participant(&mut self, process: usize) -> &mut Participant {
        match &mut self.processes[process].player {
            Player::Safe(participant) => participant,
            other => unreachable!("{other:?} is no crash-safe participant"),
        }
    }

    pub(crate) fn mind(&self, process: usize) -> Mind {
        match self.processes[process].player {
            Player::Safe(participant) => participant.mind,
            other => unreachable!("{other:?} is no crash-safe participant"),
        }
    }

    /// Whether it has the lock in hand, whatever for.
    pub(crate) fn has_lock(&self, process: usize) -> bool {
        let own = &self.processes[process];
        own.socket.is_some() || matches!(own.player, Player::Safe(participant) if participant.borrows)
    }

    /// All steps that a crash-safe participant can take.
    pub(crate) fn participant_steps(&self, process: usize, configuration: &Configuration, step: Step) {
        let Player::Safe(participant) = self.processes[process].player else { unreachable!("it is ours") };
        let mind = participant.mind;
        if participant.late == Late::Due {
            let mut world = *self;
            world.participant(process).late = Late::None;
            world.make_late(process, configuration);
            return world.go_on(process, configuration, Some(What::Text("makes a call late")), false, step);
        }
        if participant.forgets {
            let mut world = *self;
            world.forget(process);
            if configuration.has(Bug::ParentReleasesToo) {
                world = *self;
                world.participant(process).forgets = false;
                return world.request(process, configuration, Request::Release, false, step);
            }
            return step(What::Text("forgets what a child has taken over"), false, world);
        }
        if mind.asked().is_some() {
            return self.go_on(process, configuration, None, false, step);
        }
        if mind.is_idle() {
            if self.processes[process].rounds > 0 {
                self.begin(process, configuration, step);
            }
            return;
        }
        if mind.is_held() {
            let mut world = *self;
            if configuration.cast[process] == Cast::Downgrader && !mind.is_shared() && !participant.keeps {
                let own = &mut world.processes[process];
                // What is read is true from here on, and nothing is written any more.
                (own.holds, own.shares) = (false, true);
                return world.request(process, configuration, Request::Downgrade, false, step);
            }
            world.released(process);
            return world.request(process, configuration, Request::Release, false, step);
        }
        self.notices(process, configuration, step);
        if mind.is_lingering() {
            self.farewells(process, configuration, step);
        }
        if self.cancels > 0 && !mind.is_background() {
            let mut world = *self;
            world.cancels -= 1;
            if configuration.has(Bug::CancelReleasesAsClient) && world.releases_as_client(process) {
                return step(What::Text("cuts its connection, and removes the path"), true, world);
            }
            if configuration.has(Bug::GivesUpByClose) && self.has_lock(process) {
                world.forget(process);
                return step(What::Text("closes the listener"), true, world);
            }
            world.request(process, configuration, Request::Cancel, true, step);
        }
    }

    /// A new attempt: by somebody who found the path in use when it last came, or not.
    fn begin(&self, process: usize, configuration: &Configuration, step: Step) {
        let policy = Policy::from(Stale::Wait);
        let slot_of = |slots| Share::SlotOf(NonZeroU16::new(slots).expect("one at least"));
        let request = match configuration.cast[process] {
            Cast::Reader | Cast::OtherReader => Request::Share(policy, Share::Unlimited),
            Cast::TryReader => Request::TryShare(policy, Share::Unlimited),
            Cast::Slot => Request::Share(policy, slot_of(configuration.slots.into())),
            Cast::TrySlot => Request::TryShare(policy, slot_of(configuration.slots.into())),
            Cast::OneSlot => Request::Share(policy, slot_of(1)),
            Cast::Try => Request::Try(Stale::Wait.into()),
            Cast::Impatient => Request::Acquire(Stale::Reclaim.into()),
            Cast::Strict => Request::Acquire(Stale::Fail.into()),
            _ => Request::Acquire(Stale::Wait.into()),
        };
        let platform = configuration.platform();
        let hints = configuration.hints();
        let is_known = self.path.is_some() && platform.home == Home::Path && !hints.in_use;
        for in_use in [hints.in_use, true].into_iter().take(1 + usize::from(is_known)) {
            let mut world = *self;
            world.processes[process].rounds -= 1;
            world.participant(process).mind = Mind::new(Machine::new(platform, Hints { in_use, ..hints }));
            world.request(process, configuration, request, false, step);
        }
    }

    /// What can happen by itself.
    fn notices(&self, process: usize, configuration: &Configuration, step: Step) {
        let Player::Safe(participant) = self.processes[process].player else { unreachable!("it is ours") };
        let wait = participant.mind.wait();
        let mut tell = |world: Self, notice| {
            let mut world = world;
            let what = What::Notice(notice);
            world.tell(process, configuration, Event::Notice(notice));
            match world.mind(process).asked() {
                Some(_) => world.go_on(process, configuration, None, false, step),
                None => step(what, false, world),
            }
        };
        match wait.source {
            Some(Source::Connection) => {
                let connection = self.processes[process].connection.expect("who waits is connected");
                let message = self.connection(connection).inbox;
                let mut world = *self;
                if let Some(message) = message {
                    if !participant.mind.is_lingering() {
                        world.served(process, message);
                    } else if message == Message::Loan && configuration.has(Bug::LateLoanRemovesPath) {
                        world.set_path(None);
                    }
                    tell(world, Notice::Readable);
                } else if self.server_ended(connection) && !configuration.has(Bug::EndIgnored) {
                    tell(world, Notice::Readable);
                }
            }
            Some(Source::Guest) => {
                let guest = self.processes[process].guest.expect("who lends has a guest");
                if self.client_ended(guest) {
                    tell(*self, Notice::Readable);
                }
            }
            Some(Source::Path) if participant.watch == Watch::Changed => {
                let mut world = *self;
                world.participant(process).watch = Watch::Armed;
                tell(world, Notice::FsChange);
            }
            Some(Source::Look | Source::Slots) => {
                let own = &self.processes[process];
                let looks = if wait.source == Some(Source::Look) { own.look } else { None };
                let mut looks = looks.into_iter().chain(own.slots.iter());
                if looks.any(|look| self.has_hung_up(look)) {
                    tell(*self, Notice::HungUp);
                }
            }
            Some(Source::Path) | None => {}
        }
        let rechecks = participant.watch == Watch::None || participant.watch == Watch::Armed && configuration.rechecks;
        let timers = [
            (wait.retry.is_some(), Timer::Retry),
            (wait.recheck && rechecks, Timer::Recheck),
            (wait.stale && !configuration.has(Bug::StaleNeverReclaimed), Timer::Stale),
            (wait.hasty, Timer::Try),
        ];
        for (_, timer) in timers.into_iter().filter(|(is_armed, _)| *is_armed) {
            tell(*self, Notice::TimerFired(timer));
        }
    }

    /// The ways in which a background thread takes its leave of a server that takes too long.
    fn farewells(&self, process: usize, configuration: &Configuration, step: Step) {
        if self.dismissals == 0 {
            return;
        }
        let connection = self.processes[process].connection.expect("who lingers is connected");
        let client = self.connection(connection).client;
        for (request, is_possible) in
            [(Request::Dismiss, client == Client::Open), (Request::Cut, client != Client::Cut)]
        {
            let mut world = *self;
            world.dismissals -= 1;
            world.connection_mut(connection).farewell = true;
            if !is_possible {
                continue;
            }
            if request == Request::Cut && configuration.has(Bug::CutWithoutDismissal) {
                world.connection_mut(connection).client = Client::Cut;
                step(What::Text("cuts its connection"), true, world);
                continue;
            }
            world.request(process, configuration, request, true, step);
        }
    }

    /// Makes a request. What comes of it is of the same step, up to a call that others can see.
    ///
    /// It hides nothing: between the two nobody else can tell the difference, no cancel can come (a driver makes a call at once),
    /// and a kill is one before the first. And whoever releases holds until the call: longer, not shorter.
    fn request(mut self, process: usize, configuration: &Configuration, request: Request, is_fault: bool, step: Step) {
        self.tell(process, configuration, Event::Request(request));
        match self.mind(process).asked() {
            Some(_) => self.go_on(process, configuration, None, is_fault, step),
            None => step(What::Request(request), is_fault, self),
        }
    }

    /// Makes calls: one that weighs, what leads to it, and all that are quiet around it. `made` is the one that weighs, when it
    /// has been made.
    fn go_on(&self, process: usize, configuration: &Configuration, made: Option<What>, is_fault: bool, step: Step) {
        let is_late = matches!(self.processes[process].player, Player::Safe(Participant { late: Late::Due, .. }));
        let asked = match self.processes[process].player {
            Player::Safe(participant) if self.broken.is_none() && !is_late => participant.mind.asked(),
            _ => None,
        };
        let Some(call) = asked else {
            return step(made.unwrap_or(What::Text("rests")), is_fault, *self);
        };
        let weight = self.weight(process, configuration, call);
        if let Some(made) = made
            && weight != Weight::Quiet
        {
            return step(made, is_fault, *self);
        }
        self.make(process, configuration, call, &mut |done, mut world| {
            let (answer, is_faulty) = match done {
                Done::Answer(answer) => (answer, false),
                Done::Fault(answer) => (answer, true),
                // The machine waits for the rest of it.
                Done::Half(_) if configuration.coarse => {
                    let made = if weight == Weight::Quiet { made } else { None };
                    return world.go_on(process, configuration, made, is_fault, step);
                }
                Done::Half(what) => return step(What::Text(what), is_fault, world),
            };
            let answer = world.answered(process, configuration, call, answer);
            world.tell(process, configuration, Event::Result(answer));
            let what = What::Call(call, answer);
            let made = if weight == Weight::Weighs || is_faulty && made.is_none() { Some(what) } else { made };
            let made = if is_faulty { Some(what) } else { made };
            world.go_on(process, configuration, made, is_fault || is_faulty, step);
        });
    }

    /// Makes a call, or what a planted bug makes of it.
    fn make(&self, process: usize, configuration: &Configuration, call: Call, done: &mut dyn FnMut(Done, Self)) {
        match self.change(process, configuration, call) {
            None => self.perform(process, configuration, call, done),
            Some(Change::Skipped(answer)) => done(Done::Answer(answer), *self),
            Some(Change::Delayed(answer)) => {
                let mut world = *self;
                world.participant(process).late = Late::Waits;
                done(Done::Answer(answer), world);
            }
            Some(Change::Other(what, world)) => done(Done::Half(what), world),
            Some(Change::Altered(answer, world)) => done(Done::Answer(answer), world),
            Some(Change::Replaced(other)) => self.perform(process, configuration, other, done),
        }
    }

    /// What stands in one step with others: see [`Weight`].
    fn weight(&self, process: usize, configuration: &Configuration, call: Call) -> Weight {
        let own = &self.processes[process];
        let has_lock = self.has_lock(process);
        let weighs = |weighs| if weighs { Weight::Weighs } else { Weight::Quiet };
        if configuration.every_call {
            return Weight::Weighs;
        }
        if configuration.coarse
            && let Some(weight) = self.coarse_weight(process, call)
        {
            return weight;
        }
        match call {
            // Where nobody shares, nothing is ever there. And nobody else makes a FIFO, removes one, or opens one for writing while we
            // have the lock.
            Call::OpenFifo(_, access, name) => weighs(
                configuration.has_shares()
                    && !(has_lock && (access == Access::Read || self.named(process, name).is_none())),
            ),
            Call::Read(role) => {
                let look = if role == Role::Look { own.look } else { own.slots.iter().next_back() };
                weighs(!has_lock || look.is_none_or(|look| self.has_writer(look.inode)))
            }
            Call::Stat(CoreName::Shared | CoreName::Slot(_)) | Call::Open(_, CoreName::Shared | CoreName::Slot(_)) => {
                weighs(!has_lock)
            }
            Call::MakeFifo(_) => Weight::Weighs,
            Call::Stat(_)
            | Call::StatByPath(_)
            | Call::Open(..)
            | Call::Unlink(_)
            | Call::Rename(_)
            | Call::Link(_)
            | Call::SetTimesOfName(_)
            | Call::SetTimes(..)
            | Call::SetTimesInProc(..)
            | Call::SetMode(..)
            | Call::Flock(_)
            | Call::Unlock
            | Call::Bind(..)
            | Call::Connect(..)
            | Call::Accept(_)
            | Call::Drain
            | Call::Receive
            | Call::Send(_)
            | Call::Watch => Weight::Weighs,
            // What was listed before it was opened may be gone by then: as if it had not been listed.
            Call::NextName => Weight::Leads,
            // Nobody else takes from a queue; and one that is not empty stays so.
            Call::Poll => match own.socket.map(|socket| self.socket(socket).queue.is_empty()) {
                Some(false) => Weight::Leads,
                Some(true) | None => Weight::Weighs,
            },
            // It listens already, and in our name.
            Call::Listen => weighs(
                own.socket.map(|socket| self.socket(socket)).is_none_or(|socket| !socket.listens || socket.strange),
            ),
            // Of a guest: one that has ended its stream when it is looked at might as well have done so before it was accepted.
            Call::HasEnded(role) => weighs(role != Role::Guest),
            // A waiter never writes.
            Call::Shutdown(Role::Guest, Half::Read) => Weight::Quiet,
            Call::Shutdown(..) => Weight::Weighs,
            Call::Close(role) | Call::CloseApart(role) => weighs(match role {
                Role::Listener => own.socket.is_some(),
                Role::Guard => own.guard != Guard::None,
                Role::Connection => own.connection.is_some_and(|connection| {
                    let end = self.connection(connection);
                    end.client != Client::Cut && !matches!(end.server, Server::Ended | Server::Reset { .. })
                }),
                Role::Probe => own.probe.is_some_and(|probe| self.connection(probe).client != Client::Cut),
                // One with a badge has been sent the listener, and asks for nothing more; others were shut down before.
                Role::Guest | Role::Queue => false,
                Role::Share => own.share.is_some(),
                // (A reader of a FIFO is seen by nobody.)
                Role::Look | Role::Slots => own.looks().any(|look| look.writes),
                Role::Pin | Role::Listing | Role::Swept | Role::Strays | Role::Watch => false,
            }),
            // (What stat tells of a file that was just opened might as well have been so when it was opened.)
            Call::StatFile(_)
            | Call::SeeFifo(_)
            | Call::OpenFolder(_)
            | Call::FileSystem
            | Call::StatProc
            | Call::Socket(..)
            | Call::SetSocketMode
            | Call::BindBadge
            | Call::Peer(_)
            | Call::Ask(_)
            | Call::SocketName
            | Call::CompareBoundFile
            | Call::ComparePeerName
            | Call::SetNonblocking
            | Call::HasUnread(_)
            | Call::Random
            | Call::Reserve
            | Call::SpendReserve
            | Call::KeepReserve
            | Call::AskKernel => Weight::Quiet,
        }
    }

    /// The same of a call that is about a socket, where a procedure is a step.
    fn coarse_weight(&self, process: usize, call: Call) -> Option<Weight> {
        let own = &self.processes[process];
        let gives_up = own.socket.is_some_and(|socket| self.socket(socket).refuses);
        Some(match call {
            Call::Stat(CoreName::Lock) if own.guard == Guard::None => Weight::Leads,
            Call::Open(Role::Pin, CoreName::Lock) | Call::Poll => Weight::Leads,
            Call::Accept(Role::Guest) if !gives_up => Weight::Leads,
            Call::Stat(CoreName::Lock)
            | Call::SetTimesOfName(_)
            | Call::Bind(..)
            | Call::Listen
            | Call::Unlock
            | Call::Shutdown(..)
            | Call::Accept(_)
            | Call::Close(Role::Listener | Role::Connection | Role::Guard) => Weight::Quiet,
            _ => return None,
        })
    }

    /// Tells the machine an event, and the caller what the machine reports.
    pub(crate) fn tell(&mut self, process: usize, configuration: &Configuration, event: Event) {
        let Ok(report) = self.participant(process).mind.tell(event) else {
            self.broken = Some(Broken::Misuse);
            return;
        };
        if !self.mind(process).knows_temporary() {
            self.processes[process].drawn = None;
        }
        if let Some(report) = report {
            self.reported(process, configuration, report);
        }
        if self.mind(process).machine().is_finished() {
            let own = &self.processes[process];
            let is_open = own.socket.is_some() || own.connection.is_some() || own.guest.is_some() || own.pin.is_some();
            let is_open = is_open || own.swept.is_some() || own.probe.is_some() || own.guard != Guard::None;
            let is_open = is_open || own.share.is_some() || own.looks().next().is_some();
            if (is_open || !own.guests.is_empty() || own.listing.is_some()) && !configuration.has(Bug::KeepsListener) {
                self.broken = Some(Broken::LeftOpen);
            }
            let participant = self.participant(process);
            *participant = Participant { late: participant.late, ..Participant::default() };
        }
    }

    fn reported(&mut self, process: usize, configuration: &Configuration, report: Report) {
        match report {
            Report::Acquired => {
                self.acquired(process);
                if self.processes.iter().any(|other| other.shares) {
                    self.broken = Some(Broken::TwoHolders);
                }
                self.acquires_badly(process, configuration);
            }
            Report::Shared { slot } => {
                let own = &self.processes[process];
                let is_open =
                    own.socket.is_some() || own.connection.is_some() || own.guest.is_some() || own.pin.is_some();
                if is_open || own.looks().next().is_some() {
                    self.broken = Some(Broken::LeftOpen);
                }
                let slots = if configuration.cast[process] == Cast::OneSlot { 1 } else { configuration.slots };
                self.shared(process, slot, slots);
            }
            Report::NotDowngraded(_) => {
                self.participant(process).keeps = true;
                let own = &mut self.processes[process];
                (own.holds, own.shares) = (true, false);
            }
            Report::Failed(Failure::LockLost) if !self.excused => self.broken = Some(Broken::ToldLost),
            Report::Failed(Failure::Stale) if self.participant(process).misled => {
                self.broken = Some(Broken::ToldStale);
            }
            _ => {}
        }
        if report != Report::Acquired && !matches!(report, Report::Shared { .. } | Report::NotDowngraded(_)) {
            self.left(process);
            if std::mem::take(&mut self.processes[process].lost) && report == Report::Released {
                self.broken = Some(Broken::NotToldLost);
            }
        }
    }

    /// Closes all, and is ready for the next round.
    fn forget(&mut self, process: usize) {
        let own = &mut self.processes[process];
        (own.socket, own.pin, own.swept, own.listing, own.drawn) = (None, None, None, None, None);
        (own.share, own.look, own.slots) = (None, None, List::default());
        self.left(process);
        if let Some(connection) = self.processes[process].connection.take() {
            self.close_client(connection);
        }
        if let Some(guest) = self.processes[process].guest.take() {
            self.close_server(guest);
        }
        *self.participant(process) = Participant::default();
    }

    /// A bug of old: a cancel ends both halves of its connection to a server that may lend, takes that for the server's end, and
    /// releases as a client whose server is gone.
    fn releases_as_client(&mut self, process: usize) -> bool {
        let machine = self.mind(process).machine();
        if self.processes[process].connection.is_none() || machine.server_hands_over() {
            return false;
        }
        self.set_path(None);
        self.forget(process);
        true
    }
}

/// That it was done.
pub(crate) const DONE: CallResult = CallResult::DoneResult(slocket_core::DoneResult::Done);
