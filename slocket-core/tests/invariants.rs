//! What holds on every path: invariants over all states that can be reached, whatever the events.

mod common;

use std::collections::{HashMap, HashSet};

use common::every::{Every, events};
use common::explore::{Step, explore, reachable};
use common::kinds::{Kind, Question, Waits, asked_by, kind, waits};
use slocket_core::{Accepted, Action, Event, Interest, Report, State, Timer, Wish, transition};

#[test]
fn there_are_many_states_and_each_kind_of_state_is_among_them() {
    let states = reachable();
    println!("{} states can be reached", states.len());
    assert!(states.len() > 50, "{}", states.len());
    let kinds = |states: &[State]| states.iter().map(std::mem::discriminant).collect::<HashSet<_>>();
    assert_eq!(kinds(&states), kinds(&State::every()));
}

#[test]
fn a_step_asks_at_most_once_and_asks_last() {
    let mut asked = 0;
    for step in all_steps(&reachable()) {
        let questions = step.actions.iter().filter(|action| asked_by(**action).is_some()).count();
        assert!(questions <= 1, "{step:?}");
        if questions == 1 {
            assert!(step.actions.last().is_some_and(|last| asked_by(*last).is_some()), "{step:?}");
        }
        asked += questions;
    }
    assert!(asked > 50, "{asked}");
}

/// The question that is open is the ledger.
#[test]
fn a_state_takes_the_answer_to_the_question_that_was_asked_and_no_other() {
    let explored = explore(None, |open: Option<Question>, step| {
        let answered = match kind(step.event) {
            Kind::Answer(question) if open != Some(question) => return Err("an answer that nobody asked for is taken"),
            Kind::Answer(_) => true,
            Kind::Request | Kind::Happening => false,
        };
        let asked = step.actions.iter().find_map(|action| asked_by(*action));
        match (open, asked) {
            (Some(_), Some(_)) if !answered => Err("a second question while one is open"),
            (_, Some(question)) => Ok(Some(question)),
            (_, None) if answered => Ok(None),
            (_, None) => Ok(open),
        }
    });
    let mut asking = 0;
    for (state, open) in explored.places {
        match waits(&state) {
            Waits::Answer(question) => {
                assert_eq!(open, Some(question), "{state:?}");
                for answer in answers_to(question) {
                    assert!(Step::take(state, answer).is_some(), "{state:?} does not take {answer:?}");
                }
                asking += 1;
            }
            Waits::Happening | Waits::Caller | Waits::Over => assert_eq!(open, None, "{state:?}"),
        }
    }
    assert!(asking > 50, "{asking}");
}

#[test]
fn close_comes_exactly_when_the_machine_finishes() {
    let mut closed = 0;
    for step in all_steps(&reachable()) {
        let finishes = step.before != State::Finished && step.after == State::Finished;
        assert_eq!(step.does(Action::Close), finishes, "{step:?}");
        closed += usize::from(finishes);
    }
    assert!(closed > 50, "{closed}");
}

/// The ledger: whether the caller waits to be told something.
#[test]
fn each_request_is_reported_on_exactly_once() {
    let explored = explore(false, |waiting, step| {
        let requested = match step.event {
            Event::Acquire(_) | Event::Try(_) | Event::Look | Event::Release => true,
            Event::Cancel => step.before.is_held(),
            _ => false,
        };
        if requested && waiting {
            return Err("a request while another is open");
        }
        let reports = step.actions.iter().filter(|action| matches!(action, Action::Report(_))).count();
        if reports > 0 && step.asks() {
            return Err("a report in a step that asks");
        }
        let goes_on = step.after.is_held() || step.after.is_background();
        if reports > 0 && step.does(Action::Close) == goes_on {
            return Err("a report to a caller who cannot know whether it is over");
        }
        let waiting = match (waiting || requested, reports) {
            (waiting, 0) => waiting,
            (true, 1) => false,
            (false, _) => return Err("a report without a request"),
            (true, _) => return Err("two reports"),
        };
        let rest = matches!(waits(&step.after), Waits::Caller | Waits::Over) || step.after.is_background();
        if rest && waiting { Err("a request without a report") } else { Ok(waiting) }
    });
    println!("{} states with their ledgers, {} steps", explored.places.len(), explored.steps);
}

/// The ledger: how the caller has given up an attempt, if it has.
#[test]
fn who_has_given_up_is_told_so_and_never_gets_the_lock() {
    explore(None, |stopped: Option<Event>, step| {
        let stops = matches!(step.event, Event::Cancel | Event::TimerFired(Timer::Deadline));
        let wants = matches!(
            step.before,
            State::Publishing(_)
                | State::Connecting(_)
                | State::Queued(_)
                | State::Inspecting(_)
                | State::ArmingWatch(_)
                | State::Watching(_)
                | State::Reclaiming(_)
                | State::PausingToPublish(_)
                | State::PausingToConnect(_)
        );
        let stopped = if stops && wants { Some(step.event) } else { stopped };
        if stopped.is_none() {
            return Ok(None);
        }
        if step.after.is_held() {
            return Err("the lock is held after the caller has given up");
        }
        for action in &step.actions {
            match action {
                Action::Report(Report::Cancelled | Report::TimedOut) => return Ok(None),
                Action::Report(_) => return Err("who has given up is told something else"),
                _ => (),
            }
        }
        Ok(stopped)
    });
}

#[test]
fn the_lock_is_reported_exactly_when_it_is_had() {
    for step in all_steps(&reachable()) {
        let had = !step.before.is_held() && step.after.is_held();
        assert_eq!(step.does(Action::Report(Report::Acquired)), had, "{step:?}");
        if step.before.is_held() {
            let asked = matches!(step.event, Event::Release | Event::Cancel);
            assert_eq!(step.after.is_held(), !asked, "{step:?}");
        }
    }
}

#[test]
fn who_looks_takes_nothing_and_who_tries_never_queues() {
    let (mut looks, mut tries) = (0, 0);
    for step in all_steps(&reachable()) {
        match attempt_wish(&step.before) {
            Some(Wish::Look) => {
                looks += 1;
                assert!(!step.does(Action::Publish) && !step.does(Action::Watch), "{step:?}");
                assert!(!step.actions.iter().any(|action| matches!(action, Action::Reclaim { .. })), "{step:?}");
            }
            Some(Wish::Try) => {
                tries += 1;
                assert!(!step.does(Action::Watch), "{step:?}");
                assert!(!step.actions.iter().any(|action| matches!(action, Action::Connect(_))), "{step:?}");
            }
            Some(Wish::Acquire) | None => (),
        }
    }
    assert!(looks > 25 && tries > 50, "{looks} {tries}");
}

#[test]
fn timers_are_armed_where_they_are_waited_for() {
    for step in all_steps(&reachable()) {
        let arms = |wanted: Timer| {
            step.actions.iter().any(|action| matches!(action, Action::Arm { timer, .. } if *timer == wanted))
        };
        assert!(!arms(Timer::Deadline), "{step:?}");
        let moved = step.before != step.after;
        let pauses = |state| matches!(state, State::PausingToPublish(_) | State::PausingToConnect(_));
        assert_eq!(arms(Timer::Retry), !pauses(step.before) && pauses(step.after), "{step:?}");
        assert!(!arms(Timer::Try) || attempt_wish(&step.before) == Some(Wish::Try), "{step:?}");
        assert_eq!(arms(Timer::Recheck), moved && matches!(step.after, State::Watching(_)), "{step:?}");
        for action in &step.actions {
            if let Action::Arm { level, .. } = action {
                assert!(*level <= 7, "{step:?}");
            }
        }
    }
}

/// So a driver loses nothing if it looks at a source only while the state is interested in it.
#[test]
fn a_happening_matters_only_to_who_is_interested_in_it() {
    let mut mattered = 0;
    for step in all_steps(&reachable()) {
        let matters = step.before != step.after || !step.actions.is_empty();
        let source = match step.event {
            Event::Received(..) | Event::Ended(_) => Interest::Connection,
            Event::LoanEnded => Interest::Loan,
            Event::PathChanged => Interest::Path,
            _ => continue,
        };
        if matters {
            assert_eq!(step.before.interest(), source, "{step:?}");
            mattered += 1;
        }
    }
    assert!(mattered > 50, "{mattered}");
}

#[test]
fn who_waits_for_a_happening_can_be_moved_by_one() {
    for state in reachable() {
        if waits(&state) == Waits::Happening {
            let moves = events().iter().any(|event| {
                kind(*event) == Kind::Happening
                    && *event != Event::TimerFired(Timer::Deadline)
                    && Step::take(state, *event).is_some_and(|step| step.after != state)
            });
            assert!(moves, "{state:?}");
        }
    }
}

/// A cycle of answers alone would be a busy loop. (Of who passes the lock on, see below.)
#[test]
fn who_wants_the_lock_pauses_or_waits_on_every_cycle() {
    let mut longest = HashMap::new();
    for state in reachable() {
        if attempt_wish(&state).is_some() {
            let follow = |step: &Step| attempt_wish(&step.after).is_some();
            assert!(answers_until_rest(state, &follow, &mut longest, &mut Vec::new()) < 40);
        }
    }
    println!("at most {} answers from one wait to the next", longest.values().max().expect("somebody wants the lock"));
}

/// Each round of accepting takes one out of the queue; with a queue that ends, every path of answers does.
#[test]
fn after_a_cancel_every_way_leads_to_the_end() {
    let (mut ways, mut known) = (0, HashMap::new());
    for state in reachable() {
        if state == State::Idle {
            continue;
        }
        let cancelled = Step::take(state, Event::Cancel).expect("a cancel is always legal").after;
        ways += ends(cancelled, 3, &mut known);
    }
    println!("{ways} ways to the end");
    assert!(ways > 50, "{ways}");
}

/// How many ways lead from here to the end, if `queue` peers at most can be accepted: by answers, and by what ends the
/// waiting of who runs in the background. Every way must lead there.
fn ends(state: State, queue: usize, known: &mut HashMap<(State, usize), usize>) -> usize {
    if let Some(ways) = known.get(&(state, queue)) {
        return *ways;
    }
    let events: Vec<Event> = match waits(&state) {
        Waits::Over => return 1,
        Waits::Answer(question) => answers_to(question).collect(),
        Waits::Happening => match state {
            State::Lent => vec![Event::LoanEnded],
            State::Lingering(connection) => vec![
                Event::Ended(connection),
                Event::Received(connection, slocket_core::Received::Loan),
                Event::Received(connection, slocket_core::Received::Listener),
            ],
            other => panic!("{other:?} still waits after a cancel"),
        },
        Waits::Caller => panic!("{state:?} still waits for its caller after a cancel"),
    };
    let mut ways = 0;
    for event in events {
        let one = usize::from(matches!(event, Event::Accepted(Accepted::Waiter | Accepted::Client | Accepted::Gone)));
        if queue >= one {
            let step = Step::take(state, event).expect("an answer to the question");
            assert!(step.after != state || one == 1, "{step:?} leads nowhere");
            ways += ends(step.after, queue - one, known);
        }
    }
    known.insert((state, queue), ways);
    ways
}

fn answers_to(question: Question) -> impl Iterator<Item = Event> {
    events().iter().copied().filter(move |event| kind(*event) == Kind::Answer(question))
}

/// So a model checker explores no state twice. (Refines a partition of the states until it is stable.)
#[test]
fn machines_that_behave_alike_are_equal() {
    let states = reachable();
    let number: HashMap<State, usize> = states.iter().enumerate().map(|(at, state)| (*state, at)).collect();
    let outcome = |state, event| transition(state, event).ok().map(|(after, actions)| (number[&after], actions));
    let outcomes: Vec<Vec<_>> =
        states.iter().map(|state| events().iter().map(|event| outcome(*state, *event)).collect()).collect();
    let (mut class, mut count) = (vec![0; states.len()], 1);
    loop {
        let mut classes = HashMap::new();
        let refined = outcomes.iter().map(|row| {
            let seen: Vec<_> = row.iter().map(|step| step.map(|(after, actions)| (class[after], actions))).collect();
            let next = classes.len();
            *classes.entry(seen).or_insert(next)
        });
        class = refined.collect();
        if classes.len() == count {
            break;
        }
        count = classes.len();
    }
    let mut first = vec![None; count];
    for (state, class) in states.iter().zip(&class) {
        if let Some(other) = first[*class].replace(state) {
            panic!("these behave alike:\n  {other:?}\n  {state:?}");
        }
    }
    assert_eq!(count, states.len());
}

/// The longest path of answers that `follow` allows; panics if there is none that is longest.
fn answers_until_rest(
    state: State,
    follow: &impl Fn(&Step) -> bool,
    known: &mut HashMap<State, usize>,
    path: &mut Vec<State>,
) -> usize {
    if let Some(length) = known.get(&state) {
        return *length;
    }
    assert!(!path.contains(&state), "a busy loop: {path:#?}");
    let Waits::Answer(question) = waits(&state) else { return 0 };
    path.push(state);
    let longest = answers_to(question)
        .filter_map(|event| Step::take(state, event))
        .filter(|step| follow(step))
        .map(|step| 1 + answers_until_rest(step.after, follow, known, path))
        .max()
        .unwrap_or(0);
    path.pop();
    known.insert(state, longest);
    longest
}

/// What who is at it wants.
fn attempt_wish(state: &State) -> Option<Wish> {
    match state {
        State::Publishing(attempt)
        | State::Connecting(attempt)
        | State::Queued(attempt)
        | State::Inspecting(attempt)
        | State::ArmingWatch(attempt)
        | State::Watching(attempt)
        | State::Reclaiming(attempt)
        | State::PausingToPublish(attempt)
        | State::PausingToConnect(attempt) => Some(attempt.wish),
        _ => None,
    }
}

/// Every step from these states.
fn all_steps(states: &[State]) -> impl Iterator<Item = Step> {
    states.iter().flat_map(|state| events().iter().filter_map(|event| Step::take(*state, *event)))
}
