//! A crash-safe participant: the core's machine, and a driver that performs its actions one system call at a time.

use slocket_core::{
    Accepted, Action, Attempt, Connected, Connection, Delivery, Event, Failure, Inspected, Interest, Left, Patience,
    Published, Received, Reclaimed, Report, Stale, State, Timer, Wish, transition,
};

use crate::bug::Bug;
use crate::configuration::{Cast, Configuration};
use crate::kernel::{Message, Name, Number, Time};
use crate::listener::close_out;
use crate::process::Player;
use crate::world::{Broken, World};

/// The machine and its driver, between two system calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Participant {
    /// The state of the machine that ships, as far as it makes a difference here: see [`World::tell`].
    pub state: State,
    /// The system call that comes next.
    pub next: Call,
    /// The inode that our listener is bound to, by its number.
    pub listener_inode: Option<Number>,
    /// The inode that we connected to, by its number.
    pub server_inode: Option<Number>,
    /// It was marked then.
    pub hands_over: bool,
    /// The server was told that we are done, whatever it grants.
    pub dismissed: bool,
    /// What it saw at the path when it began to pass the lock on: whether that is its socket. A loan makes it old.
    pub intact: Option<bool>,
    /// The watch on the path.
    pub watch: Watch,
    /// The machine has armed its timer for a pause.
    pub pauses: bool,
    /// It reclaims what is not marked, too.
    pub unmarked_too: bool,
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

/// The system call that comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Call {
    /// None: it waits, or has nothing to do.
    #[default]
    Rest,
    /// Publish, in place.
    Guard,
    Bind,
    Register,
    StatNew,
    SetTimeNew,
    Listen,
    Unguard,
    MarkNew,
    /// Publish, and connect, at an abstract name.
    BindName,
    ConnectName,
    /// Publish, aside.
    StatBeforeAside,
    BindAside,
    RegisterAside(Name),
    StatAside(Name),
    SetTimeAside(Name),
    ListenAside(Name),
    Rename(Name),
    UnlinkAside(Name, Published),
    /// The sweep of the temporary names.
    Sweep(Name, AfterSweep),
    ProbeTemporary(Name, AfterSweep),
    UnlinkTemporary(Name, AfterSweep),
    /// Connect.
    PinServer,
    Connect,
    StatRefused,
    /// Receive: the listener has arrived, and is looked at.
    /// Leave.
    StatBeforeLeaving,
    ShutDown,
    Drain,
    DrainUntrusted,
    /// Inspect.
    PinPath,
    Probe,
    StatAfterProbe,
    ProbeAgain,
    /// Watch.
    ArmWatch,
    /// Reclaim.
    GuardReclaim,
    PinDead,
    ProbeDead {
        number: Number,
        was_marked: bool,
    },
    StatDead {
        number: Number,
        was_marked: bool,
    },
    UnlinkDead,
    UnguardReclaim,
    /// Release.
    StatBeforeAccept,
    Accept,
    HandOver,
    PinOwn(bool),
    SetSticky(bool),
    SetTime(bool),
    Lend,
    ClearMarkLate,
    /// Close out.
    StatBeforeCloseOut,
    UnlinkOwn,
    Refuse {
        ours: bool,
    },
    EndQueued {
        ours: bool,
    },
    CloseListener {
        ours: bool,
    },
    UnlinkAfterClose,
    /// Give back.
    SeeServer,
    PinServerPath,
    ProbeServer,
    UnlinkServer,
    CloseConnection {
        ours: bool,
    },
    /// Close what is left.
    CloseAll,
    /// A forked child has taken the lock over.
    Forget,
}

/// What the sweep is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AfterSweep {
    /// Publishing aside.
    Publish,
    /// Reclaiming.
    Reclaim,
}

/// When the listener has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Arrived {
    /// In the queue.
    Queued,
    /// While it was left.
    Leaving,
}

impl Participant {
    pub(crate) fn path_has_changed(&mut self) {
        if self.watch == Watch::Armed {
            self.watch = Watch::Changed;
        }
    }

    /// Whether it has nothing to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.next == Call::Rest && self.state == State::Idle
    }
}

impl World {
    pub(crate) fn participant(&mut self, process: usize) -> &mut Participant {
        match &mut self.processes[process].player {
            Player::Safe(participant) => participant,
            other => unreachable!("{other:?} is no crash-safe participant"),
        }
    }

    /// All steps that a crash-safe participant can take.
    pub(crate) fn participant_steps(
        &self,
        process: usize,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let mut world = *self;
        let participant = *world.participant(process);
        if participant.next != Call::Rest {
            let makes_inode = matches!(participant.next, Call::Bind | Call::BindName if self.path.is_none())
                || participant.next == Call::BindAside;
            if makes_inode {
                for number in self.free_numbers() {
                    let mut world = *self;
                    world.next_number = number;
                    let what = world.call(process, configuration, participant.next);
                    step(what, false, world);
                }
            } else {
                let what = world.call(process, configuration, participant.next);
                step(what, false, world);
            }
            self.instead(process, configuration, participant.next, step);
            return;
        }
        let state = participant.state;
        match state {
            State::Idle if self.processes[process].rounds == 0 => return,
            State::Idle => {
                world.processes[process].rounds -= 1;
                let request = match configuration.cast[process] {
                    Cast::Try => Event::Try(Stale::Wait),
                    Cast::Impatient => Event::Acquire(Stale::Reclaim),
                    _ => Event::Acquire(Stale::Wait),
                };
                world.tell(process, configuration, request);
                return world.first_call(process, configuration, step);
            }
            State::Holding | State::Borrowing => {
                world.released(process);
                world.tell(process, configuration, Event::Release);
                return world.first_call(process, configuration, step);
            }
            State::PausingToPublish(_) | State::PausingToConnect(_) if participant.pauses => {
                world.participant(process).pauses = false;
                world.tell(process, configuration, Event::TimerFired(Timer::Retry));
                world.first_call(process, configuration, step);
                if let State::PausingToPublish(Attempt { wish: Wish::Try, patience: Patience::Running, .. }) = state {
                    let mut world = *self;
                    world.tell(process, configuration, Event::TimerFired(Timer::Try));
                    step("has tried for long enough", false, world);
                }
            }
            _ => {}
        }
        match state.interest() {
            Interest::Connection => self.receive_steps(process, configuration, step),
            Interest::Loan => {
                let guest = self.processes[process].guest.expect("who lends has a guest");
                let mut world = *self;
                if world.client_ended(guest) {
                    world.tell(process, configuration, Event::LoanEnded);
                    step("sees the end of the loan", false, world);
                }
            }
            Interest::Path => {
                let mut world = *self;
                if participant.watch == Watch::Changed {
                    world.participant(process).watch = Watch::Armed;
                    world.tell(process, configuration, Event::PathChanged);
                    step("sees a change of the path", false, world);
                } else if configuration.rechecks {
                    world.tell(process, configuration, Event::TimerFired(Timer::Recheck));
                    step("looks again", false, world);
                }
                if let State::Watching(Attempt { patience: Patience::Running, .. }) = state {
                    let mut world = *self;
                    world.tell(process, configuration, Event::TimerFired(Timer::Stale));
                    step("has put up with a stale socket for long enough", false, world);
                }
            }
            Interest::Timer => {}
        }
        if self.dismissals > 0 && matches!(state, State::Lingering(_)) {
            self.farewell_steps(process, configuration, step);
        }
        if self.cancels > 0 && !state.is_background() {
            let mut world = *self;
            world.cancels -= 1;
            world.tell(process, configuration, Event::Cancel);
            step("cancels", true, world);
        }
    }

    /// What the machine is told at a time that nobody sees belongs to the system call that comes of it.
    ///
    /// It hides nothing: between the two nobody else can tell the difference, no cancel can come (the library performs actions
    /// without a pause), and a kill is one before the first. And whoever releases holds until the system call: longer, not
    /// shorter.
    fn first_call(
        &self,
        process: usize,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let mut world = *self;
        let call = world.participant(process).next;
        let what = world.call(process, configuration, call);
        step(what, false, world);
        self.instead(process, configuration, call, step);
    }

    /// What may happen instead: a look shows that the path is in use, so that nothing is published; the system call fails for
    /// want of something.
    fn instead(
        &self,
        process: usize,
        configuration: &Configuration,
        call: Call,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        if call == Call::Guard && self.path.is_some() {
            // Who found it in use when it last came looks first.
            let mut world = *self;
            world.not_published(process, configuration, Published::InUse);
            step("looks at the path: in use", false, world);
        }
        if call == Call::Accept
            && let Some(own) = self.processes[process].socket
            && let Some(head) = self.socket(own).queue.iter().next()
            && self.client_ended(head)
        {
            let mut world = *self;
            world.processes[process].guest = world.accept(own);
            world.tell(process, configuration, Event::Accepted(Accepted::Failed));
            step("accepts one who is gone, after many others", false, world);
        }
        if self.failures == 0 {
            return;
        }
        let mut world = *self;
        world.failures -= 1;
        let (what, answer) = match call {
            Call::Accept => ("has no descriptor to accept", Event::Accepted(Accepted::Failed)),
            Call::HandOver => ("cannot send the listener", Event::HandedOver(Delivery::Failed)),
            Call::Lend => ("cannot send the loan", Event::Granted(Delivery::Failed)),
            Call::SetSticky(true) => ("may not set the sticky bit", Event::MarkSet(false)),
            Call::SetSticky(false) => ("may not clear the sticky bit", Event::MarkCleared(false)),
            Call::SetTime(true) => ("may not set the time of the mark", Event::MarkSet(false)),
            Call::SetTime(false) => ("may not set the time of a loan", Event::MarkCleared(false)),
            Call::Guard => ("has no descriptor for a socket", Event::Published(Published::Failed(24))),
            Call::BindName => ("has no descriptor for a socket", Event::Published(Published::Failed(24))),
            Call::PinServer | Call::ConnectName => {
                ("has no descriptor for a connection", Event::Connected(Connected::Failed(24)))
            }
            Call::PinPath => ("has no descriptor for a probe", Event::Inspected(Inspected::Failed(24))),
            Call::GuardReclaim => ("has no descriptor to reclaim", Event::Reclaimed(Reclaimed::Failed(24))),
            Call::Drain => {
                let connection = self.processes[process].connection.expect("it is queued");
                let Some(Message::Listener(_)) = self.connection(connection).inbox else { return };
                world.connection_mut(connection).inbox = None;
                world.mishap();
                ("leaves: loses the listener for want of a descriptor", Event::Left(Left::Closed))
            }
            _ => return,
        };
        if matches!(call, Call::SetSticky(_) | Call::SetTime(_)) {
            world.processes[process].pin = None;
        }
        world.tell(process, configuration, answer);
        step(what, true, world);
    }

    /// Tells the machine an event, and notes what it asks for.
    ///
    /// The number of the connection, and how often more than twice an attempt came to nothing, make no difference to this
    /// driver: it has one connection at a time, and a pause may take any time. So both are left out of the state.
    pub(crate) fn tell(&mut self, process: usize, configuration: &Configuration, event: Event) {
        let Ok((state, actions)) = transition(self.participant(process).state, event) else {
            self.broken = Some(Broken::Misuse);
            return;
        };
        let participant = self.participant(process);
        participant.next = Call::Rest;
        participant.state = match state {
            State::Publishing(attempt) => State::Publishing(relevant(attempt)),
            State::Connecting(attempt) => State::Connecting(relevant(attempt)),
            State::Queued(attempt) => State::Queued(relevant(attempt)),
            State::Inspecting(attempt) => State::Inspecting(relevant(attempt)),
            State::ArmingWatch(attempt) => State::ArmingWatch(relevant(attempt)),
            State::Watching(attempt) => State::Watching(relevant(attempt)),
            State::Reclaiming(attempt) => State::Reclaiming(relevant(attempt)),
            State::PausingToPublish(attempt) => State::PausingToPublish(relevant(attempt)),
            State::PausingToConnect(attempt) => State::PausingToConnect(relevant(attempt)),
            State::Leaving(_, report) => State::Leaving(Connection::default(), report),
            State::Lingering(_) => State::Lingering(Connection::default()),
            other => other,
        };
        for action in actions {
            self.begin(process, configuration, action);
        }
    }

    /// Begins an action: what can be seen of it are the system calls that follow.
    fn begin(&mut self, process: usize, configuration: &Configuration, action: Action) {
        if self.at_name && self.begin_at_name(process, configuration, action) {
            return;
        }
        let has = |bug| configuration.has(bug);
        let call = match action {
            Action::Publish => Call::Guard,
            Action::Connect(_) => Call::PinServer,
            Action::Disconnect => {
                self.disconnect(process);
                Call::Rest
            }
            Action::Inspect if has(Bug::NoSecondLook) && self.participant(process).watch != Watch::None => {
                return self.tell(process, configuration, Event::Inspected(Inspected::NotASocket));
            }
            Action::Inspect => Call::PinPath,
            Action::Watch => Call::ArmWatch,
            Action::Unwatch => {
                self.participant(process).watch = Watch::None;
                Call::Rest
            }
            Action::Reclaim { .. } if has(Bug::NoReclaim) => {
                return self.tell(process, configuration, Event::Reclaimed(Reclaimed::Unmarked));
            }
            Action::Reclaim { unmarked_too } => {
                self.participant(process).unmarked_too = unmarked_too;
                Call::GuardReclaim
            }
            Action::Arm { timer, .. } => {
                self.participant(process).pauses |= timer == Timer::Retry;
                Call::Rest
            }
            Action::Leave => Call::StatBeforeLeaving,
            Action::Accept => {
                self.dismiss_guest(process, configuration);
                if has(Bug::PassesOrphanOn) { Call::Accept } else { Call::StatBeforeAccept }
            }
            Action::HandOver => Call::HandOver,
            Action::ClearMark if has(Bug::LendsMarked) || has(Bug::MarkClearedAfterOk) => {
                return self.tell(process, configuration, Event::MarkCleared(true));
            }
            Action::ClearMark => Call::PinOwn(false),
            Action::Lend => Call::Lend,
            Action::SetMark => {
                self.dismiss_guest(process, configuration);
                if has(Bug::MarkNeverSet) {
                    return self.tell(process, configuration, Event::MarkSet(true));
                }
                Call::PinOwn(true)
            }
            Action::CloseOut => {
                self.dismiss_guest(process, configuration);
                match self.participant(process).intact.take() {
                    Some(is_ours) => close_out(is_ours, configuration),
                    None => Call::StatBeforeCloseOut,
                }
            }
            Action::GiveBack => Call::SeeServer,
            Action::Close => Call::CloseAll,
            Action::Report(Report::Acquired) => {
                let participant = self.participant(process);
                (participant.watch, participant.pauses) = (Watch::None, false);
                self.acquired(process);
                Call::Rest
            }
            Action::Report(report) => {
                if report == Report::Failed(Failure::LockLost) && !self.excused {
                    self.broken = Some(Broken::ToldLost);
                }
                if std::mem::take(&mut self.processes[process].lost) && report == Report::Released {
                    self.broken = Some(Broken::NotToldLost);
                }
                return;
            }
        };
        self.then(process, call);
    }

    /// Makes a system call; says what it was.
    fn call(&mut self, process: usize, configuration: &Configuration, call: Call) -> &'static str {
        match call {
            Call::Rest => unreachable!("who rests makes no call"),
            Call::Guard
            | Call::Bind
            | Call::Register
            | Call::StatNew
            | Call::SetTimeNew
            | Call::Listen
            | Call::Unguard
            | Call::MarkNew => self.publish_in_place(process, configuration, call),
            Call::BindName | Call::ConnectName => self.call_at_name(process, configuration, call),
            Call::StatBeforeAside
            | Call::BindAside
            | Call::RegisterAside(_)
            | Call::StatAside(_)
            | Call::SetTimeAside(_)
            | Call::ListenAside(_)
            | Call::Rename(_)
            | Call::UnlinkAside(..) => self.publish_aside(process, configuration, call),
            Call::Sweep(..) | Call::ProbeTemporary(..) | Call::UnlinkTemporary(..) => {
                self.sweep(process, configuration, call)
            }
            Call::PinServer
            | Call::Connect
            | Call::StatRefused
            | Call::StatBeforeLeaving
            | Call::ShutDown
            | Call::Drain
            | Call::DrainUntrusted => self.use_connection(process, configuration, call),
            Call::PinPath | Call::Probe | Call::StatAfterProbe | Call::ProbeAgain | Call::ArmWatch => {
                self.inspect(process, configuration, call)
            }
            Call::GuardReclaim
            | Call::PinDead
            | Call::ProbeDead { .. }
            | Call::StatDead { .. }
            | Call::UnlinkDead
            | Call::UnguardReclaim => self.reclaim(process, configuration, call),
            Call::StatBeforeAccept
            | Call::Accept
            | Call::HandOver
            | Call::PinOwn(_)
            | Call::SetSticky(_)
            | Call::SetTime(_)
            | Call::Lend
            | Call::ClearMarkLate => self.pass_on(process, configuration, call),
            Call::StatBeforeCloseOut
            | Call::UnlinkOwn
            | Call::Refuse { .. }
            | Call::EndQueued { .. }
            | Call::CloseListener { .. }
            | Call::UnlinkAfterClose => self.close_out(process, configuration, call),
            Call::SeeServer
            | Call::PinServerPath
            | Call::ProbeServer
            | Call::UnlinkServer
            | Call::CloseConnection { .. } => self.give_back(process, configuration, call),
            Call::CloseAll => {
                self.close_all(process, configuration);
                "closes what is left"
            }
            Call::Forget if configuration.has(Bug::ParentReleasesToo) => {
                self.tell(process, configuration, Event::Release);
                "releases what a child has taken over"
            }
            Call::Forget => {
                self.close_all(process, configuration);
                "forgets what a child has taken over"
            }
        }
    }

    /// Closes what is left, and is ready for the next round.
    fn close_all(&mut self, process: usize, configuration: &Configuration) {
        let closed = &mut self.processes[process];
        closed.pin = None;
        if !configuration.has(Bug::KeepsListener) {
            closed.socket = None;
        }
        self.disconnect(process);
        self.dismiss_guest(process, configuration);
        *self.participant(process) = Participant::default();
    }

    fn disconnect(&mut self, process: usize) {
        let participant = self.participant(process);
        (participant.server_inode, participant.hands_over, participant.dismissed) = (None, false, false);
        self.left(process);
        if let Some(connection) = self.processes[process].connection.take() {
            self.close_client(connection);
        }
    }

    /// Ends the connection of who was accepted last, for all who have a copy of it.
    pub(crate) fn dismiss_guest(&mut self, process: usize, configuration: &Configuration) {
        if let Some(guest) = self.processes[process].guest.take() {
            if !configuration.has(Bug::GuestClosedOnly) {
                self.end_server(guest);
            }
            self.close_server(guest);
        }
    }

    /// Goes on with this call.
    pub(crate) fn then(&mut self, process: usize, call: Call) {
        self.participant(process).next = call;
    }

    /// The listener has come, by a queue or by its leaving.
    pub(crate) fn take_over(&mut self, process: usize, configuration: &Configuration, arrived: Arrived) {
        let participant = self.participant(process);
        participant.listener_inode = participant.server_inode;
        if let Some(inode) = participant.listener_inode
            && configuration.has(Bug::HandedOverUnmarked)
        {
            self.chmod(inode, false, false);
            self.set_time(inode, Time::Lent);
        }
        match arrived {
            Arrived::Queued => {
                self.tell(process, configuration, Event::Received(Connection::default(), Received::Listener));
            }
            Arrived::Leaving => self.tell(process, configuration, Event::Left(Left::Listener)),
        }
    }
}

/// What of an attempt makes a difference: see [`World::tell`].
///
/// It hides nothing: the core compares the level with 2 only (beyond that it counts on, for the length of a pause), and
/// 2 and all above lead to 2 again; and the driver of the library, too, sends events of its present connection alone, under
/// the number that the core gave it last, so a number never tells one from another.
fn relevant(attempt: Attempt) -> Attempt {
    Attempt { connection: Connection::default(), level: attempt.level.min(2), ..attempt }
}
