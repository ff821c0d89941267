//! What a faithful driver knows of a machine: from the events it has told and the actions it was asked for, and from
//! nothing else. Written from the protocol and the rules for drivers.

use slocket_core::{
    Accepted, Action, Actions, Connected, Connection, Delivery, Event, Inspected, Interest, Left, Published, Received,
    Reclaimed, Removal, Report, Stale, State, Timer,
};

use super::due;

type Result<T = ()> = std::result::Result<T, &'static str>;

/// What is known of one machine.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The first request.
    pub(super) start: Option<Event>,
    /// The caller waits to be told something.
    owed: bool,
    /// What it will be told, whatever else comes.
    settled: Option<Report>,
    held: bool,
    /// The lock is to be passed on or given back.
    ends: bool,
    pub(super) question: Option<Action>,
    pub(super) wait: Wait,
    open: Open,
    mark: Mark,
    /// How often in a row the attempt came to nothing.
    failures: u8,
    /// The timer of a stale socket: armed, or fired since.
    stale: Option<Fired>,
    /// The timer of a try: armed, or fired since.
    pub(super) tried: Option<Fired>,
    /// The numbers of all connections, the last one first.
    numbers: Vec<Connection>,
}

/// What the driver has open.
#[derive(Debug, Default, PartialEq)]
struct Open {
    listener: bool,
    connection: bool,
    loan: bool,
    watch: bool,
    guest: Option<Accepted>,
}

/// What a machine that asks nothing waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Wait {
    #[default]
    Start,
    /// In the queue.
    Server,
    /// In the queue, and the caller has been told.
    Farewell,
    Loan,
    Path,
    Pause,
    Caller,
    Over,
    /// Nothing: it is stuck.
    Nowhere,
}

#[derive(Debug, Default, PartialEq)]
enum Mark {
    #[default]
    Set,
    Cleared,
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fired {
    NotYet,
    Already,
}

/// What is to come of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    Misuse,
    Ignored,
    /// Nothing yet: a question is open.
    Remembered,
    Matters,
}

impl Ledger {
    /// A number that a connection had; 0 is the last one's.
    pub(super) fn any_connection(&self, at: u8) -> Connection {
        self.numbers.get(usize::from(at)).copied().unwrap_or_default()
    }

    pub(super) fn meaning(&self, event: Event) -> Meaning {
        let unless = |misuse| if misuse { Meaning::Misuse } else { Meaning::Matters };
        let matters = match event {
            Event::Acquire(_) | Event::Try(_) | Event::Look => return unless(self.start.is_some()),
            Event::Release => return unless(!self.held),
            Event::Cancel => self.held || self.is_open(),
            Event::TimerFired(Timer::Deadline) => self.is_open(),
            Event::Received(number, received) => {
                let is_grant = matches!(received, Received::Listener | Received::Loan);
                self.reads(number) && (is_grant || self.wait == Wait::Server)
            }
            Event::Ended(number) => self.reads(number),
            Event::LoanEnded => self.waits(Wait::Loan),
            Event::PathChanged | Event::TimerFired(Timer::Recheck) => self.waits(Wait::Path),
            Event::TimerFired(Timer::Retry) => self.waits(Wait::Pause),
            // While the path is waited for, one look too many does no harm, whoever asked for it.
            Event::TimerFired(Timer::Stale) => {
                let is_put_up_with = matches!(self.question, Some(Action::Inspect | Action::Watch));
                self.waits(Wait::Path) || is_put_up_with && self.stale == Some(Fired::NotYet)
            }
            Event::TimerFired(Timer::Try) => {
                let is_at_it =
                    matches!(self.question, Some(Action::Publish | Action::Inspect | Action::Reclaim { .. }));
                let matters = self.tried == Some(Fired::NotYet) && (is_at_it || self.waits(Wait::Pause));
                return if matters { Meaning::Remembered } else { Meaning::Ignored };
            }
            answer => return unless(!self.question.is_some_and(|question| is_answer(question, answer))),
        };
        match (matters, self.question) {
            (false, _) => Meaning::Ignored,
            (true, Some(_)) => Meaning::Remembered,
            (true, None) => Meaning::Matters,
        }
    }

    /// Whether a try has met somebody who may be only passing through.
    pub(super) fn is_passed_by(&self, event: Event) -> bool {
        let is_met = matches!(event, Event::Inspected(Inspected::Alive) | Event::Reclaimed(Reclaimed::Busy));
        is_met && matches!(self.start, Some(Event::Try(_)))
    }

    /// Whether something can still stop the request.
    fn is_open(&self) -> bool {
        self.owed && self.settled.is_none()
    }

    fn waits(&self, wait: Wait) -> bool {
        self.question.is_none() && self.wait == wait
    }

    fn reads(&self, number: Connection) -> bool {
        (self.waits(Wait::Server) || self.waits(Wait::Farewell)) && self.numbers.first() == Some(&number)
    }

    /// Notes an event that is legal and matters, and what was done about it.
    pub(super) fn step(&mut self, event: Event, actions: Actions) -> Result {
        let is_stop = event == Event::TimerFired(Timer::Try)
            || matches!(event, Event::Cancel | Event::TimerFired(_)) && self.question.is_some();
        let due = due::report(self, event).filter(|_| self.is_open());
        if !is_stop {
            (self.question, self.wait) = (None, Wait::Nowhere);
        }
        self.note(event);
        for action in actions {
            if self.question.is_some() {
                return Err("something comes after a question");
            }
            self.perform(event, action, due)?;
        }
        if due.is_some() && self.is_open() {
            return Err("the caller is not told");
        }
        self.rest()
    }

    /// What the event says.
    fn note(&mut self, event: Event) {
        match event {
            Event::Acquire(_) | Event::Try(_) | Event::Look => (self.start, self.owed) = (Some(event), true),
            Event::Release => self.give_up(Report::Released),
            Event::Cancel if self.held => self.give_up(Report::Cancelled),
            Event::Cancel => (self.settled, self.stale, self.tried) = (Some(Report::Cancelled), None, None),
            Event::TimerFired(Timer::Deadline) => {
                (self.settled, self.stale, self.tried) = (Some(Report::TimedOut), None, None);
            }
            Event::TimerFired(Timer::Try) => self.tried = self.tried.and(Some(Fired::Already)),
            Event::TimerFired(Timer::Stale) => self.stale = self.stale.and(Some(Fired::Already)),
            Event::Published(Published::Listening) => self.gets_listener(),
            Event::Connected(connected) => {
                self.open.connection = connected == Connected::Queued;
                if connected == Connected::Queued {
                    self.wait = Wait::Server;
                }
            }
            Event::WatchArmed => self.open.watch = true,
            Event::Inspected(inspected) if inspected != Inspected::Stale => self.stale = None,
            Event::Left(Left::Closed) => self.open.connection = false,
            Event::Left(Left::Listener) | Event::Received(_, Received::Listener) => self.gets_listener(),
            Event::Left(Left::Lingering) => self.wait = Wait::Farewell,
            Event::Received(_, Received::Loan) => (self.open.loan, self.ends) = (true, !self.owed),
            Event::Accepted(accepted) => self.open.guest = Some(accepted),
            Event::HandedOver(Delivery::Sent) => (self.open.listener, self.open.guest) = (false, None),
            Event::MarkCleared(done) => self.mark = if done { Mark::Cleared } else { Mark::Refused },
            Event::MarkSet(done) => self.mark = if done { Mark::Set } else { Mark::Refused },
            Event::Granted(Delivery::Sent) => self.wait = Wait::Loan,
            Event::ClosedOut(removal) => {
                (self.open.listener, self.open.guest) = (false, None);
                self.removed(removal);
            }
            Event::GivenBack(removal) => {
                (self.open.loan, self.open.connection) = (false, false);
                self.removed(removal);
            }
            _ => {}
        }
    }

    fn give_up(&mut self, report: Report) {
        (self.held, self.owed, self.settled, self.ends) = (false, true, Some(report), true);
    }

    /// A listener has come: to a caller who waits for it, or to be passed on. The connection that it came by is closed.
    fn gets_listener(&mut self) {
        (self.open.listener, self.open.connection) = (true, false);
        self.ends = !self.is_open();
    }

    /// Whoever releases, and only who releases, learns that the lock was lost.
    fn removed(&mut self, removal: Removal) {
        if self.settled == Some(Report::Released) {
            self.settled = Some(match removal {
                Removal::Done => Report::Released,
                Removal::NotOurs => Report::Failed(slocket_core::Failure::LockLost),
                Removal::Failed(code) => Report::Failed(slocket_core::Failure::Os(code)),
            });
        }
    }

    fn perform(&mut self, event: Event, action: Action, due: Option<Report>) -> Result {
        self.may(event, action)?;
        match action {
            Action::Publish => {
                if !matches!(event, Event::TimerFired(_) | Event::Acquire(_) | Event::Try(_)) {
                    self.failures += 1;
                    require(self.failures <= 2, "a busy loop")?;
                }
                self.question = Some(action);
            }
            Action::Connect(number) => {
                require(self.numbers.first() != Some(&number), "two connections in a row have one number")?;
                self.numbers.insert(0, number);
                self.question = Some(action);
            }
            Action::Disconnect => self.open.connection = false,
            Action::Unwatch => self.open.watch = false,
            Action::Reclaim { .. } => (self.stale, self.question) = (None, Some(action)),
            Action::Leave => {
                let report = due.or(self.settled);
                require(report.is_some(), "the queue is left, and nobody wanted that")?;
                (self.settled, self.question) = (report, Some(action));
            }
            Action::Accept | Action::SetMark => (self.open.guest, self.question) = (None, Some(action)),
            Action::Inspect
            | Action::Watch
            | Action::HandOver
            | Action::ClearMark
            | Action::Lend
            | Action::CloseOut
            | Action::GiveBack => self.question = Some(action),
            Action::Arm { timer: Timer::Try, level } => {
                require(level == 0, "this timer has no level")?;
                self.tried = Some(Fired::NotYet);
            }
            Action::Arm { timer: Timer::Retry, level } if self.is_passed_by(event) => {
                require(matches!(level, 1 | 2), "a try pauses for long")?;
                require(self.tried == Some(Fired::NotYet), "a try goes on for ever")?;
                self.wait = Wait::Pause;
            }
            Action::Arm { timer: Timer::Retry, level } => {
                self.failures = (self.failures + 1).min(7);
                require(level == self.failures, "the pause does not grow")?;
                self.wait = Wait::Pause;
            }
            Action::Arm { timer, level } => {
                require(level == 0, "this timer has no level")?;
                if timer == Timer::Stale { self.stale = Some(Fired::NotYet) } else { self.wait = Wait::Path }
            }
            Action::Close => (self.open, self.wait) = (Open::default(), Wait::Over),
            Action::Report(report) => self.report(report, due)?,
        }
        Ok(())
    }

    /// Whether the action may be asked for: nothing is used that is not there, and nothing is done without a reason.
    fn may(&self, event: Event, action: Action) -> Result {
        use Event::{Accepted as A, Connected as C, Granted as G, Inspected as I, Published as P, Reclaimed as R};
        let Open { listener, connection, loan, watch, guest } = self.open;
        let wants = self.is_open() && !listener && !loan;
        let (acquires, looks) = (matches!(self.start, Some(Event::Acquire(_))), self.start == Some(Event::Look));
        let stale = matches!(event, I(Inspected::Stale) | R(Reclaimed::Unmarked));
        let over = matches!(event, C(Connected::Missing) | I(Inspected::Missing) | Event::Ended(_))
            || matches!(event, R(Reclaimed::Removed | Reclaimed::Changed))
            || matches!(event, Event::Received(_, Received::Truncated | Received::NotOurs));
        let retries = event == Event::TimerFired(Timer::Retry);
        let starts = Some(event) == self.start;
        let waits_for_path = matches!(event, Event::PathChanged | Event::TimerFired(Timer::Recheck | Timer::Stale));
        let (is_so, rule) = match action {
            Action::Publish => (
                wants && !looks && !connection && !watch && (starts || retries || over),
                "publishes without need, or with something open",
            ),
            Action::Connect(_) => (
                wants
                    && (acquires || looks && starts)
                    && !connection
                    && !watch
                    && (starts || retries || event == P(Published::InUse)),
                "connects without need, or with something open",
            ),
            Action::Disconnect => (connection, "there is no connection"),
            Action::Inspect => (
                wants
                    && !looks
                    && !connection
                    && (event == P(Published::InUse) && !acquires
                        || event == C(Connected::Refused)
                        || event == Event::WatchArmed
                        || waits_for_path),
                "looks at the path without need",
            ),
            Action::Watch => (
                wants
                    && acquires
                    && !watch
                    && (stale || matches!(event, C(Connected::NotASocket | Connected::Denied)) || is_occupied(event)),
                "watches without need",
            ),
            Action::Unwatch => (watch, "there is no watch"),
            Action::Reclaim { unmarked_too: false } => {
                (wants && !looks && event == I(Inspected::Dead), "what is not dead is reclaimed")
            }
            Action::Reclaim { unmarked_too: true } => (
                wants
                    && self.start == Some(Event::Acquire(Stale::Reclaim))
                    && event == I(Inspected::Stale)
                    && self.stale == Some(Fired::Already),
                "what may be lent out is reclaimed",
            ),
            Action::Arm { timer: Timer::Retry, .. } => (
                wants
                    && !connection
                    && (over
                        || matches!(event, P(Published::Swept) | C(Connected::BacklogFull))
                        || matches!(event, I(Inspected::Alive | Inspected::Unmarked) | R(Reclaimed::Busy))),
                "pauses without need, or connected",
            ),
            Action::Arm { timer: Timer::Recheck, .. } => {
                (wants && acquires && watch && (stale || is_occupied(event)), "waits for the path without need")
            }
            Action::Arm { timer: Timer::Stale, .. } => {
                let may = self.start == Some(Event::Acquire(Stale::Reclaim)) && self.stale.is_none();
                (wants && stale && may, "nothing stale is put up with")
            }
            Action::Arm { timer: Timer::Try, .. } => {
                (wants && self.is_passed_by(event) && self.tried.is_none(), "a try that nothing is in the way of")
            }
            Action::Arm { timer: Timer::Deadline, .. } => (false, "the deadline is the driver's"),
            Action::Leave => (connection && !listener && !loan, "there is no queue to leave"),
            Action::Accept => (
                listener
                    && self.ends
                    && self.mark == Mark::Set
                    && !matches!(event, A(accepted) if accepted != Accepted::Gone),
                "accepts, and has done so, or may not",
            ),
            Action::HandOver => (
                listener && guest == Some(Accepted::Waiter) && self.mark == Mark::Set,
                "hands over to nobody, or what is not marked",
            ),
            Action::ClearMark => {
                (listener && guest == Some(Accepted::Client) && self.mark == Mark::Set, "nobody is to be lent to")
            }
            Action::Lend => (
                listener && guest == Some(Accepted::Client) && self.mark == Mark::Cleared,
                "lends to nobody, or what is marked",
            ),
            Action::SetMark => (
                listener
                    && self.mark == Mark::Cleared
                    && matches!(event, Event::LoanEnded | G(Delivery::Gone | Delivery::Failed)),
                "the mark is set already, or must not be yet",
            ),
            Action::CloseOut => (
                listener
                    && self.ends
                    && (matches!(event, A(Accepted::Stranger | Accepted::Nobody | Accepted::Lost | Accepted::Failed))
                        || matches!(event, Event::HandedOver(Delivery::Failed))
                        || matches!(event, Event::MarkCleared(false) | Event::MarkSet(false))),
                "whoever waits is sent away",
            ),
            Action::GiveBack => (loan && connection && self.ends, "there is nothing to give back"),
            Action::Close => (!listener && !loan && !self.held, "the lock is thrown away"),
            Action::Report(_) => (self.owed, "a report that nobody waits for"),
        };
        require(is_so, rule)
    }

    fn report(&mut self, report: Report, due: Option<Report>) -> Result {
        self.owed = false;
        if report == Report::Acquired {
            require(self.settled.is_none() && !self.ends, "the lock is had by who has given up")?;
            require(self.open.listener != self.open.loan, "the lock is reported, and is not there")?;
            require(!self.open.watch, "the watch is left on")?;
            (self.held, self.wait) = (true, Wait::Caller);
            return Ok(());
        }
        require(self.settled.or(due) == Some(report), "the caller is told something else than what happened")?;
        let is_over = matches!(self.wait, Wait::Over | Wait::Loan | Wait::Farewell);
        require(is_over, "the caller is told, and it is not over")
    }

    /// What is true between two steps.
    fn rest(&self) -> Result {
        if self.question.is_some() {
            return Ok(());
        }
        require(self.wait != Wait::Nowhere, "it is stuck: nothing is asked, and nothing is waited for")?;
        require(!(self.owed && self.settled.is_some()), "who has given up waits on")?;
        let Open { listener, connection, loan, watch, .. } = self.open;
        let is_so = match self.wait {
            Wait::Start | Wait::Over => self.open == Open::default() && !self.owed,
            Wait::Server => connection && !listener && !loan && self.owed,
            Wait::Farewell => connection && !listener && !loan && !self.owed,
            Wait::Loan => listener && self.mark == Mark::Cleared && !self.owed,
            Wait::Path => watch && self.owed,
            Wait::Pause => self.owed,
            Wait::Caller => self.held && !self.owed,
            Wait::Nowhere => false,
        };
        require(is_so, "it waits with something open that it does not use, or without what it needs")
    }

    /// Whether what the state says of itself is so.
    pub(super) fn agrees(&self, state: &State) -> Result {
        let interest = match (self.question, self.wait) {
            (None, Wait::Server | Wait::Farewell) => Interest::Connection,
            (None, Wait::Loan) => Interest::Loan,
            (None, Wait::Path) => Interest::Path,
            _ => Interest::Timer,
        };
        let goes_on = self.start.is_some() && self.wait != Wait::Over;
        require(state.interest() == interest, "the interest is another")?;
        require(state.is_held() == self.held, "it is held, or not")?;
        require(state.is_background() == (goes_on && !self.owed && !self.held), "it is in the background, or not")
    }
}

fn require(is_so: bool, rule: &'static str) -> Result {
    if is_so { Ok(()) } else { Err(rule) }
}

/// Something is there that cannot be queued at.
fn is_occupied(event: Event) -> bool {
    matches!(event, Event::Inspected(Inspected::NotASocket | Inspected::Denied))
}

fn is_answer(question: Action, event: Event) -> bool {
    matches!(
        (question, event),
        (Action::Publish, Event::Published(_))
            | (Action::Connect(_), Event::Connected(_))
            | (Action::Inspect, Event::Inspected(_))
            | (Action::Watch, Event::WatchArmed)
            | (Action::Reclaim { .. }, Event::Reclaimed(_))
            | (Action::Leave, Event::Left(_))
            | (Action::Accept, Event::Accepted(_))
            | (Action::HandOver, Event::HandedOver(_))
            | (Action::ClearMark, Event::MarkCleared(_))
            | (Action::Lend, Event::Granted(_))
            | (Action::SetMark, Event::MarkSet(_))
            | (Action::CloseOut, Event::ClosedOut(_))
            | (Action::GiveBack, Event::GivenBack(_))
    )
}
