//! A participant to play scenarios with, and builders that bring one into each state the way a driver would. Each step of a
//! scenario has to keep the rules of the ledger, too.

#![allow(dead_code, unused_imports, reason = "each test file uses a part")]

pub(crate) mod answers;
pub(crate) mod explore;
pub(crate) mod ledger;
pub(crate) mod world;

pub(crate) use answers::{ERRNO, FIFO, MARKED, NEW, ONE, OTHER, UNMARKED, UNSETTLED};
pub(crate) use slocket_core::{
    AcceptResult, Access, AnswerResult, BindResult, Call, CallResult, Cargo, ConnectResult, DoneResult, DrainResult,
    Event, Failure, Fault, FifoResult, FileKind, FileSystemResult, Flock, FlockResult, Found, Half, Hints, Home,
    Inspected, Kind, Links, Machine, MakeResult, Misuse, Mode, ModeFit, Name, Notice, Occupied, OpenResult, Owner,
    PeerResult, Platform, Policy, Probe, ProbeResult, ProcResult, Question, ReadResult, ReceiveResult, RenameResult,
    Report, Request, Role, SendResult, Share, Source, Stale, StatResult, Step, Target, Timer, Times, TimesFound,
    TimesResult, UnlinkResult, Wait, Way, Ways,
};
pub(crate) use world::{
    CLIENT, DEAD, DIRECTORY, Guest, HOLDER, Life, NPM, SHARES, STALE, STRANGER, There, WAITER, World,
};

use explore::{Node, PLENTY, Start};
pub(crate) use explore::{policy, slots};

pub(crate) const BOTH: Ways = Ways { path: true, proc: true };

/// A lock at a path, in a folder in which no other user can rename.
pub(crate) const PRIVATE: Platform = Platform {
    home: Home::Path,
    is_private: true,
    lock: BOTH,
    temporary: BOTH,
    probe: Some(Probe::Datagram),
    shares: true,
};
/// A lock in a folder in which others can, on a kernel that was not asked yet.
pub(crate) const SHARED: Platform = Platform { is_private: false, probe: None, ..PRIVATE };
/// A lock at an abstract name.
pub(crate) const NAME: Platform = Platform { home: Home::Name, ..PRIVATE };

pub(crate) const ACQUIRE: Event = Event::Request(Request::Acquire(policy(Stale::Wait)));
pub(crate) const TRY: Event = Event::Request(Request::Try(policy(Stale::Wait)));
pub(crate) const SHARE: Event = Event::Request(Request::Share(policy(Stale::Wait), Share::Unlimited));
pub(crate) const TRY_SHARE: Event = Event::Request(Request::TryShare(policy(Stale::Wait), Share::Unlimited));
pub(crate) const SLOT: Event = Event::Request(Request::Share(policy(Stale::Wait), slots(2)));
pub(crate) const TRY_SLOT: Event = Event::Request(Request::TryShare(policy(Stale::Wait), slots(2)));
pub(crate) const DOWNGRADE: Event = Event::Request(Request::Downgrade);
pub(crate) const LOOK: Event = Event::Request(Request::Look);
pub(crate) const INSPECT: Event = Event::Request(Request::Inspect);
pub(crate) const RELEASE: Event = Event::Request(Request::Release);
pub(crate) const CANCEL: Event = Event::Request(Request::Cancel);
pub(crate) const DISMISS: Event = Event::Request(Request::Dismiss);
pub(crate) const CUT: Event = Event::Request(Request::Cut);
pub(crate) const READABLE: Event = Event::Notice(Notice::Readable);
pub(crate) const CHANGE: Event = Event::Notice(Notice::FsChange);
pub(crate) const HUNG_UP: Event = Event::Notice(Notice::HungUp);
pub(crate) const DEADLINE: Event = Event::Notice(Notice::TimerFired(Timer::Deadline));
pub(crate) const RETRY: Event = Event::Notice(Notice::TimerFired(Timer::Retry));
pub(crate) const RECHECK: Event = Event::Notice(Notice::TimerFired(Timer::Recheck));
pub(crate) const STALE_TIME: Event = Event::Notice(Notice::TimerFired(Timer::Stale));
pub(crate) const TRY_TIME: Event = Event::Notice(Notice::TimerFired(Timer::Try));

pub(crate) const PUBLISH: Call = Call::Socket(Role::Listener, Kind::Stream);
pub(crate) const JOIN: Call = Call::Socket(Role::Connection, Kind::Stream);
/// (An inspection and a join begin alike: this one asks.)
pub(crate) const PROBE: Call = Call::Socket(Role::Probe, Kind::Datagram);
pub(crate) const RECLAIM: Call = Call::Flock(Flock::Exclusive);
pub(crate) const UNLINK: Call = Call::Unlink(Name::Lock);
pub(crate) const HAND_OVER: Call = Call::Send(Cargo::Listener { unshared: true });
/// The same by one that has not looked for shares, or has made one.
pub(crate) const HAND_OVER_UNSEEN: Call = Call::Send(Cargo::Listener { unshared: false });
pub(crate) const LEND: Call = Call::Send(Cargo::Nothing);
pub(crate) const STOP_READING: Call = Call::Shutdown(Role::Connection, Half::Read);

/// The process with the lock in hand looks whether any process can have a share.
pub(crate) const HAS_SHARES: Call = Call::Stat(Name::Shared);
/// And whether a process has one.
pub(crate) const SEE_SHARES: Call = Call::OpenFifo(Role::Look, Access::Read, Name::Shared);
/// The process with the lock in hand takes a share.
pub(crate) const TAKE_SHARE: Call = Call::OpenFifo(Role::Share, Access::Both, Name::Shared);

pub(crate) const QUEUED: Wait = wait(Source::Connection);
pub(crate) const LENT: Wait = wait(Source::Guest);
pub(crate) const SHARED_BY_OTHERS: Wait = wait(Source::Look);
pub(crate) const ALL_SLOTS_TAKEN: Wait = wait(Source::Slots);
pub(crate) const NOTHING: Wait = Wait { source: None, retry: None, recheck: false, stale: false, hasty: false };
pub(crate) const WATCHING: Wait = Wait { recheck: true, ..wait(Source::Path) };
pub(crate) const WATCHING_STALE: Wait = Wait { stale: true, ..WATCHING };

const fn wait(source: Source) -> Wait {
    Wait { source: Some(source), retry: None, recheck: false, stale: false, hasty: false }
}

pub(crate) const fn pause(level: u8) -> Wait {
    Wait { retry: Some(level), ..NOTHING }
}

pub(crate) const fn acquire(stale: Stale) -> Event {
    Event::Request(Request::Acquire(policy(stale)))
}

/// One participant, and its world.
#[derive(Clone, Debug)]
pub(crate) struct Participant {
    node: Node,
    pub(crate) world: World,
    /// The calls since the last event that was told.
    pub(crate) calls: Vec<Call>,
}

impl Participant {
    pub(crate) fn new(platform: Platform, hints: Hints) -> Self {
        let start = Start { platform, hints, request: Request::Look, shares: true };
        Self { node: Node::new(start, PLENTY), world: World::new(), calls: Vec::new() }
    }

    /// At a path where this is.
    pub(crate) fn at(there: impl Into<Option<There>>) -> Self {
        let mut participant = Self::new(PRIVATE, Hints::default());
        participant.world.path = there.into();
        participant
    }

    pub(crate) fn machine(&self) -> &Machine {
        &self.node.machine
    }

    /// A call has this result once.
    pub(crate) fn instead(&mut self, call: Call, result: impl Into<CallResult>) -> &mut Self {
        self.world.instead.push((call, result.into()));
        self
    }

    /// Tells the machine an event, and performs all calls that follow.
    #[track_caller]
    fn tell(&mut self, event: Event) -> Step {
        self.calls.clear();
        let mut event = event;
        loop {
            let step = self.step(event);
            let Step::Call(call) = step else {
                assert!(self.world.instead.is_empty(), "not asked for: {:?}, but {:?}", self.world.instead, self.calls);
                return step;
            };
            self.calls.push(call);
            event = Event::Result(self.world.perform(call));
        }
    }

    /// Tells the machine an event, and performs the calls that follow, up to this call. Returns the result of that call.
    #[track_caller]
    pub(crate) fn up_to(&mut self, event: Event, call: Call) -> Event {
        self.calls.clear();
        let mut event = event;
        loop {
            let step = self.step(event);
            let Step::Call(asked) = step else { panic!("{step:?} without {call:?}: {:?}", self.calls) };
            event = Event::Result(self.world.perform(asked));
            if asked == call {
                return event;
            }
            self.calls.push(asked);
        }
    }

    /// Tells the machine an event, and performs nothing.
    #[track_caller]
    pub(crate) fn step(&mut self, event: Event) -> Step {
        match self.node.tell(event, PLENTY) {
            Ok(Some((node, step))) => {
                self.node = node;
                step
            }
            Ok(None) => panic!("{event:?} is a misuse"),
            Err(rule) => panic!("{rule}: {event:?} after {:?}", self.calls),
        }
    }

    /// The event ends in a wait.
    #[track_caller]
    pub(crate) fn waits(&mut self, event: Event, wait: Wait) -> &mut Self {
        assert_eq!(self.tell(event), Step::Wait(wait), "after {:?}", self.calls);
        self
    }

    /// The event ends in a report, and the machine has finished.
    #[track_caller]
    pub(crate) fn ends(&mut self, event: Event, report: Report) -> &mut Self {
        assert_eq!(self.tell(event), Step::Report(report, NOTHING), "after {:?}", self.calls);
        assert!(self.machine().is_finished());
        self
    }

    /// The event ends in a failure, and the machine has finished.
    #[track_caller]
    pub(crate) fn fails(&mut self, event: Event, failure: Failure) -> &mut Self {
        self.ends(event, Report::Failed(failure))
    }

    /// The event ends in the lock.
    #[track_caller]
    pub(crate) fn holds(&mut self, event: Event) -> &mut Self {
        assert_eq!(self.tell(event), Step::Report(Report::Acquired, NOTHING), "after {:?}", self.calls);
        assert!(self.machine().is_held());
        self
    }

    /// The event ends in a share.
    #[track_caller]
    pub(crate) fn shares(&mut self, event: Event, slot: Option<u16>) -> &mut Self {
        assert_eq!(self.tell(event), Step::Report(Report::Shared { slot }, NOTHING), "after {:?}", self.calls);
        assert!(self.machine().is_held() && self.machine().is_shared());
        self
    }

    /// The lock is held as before.
    #[track_caller]
    pub(crate) fn does_not_downgrade(&mut self, failure: Failure) -> &mut Self {
        let report = Step::Report(Report::NotDowngraded(failure), NOTHING);
        assert_eq!(self.tell(DOWNGRADE), report, "after {:?}", self.calls);
        assert!(self.machine().is_held() && !self.machine().is_shared());
        self
    }

    /// The event ends in a report, and the rest goes on in the background.
    #[track_caller]
    pub(crate) fn leaves_behind(&mut self, event: Event, report: Report, wait: Wait) -> &mut Self {
        assert_eq!(self.tell(event), Step::Report(report, wait), "after {:?}", self.calls);
        assert!(self.machine().is_background());
        self
    }

    /// The event ends what goes on in the background.
    #[track_caller]
    pub(crate) fn finishes(&mut self, event: Event) -> &mut Self {
        self.waits(event, NOTHING);
        assert!(self.machine().is_finished());
        self
    }

    /// The event has no effect.
    #[track_caller]
    pub(crate) fn ignores(&mut self, event: Event) -> &mut Self {
        let before = self.node.machine;
        let _ = self.tell(event);
        assert_eq!(self.calls, []);
        assert_eq!(self.node.machine, before, "on {event:?}");
        self
    }

    /// Only a faulty driver sends this.
    #[track_caller]
    pub(crate) fn refuses(&mut self, event: Event) -> &mut Self {
        assert_eq!(self.node.tell(event, PLENTY), Ok(None), "on {event:?}");
        self
    }

    /// These were among the calls, in this order.
    #[track_caller]
    pub(crate) fn did(&self, calls: &[Call]) -> &Self {
        let mut left = self.calls.iter();
        for call in calls {
            assert!(left.any(|done| done == call), "{call:?} is missing, or too early: {:?}", self.calls);
        }
        self
    }

    /// These were all the calls.
    #[track_caller]
    pub(crate) fn did_just(&self, calls: &[Call]) -> &Self {
        assert_eq!(self.calls, calls);
        self
    }

    #[track_caller]
    pub(crate) fn did_not(&self, call: Call) -> &Self {
        assert!(!self.calls.contains(&call), "{call:?}: {:?}", self.calls);
        self
    }

    pub(crate) fn count(&self, call: Call) -> usize {
        self.calls.iter().filter(|done| **done == call).count()
    }
}

/// The call failed.
pub(crate) const fn failed(call: Call) -> Failure {
    Failure::Call(Fault { call, errno: ERRNO })
}

// ---- Participants, each brought into its state from the one before.

/// In the queue of one that hands over.
#[track_caller]
pub(crate) fn queued() -> Participant {
    queued_at(HOLDER)
}

/// In the queue of one that may lend.
#[track_caller]
pub(crate) fn queued_at(there: There) -> Participant {
    let mut participant = Participant::at(there);
    participant.waits(ACQUIRE, QUEUED);
    participant
}

#[track_caller]
pub(crate) fn holding() -> Participant {
    let mut participant = Participant::at(None);
    participant.holds(ACQUIRE);
    participant
}

/// It holds, and these are in its queue.
#[track_caller]
pub(crate) fn holding_with(queue: &[Guest]) -> Participant {
    let mut participant = holding();
    participant.world.queue.extend(queue);
    participant
}

#[track_caller]
pub(crate) fn borrowing() -> Participant {
    let mut participant = queued_at(NPM);
    participant.world.sent.push_back(ReceiveResult::Loan);
    participant.holds(READABLE);
    participant
}

#[track_caller]
pub(crate) fn lent() -> Participant {
    let mut participant = holding_with(&[CLIENT]);
    participant.leaves_behind(RELEASE, Report::Released, LENT);
    participant
}

#[track_caller]
pub(crate) fn lingering() -> Participant {
    let mut participant = queued_at(NPM);
    participant.leaves_behind(CANCEL, Report::Cancelled, QUEUED);
    participant
}

/// There is a directory at the path.
#[track_caller]
pub(crate) fn watching() -> Participant {
    let mut participant = Participant::at(DIRECTORY);
    participant.waits(ACQUIRE, WATCHING);
    participant
}

/// In front of a stale socket, for as long as its user has stated.
#[track_caller]
pub(crate) fn watching_a_stale_socket() -> Participant {
    let mut participant = Participant::at(STALE);
    participant.waits(acquire(Stale::Reclaim), WATCHING_STALE);
    participant
}

/// The queue is full.
#[track_caller]
pub(crate) fn pausing_to_join() -> Participant {
    let mut participant = Participant::at(There { life: Life::Full, ..HOLDER });
    participant.waits(ACQUIRE, pause(1));
    participant
}

#[track_caller]
pub(crate) fn finished() -> Participant {
    let mut participant = holding();
    participant.ends(RELEASE, Report::Released);
    participant
}
