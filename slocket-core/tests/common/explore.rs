//! Every machine that can be reached, by every result of every call, every notice and every request.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::mem::{Discriminant, discriminant};
use std::num::NonZeroU16;

use slocket_core::{
    Call, CallResult, Event, Hints, Machine, Misfit, Misuse, Name, Notice, Occupied, OpenResult, Platform, Policy,
    Request, Role, Share, Source, Stale, StatResult, Step, Timer, Wait,
};

use crate::common::answers::{answers, one_of_each_type};
use crate::common::ledger::{Budget, Ledger, roles};

/// Where an exploration begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) platform: Platform,
    pub(crate) hints: Hints,
    pub(crate) request: Request,
    /// Whether there are shares; then the world is tame, except for them: each call has one of
    /// its likeliest results.
    pub(crate) shares: bool,
}

/// What was explored.
#[derive(Debug, Default)]
pub(crate) struct Explored {
    /// Machines with their ledgers.
    pub(crate) states: usize,
    /// Legal events, and misuses, which are not steps.
    pub(crate) steps: usize,
    pub(crate) misuses: usize,
    /// The most calls from one wait to the next.
    pub(crate) longest: usize,
    /// How many machines were met that hold the lock, are in the background, or have finished.
    pub(crate) held: usize,
    pub(crate) background: usize,
    pub(crate) finished: usize,
    /// Which calls were asked for.
    pub(crate) calls: HashSet<Discriminant<Call>>,
}

/// How much may come before the next wait.
pub(crate) const BUDGET: Budget = Budget { names: 1, guests: 2, messages: 2, bad_luck: 1 };

/// As much as may ever come.
pub(crate) const PLENTY: Budget = Budget { names: u16::MAX, guests: u16::MAX, messages: u16::MAX, bad_luck: u16::MAX };

/// The policy about stale sockets; a file that is not a socket is waited for.
pub(crate) const fn policy(stale: Stale) -> Policy {
    Policy { stale, occupied: Occupied::Wait }
}

/// One slot, or two.
pub(crate) const fn slots(count: u16) -> Share {
    match NonZeroU16::new(count) {
        Some(count) => Share::SlotOf(count),
        None => Share::Unlimited,
    }
}

pub(crate) const REQUESTS: [Request; 16] = [
    Request::Acquire(policy(Stale::Wait)),
    Request::Acquire(policy(Stale::Fail)),
    Request::Acquire(policy(Stale::Reclaim)),
    Request::Try(policy(Stale::Wait)),
    Request::Try(policy(Stale::Fail)),
    Request::Try(policy(Stale::Reclaim)),
    Request::Look,
    Request::Inspect,
    Request::Release,
    Request::Cancel,
    Request::Dismiss,
    Request::Cut,
    Request::Share(policy(Stale::Wait), Share::Unlimited),
    Request::Share(policy(Stale::Wait), slots(2)),
    Request::TryShare(policy(Stale::Wait), slots(1)),
    Request::Downgrade,
];

pub(crate) const NOTICES: [Notice; 8] = [
    Notice::Readable,
    Notice::FsChange,
    Notice::TimerFired(Timer::Deadline),
    Notice::TimerFired(Timer::Retry),
    Notice::TimerFired(Timer::Recheck),
    Notice::TimerFired(Timer::Stale),
    Notice::TimerFired(Timer::Try),
    Notice::HungUp,
];

/// A machine, and what its driver knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) machine: Machine,
    pub(crate) ledger: Ledger,
}

impl Node {
    pub(crate) fn new(start: Start, budget: Budget) -> Self {
        Self { machine: Machine::new(start.platform, start.hints), ledger: Ledger::new(start.platform, budget) }
    }

    /// Tells the machine a legal event; `None` if it is a misuse. What is checked here holds of every step.
    pub(crate) fn tell(self, event: Event, budget: Budget) -> Result<Option<(Self, Step)>, String> {
        let Self { mut machine, mut ledger } = self;
        let asked = machine.asked();
        let waited = machine.wait();
        let told = machine.handle(event);
        if let Event::Result(result) = &event {
            let mut other = self.machine;
            let answered = other.answer(result).map_err(|Misfit| Misuse { asked, event });
            if (answered, other) != (told, machine) {
                return Err("it makes a difference how a result is told".into());
            }
        }
        let step = match told {
            Ok(step) => step,
            Err(misuse) if misuse == (Misuse { asked, event }) && machine == self.machine => return Ok(None),
            Err(misuse) => {
                return Err(format!("a misuse that has changed something, or tells the wrong thing: {misuse}"));
            }
        };
        match (event, asked) {
            (Event::Result(result), Some(call)) => ledger.answered(call, result),
            (Event::Result(_), None) => return Err("a result is taken that was not asked for".into()),
            (_, Some(_)) => return Err("something is taken while a call is asked for".into()),
            (Event::Request(request), None) => ledger.request(request)?,
            (Event::Notice(notice), None) if machine == self.machine => {
                if step != Step::Wait(waited) {
                    return Err(format!("{notice:?} is ignored, and not waited on"));
                }
            }
            (Event::Notice(notice), None) => {
                if !matters(notice, waited, &machine) {
                    return Err(format!("{notice:?} matters, and was not waited for: {waited:?}"));
                }
                ledger.notice(notice);
            }
        }
        match step {
            Step::Call(call) => ledger.asks(call)?,
            Step::Wait(wait) => ledger.waits(wait, machine.is_finished(), budget)?,
            Step::Report(report, wait) => {
                ledger.reports(report)?;
                ledger.waits(wait, machine.is_finished(), budget)?;
            }
        }
        let node = Self { machine, ledger };
        node.agrees(step)?;
        Ok(Some((node, step)))
    }

    /// The machine says of itself what its driver knows.
    fn agrees(&self, step: Step) -> Result<(), String> {
        let Self { machine, ledger } = self;
        if let Some(role) = roles().into_iter().find(|role| machine.has(*role) != ledger.is_full(*role)) {
            return Err(format!("whether {role:?} is full is not known: {}", machine.has(role)));
        }
        let (call, wait) = match step {
            Step::Call(call) => (Some(call), Wait::default()),
            Step::Wait(wait) | Step::Report(_, wait) => (None, wait),
        };
        if machine.asked() != call || machine.wait() != wait {
            return Err("what is asked for, or waited for, is told wrong".into());
        }
        ledger.agrees(machine.is_held(), machine.is_background(), machine.is_finished())?;
        let source = match wait.source {
            Some(Source::Connection) => Some(Role::Connection),
            Some(Source::Guest) => Some(Role::Guest),
            Some(Source::Look) => Some(Role::Look),
            Some(Source::Slots) => Some(Role::Slots),
            Some(Source::Path) | None => None,
        };
        if source.is_some_and(|role| !machine.has(role)) {
            return Err("what is waited for is not open".into());
        }
        Ok(())
    }
}

/// Whether a notice may matter to one that waits so.
fn matters(notice: Notice, waited: Wait, after: &Machine) -> bool {
    match notice {
        Notice::Readable => matches!(waited.source, Some(Source::Connection | Source::Guest)),
        Notice::FsChange => waited.source == Some(Source::Path),
        Notice::HungUp => matches!(waited.source, Some(Source::Look | Source::Slots)),
        // Not where nothing is waited for: an attempt that waits names something.
        Notice::TimerFired(Timer::Deadline) => waited != Wait::default() && !after.is_held(),
        Notice::TimerFired(Timer::Retry) => waited.retry.is_some(),
        Notice::TimerFired(Timer::Recheck) => waited.recheck,
        Notice::TimerFired(Timer::Stale) => waited.stale || waited.source == Some(Source::Path),
        Notice::TimerFired(Timer::Try) => waited.hasty,
    }
}

/// The events that can come next. (What is a misuse is among them.)
fn events(node: &Node, start: Start) -> Vec<Event> {
    match node.machine.asked() {
        Some(call) => {
            let likely = match call {
                _ if !start.shares || is_about_shares(call) => usize::MAX,
                // (A new socket is the third.)
                Call::Stat(_) | Call::StatFile(_) => 3,
                _ => 2,
            };
            let answers = answers(call).into_iter().filter(|result| node.ledger.affords(call, *result)).take(likely);
            let is_met = |result: &CallResult| start.shares || !is_a_share(call, *result);
            answers.filter(is_met).map(Event::Result).collect()
        }
        None if node.machine.is_idle() => vec![Event::Request(start.request)],
        None => {
            let is_explored = |request: &Request| start.shares || *request != Request::Downgrade;
            let requests = REQUESTS.into_iter().filter(is_explored).map(Event::Request);
            requests.chain(NOTICES.into_iter().map(Event::Notice)).collect()
        }
    }
}

/// Whether a call is about shares, or tells whether the lock is passed on.
const fn is_about_shares(call: Call) -> bool {
    matches!(
        call,
        Call::MakeFifo(_)
            | Call::OpenFifo(..)
            | Call::SeeFifo(_)
            | Call::Read(_)
            | Call::Receive
            | Call::FileSystem
            | Call::Stat(Name::Shared | Name::Slot(_))
            | Call::Unlink(Name::Shared | Name::Slot(_))
    )
}

/// Whether a call has met a share.
fn is_a_share(call: Call, result: CallResult) -> bool {
    matches!(
        (call, result),
        (Call::OpenFifo(..), CallResult::OpenResult(OpenResult::Opened))
            | (Call::Stat(Name::Shared | Name::Slot(_)), CallResult::StatResult(StatResult::Found(_)))
    )
}

/// The events that are a misuse wherever they come.
fn misuses(asked: Option<Call>) -> Vec<Event> {
    let wrong = one_of_each_type()
        .into_iter()
        .filter(|result| asked.is_none_or(|call| discriminant(result) != discriminant(&answers(call)[0])));
    let wrong = wrong.map(Event::Result);
    match asked {
        Some(_) => {
            let requests = REQUESTS[6..].iter().map(|request| Event::Request(*request));
            wrong.chain(requests).chain(NOTICES[..3].iter().map(|notice| Event::Notice(*notice))).collect()
        }
        None => wrong.collect(),
    }
}

/// Explores all that can be reached.
///
/// # Panics
/// If a rule is broken, with the way there.
pub(crate) fn explore(start: Start) -> Explored {
    let first = Node::new(start, BUDGET);
    let mut known = HashMap::from([(fingerprint(&first), 0_u32)]);
    let mut parents: Vec<(u32, u8)> = vec![(0, 0)];
    // From a call to the next.
    let mut edges: Vec<(u32, u32)> = Vec::new();
    let mut explored = Explored::default();
    let mut left = vec![(0_u32, first)];
    while let Some((at, node)) = left.pop() {
        let asked = node.machine.asked();
        match asked {
            Some(call) => {
                explored.calls.insert(discriminant(&call));
            }
            None => {
                explored.held += usize::from(node.machine.is_held());
                explored.background += usize::from(node.machine.is_background());
                explored.finished += usize::from(node.machine.is_finished());
            }
        }
        for event in misuses(asked) {
            explored.misuses += 1;
            let mut machine = node.machine;
            let mut is_refused = machine.handle(event) == Err(Misuse { asked, event });
            if let Event::Result(result) = &event {
                is_refused &= machine.answer(result) == Err(Misfit);
            }
            if !is_refused || machine != node.machine {
                fail(start, &parents, at, event, "this is a misuse, and changes nothing");
            }
        }
        // (Longer pauses differ in nothing else; how they grow is told in backoff.rs.)
        if node.machine.wait().retry.is_some_and(|level| level > 2) {
            continue;
        }
        for (index, event) in events(&node, start).into_iter().enumerate() {
            explored.steps += 1;
            match node.tell(event, BUDGET) {
                Err(rule) => fail(start, &parents, at, event, &rule),
                Ok(None) if matches!(event, Event::Request(_)) => explored.misuses += 1,
                Ok(None) => fail(start, &parents, at, event, "what can happen is called a misuse"),
                Ok(Some((after, _))) => {
                    let next = u32::try_from(parents.len()).expect("fewer states than that");
                    let to = *known.entry(fingerprint(&after)).or_insert(next);
                    if to == next {
                        parents.push((at, u8::try_from(index).expect("fewer events than that")));
                        left.push((to, after));
                    }
                    if asked.is_some() && after.machine.asked().is_some() {
                        edges.push((at, to));
                    }
                }
            }
        }
    }
    explored.states = parents.len();
    explored.longest = longest(&edges, parents.len()).unwrap_or_else(|at| {
        panic!("a busy loop, from {:#?}", way(start, &parents, at));
    });
    explored
}

/// What a walk came to.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) steps: usize,
    /// The most calls from one wait to the next.
    pub(crate) longest: usize,
    pub(crate) has_finished: bool,
}

/// Goes one way at random, in a world from which as much may come as likes to.
///
/// # Panics
/// If a rule is broken, with the way there.
pub(crate) fn at_random(start: Start, seed: u64, most: usize) -> Walk {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // (splitmix64)
    let mut random = |below: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((word ^ (word >> 31)) % below as u64).expect("less than that")
    };
    let mut node = Node::new(start, PLENTY);
    let mut walk = Walk::default();
    let (mut said, mut calls) = (Vec::new(), 0);
    while walk.steps < most && !node.machine.is_finished() {
        let events = events(&node, start);
        // Each walk has a world of its own: mostly a call has the same result there, whenever it is made.
        let usual = node.machine.asked().map(|call| fingerprint(&(seed, discriminant(&call))));
        let event = match usual {
            // (The first is the likeliest.)
            Some(usual) if random(16) != 0 && usual % 4 != 0 => events[0],
            Some(usual) if random(16) != 0 => events[usize::try_from((usual / 4) % events.len() as u64).expect("less")],
            Some(_) | None => events[random(events.len())],
        };
        said.push(event);
        match node.tell(event, PLENTY) {
            Err(rule) => panic!("{rule}: after {start:?}\n{said:#?}"),
            Ok(None) if matches!(event, Event::Request(_)) => {}
            Ok(None) => panic!("what can happen is called a misuse: after {start:?}\n{said:#?}"),
            Ok(Some((after, step))) => {
                calls = if matches!(step, Step::Call(_)) { calls + 1 } else { 0 };
                walk.longest = walk.longest.max(calls);
                walk.steps += 1;
                node = after;
            }
        }
    }
    walk.has_finished = node.machine.is_finished();
    walk
}

fn fingerprint(value: &impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

/// The longest way along these edges; or a node on a cycle.
fn longest(edges: &[(u32, u32)], count: usize) -> Result<usize, u32> {
    let (mut incoming, mut outgoing) = (vec![0_u32; count], vec![0_u32; count + 1]);
    for (from, to) in edges {
        incoming[*to as usize] += 1;
        outgoing[*from as usize + 1] += 1;
    }
    for at in 0..count {
        outgoing[at + 1] += outgoing[at];
    }
    let mut sorted = vec![0_u32; edges.len()];
    let mut filled = outgoing.clone();
    for (from, to) in edges {
        sorted[filled[*from as usize] as usize] = *to;
        filled[*from as usize] += 1;
    }
    let mut length = vec![1_usize; count];
    let mut ready: Vec<usize> = (0..count).filter(|at| incoming[*at] == 0).collect();
    while let Some(at) = ready.pop() {
        for to in &sorted[outgoing[at] as usize..outgoing[at + 1] as usize] {
            let to = *to as usize;
            length[to] = length[to].max(length[at] + 1);
            incoming[to] -= 1;
            if incoming[to] == 0 {
                ready.push(to);
            }
        }
    }
    match incoming.iter().position(|count| *count > 0) {
        Some(at) => Err(u32::try_from(at).expect("fewer states than that")),
        None => Ok(length.into_iter().max().unwrap_or(0)),
    }
}

/// The steps that lead to a state.
fn way(start: Start, parents: &[(u32, u8)], mut at: u32) -> Vec<String> {
    let mut indexes = Vec::new();
    while at != 0 {
        let (parent, index) = parents[at as usize];
        indexes.push(index);
        at = parent;
    }
    let mut node = Node::new(start, BUDGET);
    let mut lines = Vec::new();
    for index in indexes.into_iter().rev() {
        let event = events(&node, start)[usize::from(index)];
        let (after, step) = node.tell(event, BUDGET).expect("it was before").expect("it was before");
        lines.push(format!("{event:?} -> {step:?}"));
        node = after;
    }
    lines.push(format!("{node:?}"));
    lines
}

fn fail(start: Start, parents: &[(u32, u8)], at: u32, event: Event, rule: &str) -> ! {
    panic!("{rule}: {event:?}, after {start:?}\n{}", way(start, parents, at).join("\n"));
}

/// Pairs of machines that can be reached, differ, and behave alike for ever, for drivers that know the same.
pub(crate) fn alike(start: Start) -> (usize, Vec<(Machine, Machine)>) {
    let first = Node::new(start, BUDGET);
    let mut known = HashMap::from([(first, 0_usize)]);
    let mut nodes = vec![first];
    let mut steps: Vec<Vec<(Step, usize)>> = Vec::new();
    while let Some(node) = nodes.get(steps.len()).copied() {
        let mut from_here = Vec::new();
        for event in events(&node, start) {
            if let Ok(Some((after, step))) = node.tell(event, BUDGET) {
                let next = nodes.len();
                let to = *known.entry(after).or_insert(next);
                if to == next {
                    nodes.push(after);
                }
                from_here.push((step, to));
            }
        }
        steps.push(from_here);
    }
    let seen =
        |machine: &Machine| (machine.inode(), machine.hints(), machine.server_hands_over(), machine.is_dismissed());
    let mut class: Vec<u64> = nodes.iter().map(|node| fingerprint(&(node.ledger, seen(&node.machine)))).collect();
    let mut count = 0;
    loop {
        let next = steps.iter().zip(&class).map(|(steps, class_here)| {
            let after: Vec<_> = steps.iter().map(|(step, to)| (*step, class[*to])).collect();
            fingerprint(&(*class_here, after))
        });
        class = next.collect();
        let classes = class.iter().collect::<HashSet<_>>().len();
        if classes == count {
            break;
        }
        count = classes;
    }
    let mut by_class: HashMap<u64, Machine> = HashMap::new();
    let at_rest = nodes.iter().zip(&class).filter(|(node, _)| node.machine.asked().is_none());
    let pairs = at_rest.filter_map(|(node, class)| {
        let other = *by_class.entry(*class).or_insert(node.machine);
        (other != node.machine).then_some((other, node.machine))
    });
    let pairs = pairs.collect();
    (nodes.len(), pairs)
}
