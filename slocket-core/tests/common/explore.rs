//! Every state that can be reached, breadth first, with a ledger that is kept along the way.

use std::collections::HashSet;
use std::fmt::{Debug, Write};
use std::hash::Hash;

use slocket_core::{Action, Event, State, transition};

use super::every::events;
use super::kinds::asked_by;

/// One step that the machine has taken.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) before: State,
    pub(crate) event: Event,
    pub(crate) actions: Vec<Action>,
    pub(crate) after: State,
}

impl Step {
    /// Takes a step, unless the event does not belong in the state.
    pub(crate) fn take(before: State, event: Event) -> Option<Self> {
        let (after, actions) = transition(before, event).ok()?;
        Some(Self { before, event, actions: actions.into_iter().collect(), after })
    }

    pub(crate) fn does(&self, action: Action) -> bool {
        self.actions.contains(&action)
    }

    pub(crate) fn asks(&self) -> bool {
        self.actions.iter().any(|action| asked_by(*action).is_some())
    }
}

/// What an exploration came past.
pub(crate) struct Explored<L> {
    /// Each state with each ledger it can be reached with.
    pub(crate) places: Vec<(State, L)>,
    /// How many steps were taken.
    pub(crate) steps: usize,
}

/// Takes every step from every place that can be reached from `Idle`.
///
/// `keep` is told each step and returns the ledger after it, or the rule that the step has broken.
#[track_caller]
pub(crate) fn explore<L: Copy + Eq + Hash + Debug>(
    ledger: L,
    keep: impl Fn(L, &Step) -> Result<L, &'static str>,
) -> Explored<L> {
    let mut places = vec![(State::Idle, ledger)];
    let mut reached_by: Vec<Option<(usize, Event)>> = vec![None];
    let mut known = HashSet::from([places[0]]);
    let (mut at, mut steps) = (0, 0);
    while at < places.len() {
        let (state, ledger) = places[at];
        for event in events() {
            let Some(step) = Step::take(state, *event) else { continue };
            steps += 1;
            match keep(ledger, &step) {
                Ok(ledger) => {
                    if known.insert((step.after, ledger)) {
                        places.push((step.after, ledger));
                        reached_by.push(Some((at, *event)));
                    }
                }
                Err(rule) => panic!("{rule}:\n{}", trace(&places, &reached_by, at, &step)),
            }
        }
        at += 1;
    }
    Explored { places, steps }
}

/// The states alone.
pub(crate) fn reachable() -> Vec<State> {
    explore((), |(), _| Ok(())).places.into_iter().map(|(state, ())| state).collect()
}

/// How it came to a step, one event a line.
fn trace<L: Debug>(places: &[(State, L)], reached_by: &[Option<(usize, Event)>], mut at: usize, last: &Step) -> String {
    let mut events = vec![(at, last.event)];
    while let Some((before, event)) = reached_by[at] {
        events.push((before, event));
        at = before;
    }
    let mut text = String::new();
    for (at, event) in events.into_iter().rev() {
        writeln!(text, "  {:?}\n    on {event:?}", places[at]).expect("a string takes it");
    }
    write!(text, "  {:?} with {:?}", last.after, last.actions).expect("a string takes it");
    text
}
