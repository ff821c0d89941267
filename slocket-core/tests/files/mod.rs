//! A participant of a lock that is a locked file, to play scenarios with, and the files that it meets.

#![allow(dead_code, unused_imports, reason = "each test file uses a part")]

pub(crate) use slocket_core::file_lock::{
    Call, CallResult, Event, Fault, Machine, Misuse, Mode, OpenResult, Platform, Role, SeeResult, Step,
};
pub(crate) use slocket_core::{
    AnswerResult, DoneResult, Errno, Failure, FlockResult, MakeResult, Name, Notice, Occupied, Policy, Report, Request,
    Share, Source, Stale, Timer, UnlinkResult, Wait,
};

use std::collections::HashMap;
use std::num::NonZeroU16;

/// Files are removed.
pub(crate) const REMOVES: Platform = Platform { removes: true };
/// Files stay.
pub(crate) const STAYS: Platform = Platform { removes: false };
pub(crate) const BOTH: [Platform; 2] = [REMOVES, STAYS];

/// Whatever is in the way is waited for.
const PATIENT: Policy = Policy { stale: Stale::Wait, occupied: Occupied::Wait };
const STRICT: Policy = Policy { stale: Stale::Wait, occupied: Occupied::Fail };

pub(crate) const ACQUIRE: Event = Event::Request(Request::Acquire(PATIENT));
pub(crate) const ACQUIRE_OR_FAIL: Event = Event::Request(Request::Acquire(STRICT));
pub(crate) const TRY: Event = Event::Request(Request::Try(PATIENT));
pub(crate) const SHARE: Event = Event::Request(Request::Share(PATIENT, Share::Unlimited));
pub(crate) const TRY_SHARE: Event = Event::Request(Request::TryShare(PATIENT, Share::Unlimited));
pub(crate) const SLOT: Event = Event::Request(Request::Share(PATIENT, two_slots()));
pub(crate) const TRY_SLOT: Event = Event::Request(Request::TryShare(PATIENT, two_slots()));
pub(crate) const LOOK: Event = Event::Request(Request::Look);
pub(crate) const DOWNGRADE: Event = Event::Request(Request::Downgrade);
pub(crate) const RELEASE: Event = Event::Request(Request::Release);
pub(crate) const CANCEL: Event = Event::Request(Request::Cancel);
pub(crate) const CHANGE: Event = Event::Notice(Notice::FsChange);
pub(crate) const RETRY: Event = Event::Notice(Notice::TimerFired(Timer::Retry));
pub(crate) const TRY_TIME: Event = Event::Notice(Notice::TimerFired(Timer::Try));
pub(crate) const DEADLINE: Event = Event::Notice(Notice::TimerFired(Timer::Deadline));

pub(crate) const ERRNO: Errno = Errno(5);

pub(crate) const MAKE: Call = Call::Make(Role::Turn, Name::Lock);
pub(crate) const OPEN: Call = Call::Open(Role::Turn, Name::Lock);
pub(crate) const LOCK: Call = Call::Lock(Role::Turn, Mode::Exclusive);
pub(crate) const COMPARE: Call = Call::Compare(Role::Turn, Name::Lock);
pub(crate) const UNLINK: Call = Call::Unlink(Name::Lock);
pub(crate) const UNLOCK: Call = Call::Unlock(Role::Turn);
pub(crate) const CLOSE: Call = Call::Close(Role::Turn);
pub(crate) const CLOSE_SHARE: Call = Call::Close(Role::Share);
pub(crate) const CLOSE_LOOK: Call = Call::Close(Role::Look);
pub(crate) const UNWATCH: Call = Call::Close(Role::Watch);
pub(crate) const LOOK_FOR_SHARES: Call = Call::Open(Role::Look, Name::Shared);
pub(crate) const LOCK_LOOK: Call = Call::Lock(Role::Look, Mode::Exclusive);

const fn two_slots() -> Share {
    match NonZeroU16::new(2) {
        Some(count) => Share::SlotOf(count),
        None => Share::Unlimited,
    }
}

pub(crate) const fn look_for(slot: u16) -> Call {
    Call::Open(Role::Look, Name::Slot(slot))
}

/// Waits for a change of the path, with a pause of that level beside it.
pub(crate) const fn waiting(level: u8) -> Wait {
    Wait { source: Some(Source::Path), ..pausing(level) }
}

pub(crate) const fn pausing(level: u8) -> Wait {
    Wait { source: None, retry: Some(level), recheck: false, stale: false, hasty: false }
}

/// A file, and how others have it locked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File {
    id: u32,
    pub(crate) seen: SeeResult,
    pub(crate) locked: Option<Mode>,
}

/// One participant, and the files that it meets.
#[derive(Clone, Debug)]
pub(crate) struct Participant {
    pub(crate) machine: Machine,
    names: HashMap<Name, u32>,
    files: HashMap<u32, File>,
    places: HashMap<Role, u32>,
    instead: Vec<(Call, CallResult)>,
    /// The calls since the last event that was told.
    pub(crate) calls: Vec<Call>,
}

impl Participant {
    pub(crate) fn new(platform: Platform) -> Self {
        Self {
            machine: Machine::new(platform),
            names: HashMap::new(),
            files: HashMap::new(),
            places: HashMap::new(),
            instead: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// It holds the lock.
    #[track_caller]
    pub(crate) fn holding(platform: Platform) -> Self {
        let mut participant = Self::new(platform);
        participant.reports(ACQUIRE, Report::Acquired);
        participant
    }

    /// It has a shared lock.
    #[track_caller]
    pub(crate) fn sharing(platform: Platform) -> Self {
        let mut participant = Self::new(platform);
        participant.reports(SHARE, Report::Shared { slot: None });
        participant
    }

    /// Another process has made that, and locked it so.
    pub(crate) fn there(&mut self, name: Name, locked: Option<Mode>) -> &mut Self {
        self.put(name, SeeResult::LockFile, locked)
    }

    /// Something else has that name.
    pub(crate) fn put(&mut self, name: Name, seen: SeeResult, locked: Option<Mode>) -> &mut Self {
        let id = u32::try_from(self.files.len()).expect("few");
        self.files.insert(id, File { id, seen, locked });
        self.names.insert(name, id);
        self
    }

    /// Others have it locked so, from here on.
    #[track_caller]
    pub(crate) fn set_locked(&mut self, name: Name, locked: Option<Mode>) -> &mut Self {
        let id = self.names[&name];
        self.files.get_mut(&id).expect("it is there").locked = locked;
        self
    }

    /// Another process removes it.
    pub(crate) fn gone(&mut self, name: Name) -> &mut Self {
        self.names.remove(&name);
        self
    }

    pub(crate) fn is_there(&self, name: Name) -> bool {
        self.names.contains_key(&name)
    }

    /// A call comes to this once.
    pub(crate) fn instead(&mut self, call: Call, result: impl Into<CallResult>) -> &mut Self {
        self.instead.push((call, result.into()));
        self
    }

    fn perform(&mut self, call: Call) -> CallResult {
        if let Some(at) = self.instead.iter().position(|(other, _)| *other == call) {
            let result = self.instead.remove(at).1;
            if let Call::Close(role) = call {
                self.places.remove(&role);
            }
            return result;
        }
        match call {
            Call::Open(role, name) => match self.names.get(&name) {
                Some(id) => {
                    assert!(self.places.insert(role, *id).is_none(), "{role:?} is full");
                    OpenResult::Opened.into()
                }
                None => OpenResult::Missing.into(),
            },
            Call::Make(role, name) => {
                if self.is_there(name) {
                    return MakeResult::Exists.into();
                }
                self.there(name, None);
                assert!(self.places.insert(role, self.names[&name]).is_none(), "{role:?} is full");
                MakeResult::Made.into()
            }
            Call::See(role) => self.files[&self.places[&role]].seen.into(),
            Call::Lock(role, mode) => match (mode, self.files[&self.places[&role]].locked) {
                (_, None) | (Mode::Shared, Some(Mode::Shared)) => FlockResult::Locked.into(),
                (Mode::Shared | Mode::Exclusive, Some(_)) => FlockResult::Busy.into(),
            },
            Call::Compare(role, name) => {
                let is_same = self.names.get(&name) == self.places.get(&role);
                if is_same { AnswerResult::Yes } else { AnswerResult::No }.into()
            }
            Call::Unlink(name) => match self.names.remove(&name) {
                Some(_) => UnlinkResult::Removed.into(),
                None => UnlinkResult::Missing.into(),
            },
            Call::WasTouched => AnswerResult::No.into(),
            Call::Watch => {
                assert!(self.places.insert(Role::Watch, u32::MAX).is_none(), "it watches already");
                AnswerResult::Yes.into()
            }
            Call::Close(role) => {
                assert!(self.places.remove(&role).is_some(), "{role:?} is empty");
                DoneResult::Done.into()
            }
            Call::SetMode(role) | Call::Unlock(role) => {
                assert!(self.places.contains_key(&role), "{role:?} is empty");
                DoneResult::Done.into()
            }
            Call::Record | Call::Touch => {
                assert!(self.places.contains_key(&Role::Turn), "it has no file");
                DoneResult::Done.into()
            }
        }
    }

    /// Tells the machine an event, and makes all calls that follow.
    #[track_caller]
    pub(crate) fn tell(&mut self, event: Event) -> Step {
        self.calls.clear();
        let mut event = event;
        loop {
            let step = self.machine.handle(event).expect("a legal event");
            let Step::Call(call) = step else {
                assert!(self.instead.is_empty(), "not asked for: {:?}, but {:?}", self.instead, self.calls);
                return step;
            };
            self.calls.push(call);
            event = Event::Result(self.perform(call));
        }
    }

    /// Such an event makes it wait for that.
    #[track_caller]
    pub(crate) fn waits(&mut self, event: Event, wait: Wait) -> &mut Self {
        assert_eq!(self.tell(event), Step::Wait(wait), "{:?}", self.calls);
        self
    }

    /// Such an event makes it report that; what it has then is all that is open.
    #[track_caller]
    pub(crate) fn reports(&mut self, event: Event, report: Report) -> &mut Self {
        assert_eq!(self.tell(event), Step::Report(report, Wait::default()), "{:?}", self.calls);
        let open = match report {
            Report::Acquired | Report::NotDowngraded(_) => vec![Role::Turn],
            Report::Shared { .. } => vec![Role::Share],
            _ => vec![],
        };
        assert!(self.places.keys().eq(&open), "open: {:?}, and not {open:?}", self.places);
        assert_eq!(self.machine.is_finished(), open.is_empty());
        assert_eq!(self.machine.is_held(), !open.is_empty());
        assert_eq!(self.machine.is_shared(), open == [Role::Share]);
        self
    }

    /// These were all its calls since then.
    #[track_caller]
    pub(crate) fn did(&mut self, calls: &[Call]) -> &mut Self {
        assert_eq!(self.calls, calls);
        self
    }

    #[track_caller]
    pub(crate) fn did_not(&mut self, call: Call) -> &mut Self {
        assert!(!self.calls.contains(&call), "{:?}", self.calls);
        self
    }
}
