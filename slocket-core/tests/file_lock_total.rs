//! Every pair of a machine that can be reached and an event is defined, and no step breaks a rule of the ledger, whatever the calls come
//! to: of the lock that is a locked file.

mod files;

use std::collections::{HashMap, HashSet};
use std::mem::discriminant;

use files::*;

/// What the calls have come to, and nothing of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Ledger {
    turn: Place,
    look: Place,
    share: Place,
    watches: bool,
    /// The turn was compared since it was locked, and has the name.
    is_compared: bool,
    /// The same, in the call before: the path may be removed.
    may_unlink: bool,
    /// A request is not reported on yet.
    is_asked: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Place {
    #[default]
    Empty,
    Open,
    Locked,
}

impl Ledger {
    fn place(&mut self, role: Role) -> &mut Place {
        match role {
            Role::Turn => &mut self.turn,
            Role::Look => &mut self.look,
            Role::Share => &mut self.share,
            Role::Watch => unreachable!("it is not a file"),
        }
    }

    /// The rules of a call.
    fn asks(&mut self, call: Call, platform: Platform) {
        let has_turn = self.turn == Place::Locked && self.is_compared;
        match call {
            Call::Open(role, name) | Call::Make(role, name) => {
                assert_eq!(*self.place(role), Place::Empty, "{call:?}");
                assert_eq!(role == Role::Turn, name == Name::Lock, "{call:?}");
                assert!(role == Role::Turn || has_turn, "only a process with the turn looks at shares: {call:?}");
            }
            Call::SetMode(role) | Call::See(role) | Call::Compare(role, _) | Call::Unlock(role) => {
                assert_ne!(*self.place(role), Place::Empty, "{call:?}");
            }
            Call::Lock(role, _) => {
                assert_eq!(*self.place(role), Place::Open, "{call:?}");
                assert!(role == Role::Turn || has_turn, "{call:?}");
            }
            Call::Record => assert!(has_turn, "the record names the process with the turn"),
            Call::Touch | Call::WasTouched => assert_ne!(self.turn, Place::Empty, "{call:?}"),
            Call::Unlink(Name::Lock) => assert!(self.may_unlink && platform.removes, "compared just now"),
            Call::Unlink(_) => assert!(has_turn && platform.removes && self.look == Place::Empty, "{call:?}"),
            Call::Watch => assert!(!self.watches),
            Call::Close(Role::Watch) => assert!(self.watches),
            Call::Close(role) => assert_ne!(*self.place(role), Place::Empty, "{call:?}"),
        }
    }

    fn answered(&mut self, call: Call, result: CallResult) {
        self.may_unlink = false;
        match (call, result) {
            (Call::Open(role, _), CallResult::OpenResult(OpenResult::Opened))
            | (Call::Make(role, _), CallResult::MakeResult(MakeResult::Made)) => *self.place(role) = Place::Open,
            (Call::Lock(role, _), CallResult::FlockResult(FlockResult::Locked)) => *self.place(role) = Place::Locked,
            (Call::Unlock(role), _) => *self.place(role) = Place::Open,
            (Call::Compare(..), _) => {
                self.is_compared = result == AnswerResult::Yes.into();
                self.may_unlink = self.is_compared && self.turn == Place::Locked;
            }
            (Call::Unlink(Name::Lock), CallResult::UnlinkResult(UnlinkResult::Removed | UnlinkResult::Missing)) => {
                self.is_compared = false;
            }
            (Call::Watch, CallResult::AnswerResult(AnswerResult::Yes)) => self.watches = true,
            (Call::Close(Role::Watch), _) => self.watches = false,
            (Call::Close(role), _) => {
                *self.place(role) = Place::Empty;
                if role == Role::Turn {
                    self.is_compared = false;
                }
            }
            _ => {}
        }
    }

    /// What may be open at a rest.
    fn rests(&self, machine: &Machine) {
        let is_open = |place: Place, role| {
            assert_eq!(place != Place::Empty, machine.has(role), "{role:?}");
            place != Place::Empty
        };
        let open = (is_open(self.turn, Role::Turn), is_open(self.look, Role::Look), is_open(self.share, Role::Share));
        assert_eq!(self.watches, machine.has(Role::Watch));
        match () {
            () if machine.is_shared() => {
                assert_eq!((open, self.share, self.watches), ((false, false, true), Place::Locked, false));
            }
            () if machine.is_held() => {
                assert_eq!((open, self.turn, self.watches), ((true, false, false), Place::Locked, false));
                assert!(self.is_compared);
            }
            () if machine.is_finished() => assert_eq!((open, self.watches), ((false, false, false), false)),
            () => assert_eq!(machine.wait().retry.is_some(), self.is_asked, "it waits, or nothing was asked"),
        }
        assert_eq!(self.is_asked, machine.wait().retry.is_some(), "each request is reported on");
    }

    fn told(&mut self) {
        assert!(self.is_asked, "no request is reported on twice");
        self.is_asked = false;
    }
}

/// All that a call can come to. There are two slots; what stands for a name beyond is missing.
fn answers(call: Call) -> Vec<CallResult> {
    let failed = call.failed(ERRNO);
    let more: &[CallResult] = match call {
        Call::Open(_, Name::Slot(2..)) => &[CallResult::OpenResult(OpenResult::Missing)],
        Call::Open(..) => &[
            CallResult::OpenResult(OpenResult::Opened),
            CallResult::OpenResult(OpenResult::Missing),
            CallResult::OpenResult(OpenResult::NotAFile),
        ],
        Call::Make(..) => &[CallResult::MakeResult(MakeResult::Made), CallResult::MakeResult(MakeResult::Exists)],
        Call::See(_) => &[
            CallResult::SeeResult(SeeResult::LockFile),
            CallResult::SeeResult(SeeResult::Untrusted),
            CallResult::SeeResult(SeeResult::Other),
        ],
        Call::Lock(..) => &[CallResult::FlockResult(FlockResult::Locked), CallResult::FlockResult(FlockResult::Busy)],
        Call::Compare(..) | Call::WasTouched | Call::Watch => {
            &[CallResult::AnswerResult(AnswerResult::Yes), CallResult::AnswerResult(AnswerResult::No)]
        }
        Call::Unlink(_) => &[
            CallResult::UnlinkResult(UnlinkResult::Removed),
            CallResult::UnlinkResult(UnlinkResult::Missing),
            CallResult::UnlinkResult(UnlinkResult::Denied(ERRNO)),
        ],
        Call::SetMode(_) | Call::Unlock(_) | Call::Record | Call::Touch | Call::Close(_) => {
            &[CallResult::DoneResult(DoneResult::Done)]
        }
    };
    more.iter().copied().chain([failed]).collect()
}

/// One result of each type.
const RESULTS: [CallResult; 7] = [
    CallResult::DoneResult(DoneResult::Done),
    CallResult::OpenResult(OpenResult::Missing),
    CallResult::MakeResult(MakeResult::Exists),
    CallResult::SeeResult(SeeResult::Other),
    CallResult::FlockResult(FlockResult::Busy),
    CallResult::AnswerResult(AnswerResult::No),
    CallResult::UnlinkResult(UnlinkResult::Missing),
];

/// Every request and every notice.
fn events() -> Vec<Event> {
    let requests = [ACQUIRE, ACQUIRE_OR_FAIL, TRY, SHARE, TRY_SHARE, SLOT, TRY_SLOT, LOOK, DOWNGRADE, RELEASE, CANCEL];
    let more = [Request::Inspect, Request::Dismiss, Request::Cut].map(Event::Request);
    let timers = [Timer::Deadline, Timer::Retry, Timer::Recheck, Timer::Stale, Timer::Try].map(Notice::TimerFired);
    let notices = [Notice::Readable, Notice::FsChange, Notice::HungUp].into_iter().chain(timers).map(Event::Notice);
    requests.into_iter().chain(more).chain(notices).collect()
}

/// What is explored of one platform.
struct Explored {
    states: usize,
    steps: usize,
    misuses: usize,
    calls: HashSet<std::mem::Discriminant<Call>>,
    longest: usize,
}

fn explore(platform: Platform) -> Explored {
    let begin = (Machine::new(platform), Ledger::default());
    let mut numbers = HashMap::from([(begin, 0_usize)]);
    let mut todo = vec![begin];
    // From which state a call leads to which.
    let mut made: Vec<(usize, usize)> = Vec::new();
    let (mut steps, mut misuses) = (0, 0);
    let mut calls = HashSet::new();
    while let Some((machine, ledger)) = todo.pop() {
        let from = numbers[&(machine, ledger)];
        let legal: Vec<CallResult> = machine.asked().map(answers).unwrap_or_default();
        let results =
            RESULTS.iter().filter(|result| !legal.iter().any(|legal| discriminant(legal) == discriminant(*result)));
        let events: Vec<Event> = results.chain(&legal).map(|result| Event::Result(*result)).chain(events()).collect();
        for event in events {
            let (mut next, mut told) = (machine, ledger);
            let step = match next.handle(event) {
                Ok(step) => step,
                Err(misuse) => {
                    assert_eq!(misuse, Misuse { asked: machine.asked(), event });
                    assert_eq!(next, machine, "a misuse changes nothing");
                    let is_legal = |result| legal.contains(&result);
                    assert!(!matches!(event, Event::Result(result) if is_legal(result)), "{machine:?} {event:?}");
                    assert!(!matches!(event, Event::Notice(_)) || machine.asked().is_some(), "{machine:?} {event:?}");
                    misuses += 1;
                    continue;
                }
            };
            steps += 1;
            match (event, machine.asked()) {
                (Event::Result(result), Some(call)) => told.answered(call, result),
                // (What is asked where nothing is to be ended comes to nothing.)
                (Event::Request(_), None) => told.is_asked = !matches!(step, Step::Wait(_)),
                (Event::Notice(_), None) => {}
                (Event::Result(_), None) | (Event::Request(_) | Event::Notice(_), Some(_)) => {
                    panic!("{machine:?} takes {event:?}")
                }
            }
            match step {
                Step::Call(call) => {
                    assert_eq!(next.asked(), Some(call));
                    calls.insert(discriminant(&call));
                    told.asks(call, platform);
                }
                Step::Wait(wait) => {
                    assert_eq!(wait, next.wait());
                    told.rests(&next);
                }
                Step::Report(_, wait) => {
                    assert_eq!(wait, next.wait());
                    told.told();
                    told.rests(&next);
                }
            }
            let count = numbers.len();
            let to = *numbers.entry((next, told)).or_insert_with(|| {
                todo.push((next, told));
                count
            });
            if matches!(event, Event::Result(_)) {
                made.push((from, to));
            }
        }
    }
    Explored { states: numbers.len(), steps, misuses, calls, longest: longest(numbers.len(), &made) }
}

/// How many calls at most follow each other without a rest. They never go round in a circle.
fn longest(states: usize, made: &[(usize, usize)]) -> usize {
    let mut after = vec![Vec::new(); states];
    let mut before = vec![0_usize; states];
    for (from, to) in made {
        after[*from].push(*to);
        before[*to] += 1;
    }
    let mut longest = vec![0_usize; states];
    let mut todo: Vec<usize> = (0..states).filter(|state| before[*state] == 0).collect();
    let mut done = 0;
    while let Some(from) = todo.pop() {
        done += 1;
        for to in &after[from] {
            longest[*to] = longest[*to].max(longest[from] + 1);
            before[*to] -= 1;
            if before[*to] == 0 {
                todo.push(*to);
            }
        }
    }
    assert_eq!(done, states, "calls go round in a circle");
    longest.into_iter().max().unwrap_or_default()
}

#[test]
fn every_step_of_every_machine_keeps_the_rules() {
    let mut calls = HashSet::new();
    let mut states = 0;
    for platform in BOTH {
        let explored = explore(platform);
        println!(
            "{platform:?}: {} machines with their ledgers, {} steps, {} misuses, at most {} calls from one wait to the next",
            explored.states, explored.steps, explored.misuses, explored.longest
        );
        assert!(explored.longest < 250, "{}", explored.longest);
        states += explored.states;
        calls.extend(explored.calls);
    }
    assert!(states > 5_000, "{states}");
    assert_eq!(calls.len(), 13, "each call is asked for by some machine");
}

/// A model checker copies it again and again.
#[test]
fn a_machine_is_small() {
    let size = size_of::<Machine>();
    println!("{size} bytes");
    assert!(size <= 128, "{size}");
}
