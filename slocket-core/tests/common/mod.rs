//! A participant to play scenarios with, and builders that bring one into each state the way a driver would.

#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

pub(crate) mod every;
pub(crate) mod explore;
pub(crate) mod kinds;

pub(crate) use slocket_core::Action::{
    Accept, Arm, ClearMark, Close, CloseOut, Connect, Disconnect, GiveBack, HandOver, Inspect, Leave, Lend, Publish,
    Reclaim, SetMark, Unwatch, Watch,
};
pub(crate) use slocket_core::Event::{
    Cancel, ClosedOut, Ended, GivenBack, Granted, HandedOver, LoanEnded, Look, MarkCleared, MarkSet, PathChanged,
    Release, TimerFired, WatchArmed,
};
pub(crate) use slocket_core::{
    Accepted, Action, Connected, Connection, Delivery, Event, Failure, Inspected, Interest, Left, Machine, Misuse,
    Published, Received, Reclaimed, Removal, Report, Stale, State, Timer,
};

/// Some error code of the system.
pub(crate) const CODE: i32 = 28;

/// One participant: a machine, and the number of the connection it has last asked for.
#[derive(Clone, Debug)]
pub(crate) struct Participant {
    machine: Machine,
    connection: Connection,
}

impl Participant {
    /// Tells the machine an event; it must do exactly this.
    #[track_caller]
    pub(crate) fn tell<const N: usize>(&mut self, event: Event, actions: [Action; N]) {
        let before = *self.state();
        let done: Vec<Action> = match self.machine.handle(event) {
            Ok(done) => done.into_iter().collect(),
            Err(misuse) => panic!("{misuse}"),
        };
        for action in &done {
            if let Connect(connection) = action {
                self.connection = *connection;
            }
        }
        assert_eq!(done, actions, "on {event:?} in {before:?}");
    }

    /// Tells the machine an event; nothing must come of it.
    #[track_caller]
    pub(crate) fn ignores(&mut self, event: Event) {
        let before = *self.state();
        self.tell(event, []);
        assert_eq!(*self.state(), before, "on {event:?}");
    }

    /// Tells the machine an event that only a faulty driver sends; it must say so, and stay where it is.
    #[track_caller]
    pub(crate) fn refuses(&mut self, event: Event) {
        let state = *self.state();
        assert_eq!(self.machine.handle(event), Err(Misuse { state, event }));
        assert_eq!(*self.state(), state, "on {event:?}");
    }

    pub(crate) fn state(&self) -> &State {
        self.machine.state()
    }

    /// The number of the present connection.
    pub(crate) fn connection(&self) -> Connection {
        self.connection
    }

    /// The machine asks to connect, under whatever number.
    #[track_caller]
    pub(crate) fn connects(&mut self, event: Event) {
        let next = following(self.connection);
        self.tell(event, [Connect(next)]);
    }

    /// Bytes arrive on the present connection.
    #[track_caller]
    pub(crate) fn receives<const N: usize>(&mut self, received: Received, actions: [Action; N]) {
        self.tell(Event::Received(self.connection, received), actions);
    }

    #[track_caller]
    pub(crate) fn is_finished(&self) {
        assert_eq!(*self.state(), State::Finished);
    }
}

/// The numbers that connections are given, in their order, beginning with the first.
pub(crate) fn connections() -> [Connection; 4] {
    let mut machine = Machine::new();
    let _ = machine.handle(Event::Acquire(Stale::Wait)).expect("a faithful driver");
    let mut first = Some(published(Published::InUse));
    std::array::from_fn(|_| {
        let event = first.take().unwrap_or_else(|| {
            let _ = machine.handle(connected(Connected::BacklogFull)).expect("the answer to the question");
            fired(Timer::Retry)
        });
        let actions = machine.handle(event).expect("a faithful driver");
        let connect = |action| if let Connect(connection) = action { Some(connection) } else { None };
        actions.into_iter().find_map(connect).expect("whose path is in use connects")
    })
}

/// The number of the connection after this one.
pub(crate) fn following(connection: Connection) -> Connection {
    let numbers = connections();
    let at = numbers.iter().position(|number| *number == connection).expect("a number like any other");
    numbers[(at + 1) % numbers.len()]
}

// ---- Words for events and actions that would be long otherwise.

pub(crate) fn published(published: Published) -> Event {
    Event::Published(published)
}

pub(crate) fn connected(connected: Connected) -> Event {
    Event::Connected(connected)
}

pub(crate) fn inspected(inspected: Inspected) -> Event {
    Event::Inspected(inspected)
}

pub(crate) fn reclaimed(reclaimed: Reclaimed) -> Event {
    Event::Reclaimed(reclaimed)
}

pub(crate) fn accepted(accepted: Accepted) -> Event {
    Event::Accepted(accepted)
}

pub(crate) fn left(left: Left) -> Event {
    Event::Left(left)
}

pub(crate) fn fired(timer: Timer) -> Event {
    TimerFired(timer)
}

pub(crate) fn arm(timer: Timer, level: u8) -> Action {
    Arm { timer, level }
}

pub(crate) fn tells(report: Report) -> Action {
    Action::Report(report)
}

pub(crate) fn fails(failure: Failure) -> Action {
    Action::Report(Report::Failed(failure))
}

/// Remove a dead socket that carries the mark.
pub(crate) const RECLAIM_MARKED: Action = Reclaim { unmarked_too: false };
/// Remove a dead socket whether or not it carries the mark.
pub(crate) const RECLAIM_ANY: Action = Reclaim { unmarked_too: true };

// ---- Participants, each brought into its state from the one before.

pub(crate) fn idle() -> Participant {
    Participant { machine: Machine::new(), connection: Connection::default() }
}

#[track_caller]
pub(crate) fn publishing(stale: Stale) -> Participant {
    let mut participant = idle();
    participant.tell(Event::Acquire(stale), [Publish]);
    participant
}

#[track_caller]
pub(crate) fn connecting(stale: Stale) -> Participant {
    let mut participant = publishing(stale);
    participant.connects(published(Published::InUse));
    participant
}

#[track_caller]
pub(crate) fn queued() -> Participant {
    let mut participant = connecting(Stale::Wait);
    participant.tell(connected(Connected::Queued), []);
    participant
}

/// Looks at the path, since nobody listens there.
#[track_caller]
pub(crate) fn inspecting(stale: Stale) -> Participant {
    let mut participant = connecting(stale);
    participant.tell(connected(Connected::Refused), [Inspect]);
    participant
}

/// Arms its watch, since there is a directory at the path.
#[track_caller]
pub(crate) fn arming_watch() -> Participant {
    let mut participant = connecting(Stale::Wait);
    participant.tell(connected(Connected::NotASocket), [Watch]);
    participant
}

/// Waits until the directory at the path goes away.
#[track_caller]
pub(crate) fn watching() -> Participant {
    let mut participant = arming_watch();
    participant.tell(WatchArmed, [Inspect]);
    participant.tell(inspected(Inspected::NotASocket), [arm(Timer::Recheck, 0)]);
    participant
}

/// Waits in front of a stale socket, for as long as its user has stated.
#[track_caller]
pub(crate) fn watching_a_stale_socket() -> Participant {
    let mut participant = inspecting(Stale::Reclaim);
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Stale, 0), Watch]);
    participant.tell(WatchArmed, [Inspect]);
    participant.tell(inspected(Inspected::Stale), [arm(Timer::Recheck, 0)]);
    participant
}

#[track_caller]
pub(crate) fn reclaiming(stale: Stale) -> Participant {
    let mut participant = inspecting(stale);
    participant.tell(inspected(Inspected::Dead), [RECLAIM_MARKED]);
    participant
}

#[track_caller]
pub(crate) fn pausing_to_publish() -> Participant {
    let mut participant = publishing(Stale::Wait);
    participant.tell(published(Published::Swept), [arm(Timer::Retry, 1)]);
    participant
}

#[track_caller]
pub(crate) fn pausing_to_connect() -> Participant {
    let mut participant = connecting(Stale::Wait);
    participant.tell(connected(Connected::BacklogFull), [arm(Timer::Retry, 1)]);
    participant
}

#[track_caller]
pub(crate) fn leaving() -> Participant {
    let mut participant = queued();
    participant.tell(Cancel, [Leave]);
    participant
}

#[track_caller]
pub(crate) fn lingering() -> Participant {
    let mut participant = leaving();
    participant.tell(left(Left::Lingering), [tells(Report::Cancelled)]);
    participant
}

#[track_caller]
pub(crate) fn holding() -> Participant {
    let mut participant = publishing(Stale::Wait);
    participant.tell(published(Published::Listening), [tells(Report::Acquired)]);
    participant
}

#[track_caller]
pub(crate) fn borrowing() -> Participant {
    let mut participant = queued();
    participant.receives(Received::Loan, [tells(Report::Acquired)]);
    participant
}

#[track_caller]
pub(crate) fn accepting() -> Participant {
    let mut participant = holding();
    participant.tell(Release, [Accept]);
    participant
}

#[track_caller]
pub(crate) fn handing_over() -> Participant {
    let mut participant = accepting();
    participant.tell(accepted(Accepted::Waiter), [HandOver]);
    participant
}

#[track_caller]
pub(crate) fn clearing_mark() -> Participant {
    let mut participant = accepting();
    participant.tell(accepted(Accepted::Client), [ClearMark]);
    participant
}

#[track_caller]
pub(crate) fn lending() -> Participant {
    let mut participant = clearing_mark();
    participant.tell(MarkCleared(true), [Lend]);
    participant
}

#[track_caller]
pub(crate) fn lent() -> Participant {
    let mut participant = lending();
    participant.tell(Granted(Delivery::Sent), [tells(Report::Released)]);
    participant
}

/// The loan is over, and the server sets the mark.
#[track_caller]
pub(crate) fn setting_mark() -> Participant {
    let mut participant = lent();
    participant.tell(LoanEnded, [SetMark]);
    participant
}

#[track_caller]
pub(crate) fn closing_out() -> Participant {
    let mut participant = accepting();
    participant.tell(accepted(Accepted::Nobody), [CloseOut]);
    participant
}

#[track_caller]
pub(crate) fn giving_back() -> Participant {
    let mut participant = borrowing();
    participant.tell(Release, [GiveBack]);
    participant
}

#[track_caller]
pub(crate) fn finished() -> Participant {
    let mut participant = closing_out();
    participant.tell(ClosedOut(Removal::Done), [Close, tells(Report::Released)]);
    participant
}
