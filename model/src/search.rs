//! Every state that can be reached, breadth first, with a trace to the first that breaks a promise.

use std::fmt;

use indexmap::IndexSet;

use crate::broken::Broken;
use crate::configuration::Configuration;
use crate::hasher::BuildStateHasher;
use crate::label::Label;
use crate::world::{PROCESSES, World};

/// What a search has found.
#[derive(Clone, Debug)]
pub struct Found {
    /// How many states can be reached.
    pub states: usize,
    /// How many steps lead from one to another.
    pub steps: usize,
    /// How many of them are ends: every participant has held the lock.
    pub ends: usize,
    /// The first broken promise, with the shortest way to it.
    pub broken: Option<(Broken, Trace)>,
    /// The search was given up at the limit: what it says of later states is nothing.
    pub is_complete: bool,
}

/// How it came to a state.
#[derive(Clone, Debug)]
pub struct Trace(pub Vec<Label>);

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Label { process, what, is_fault } in &self.0 {
            writeln!(f, "  {process} {what}{}", if *is_fault { " (!)" } else { "" })?;
        }
        Ok(())
    }
}

/// Explores everything, up to `limit` states; stops at the first broken promise.
///
/// In every state all waiters can still be served by steps in which nothing goes wrong. Since there are finitely many
/// states, every run in which a step that is possible again and again is taken at last serves them: there is no livelock.
///
/// # Panics
/// If there are more states than a `u32` counts.
#[must_use]
pub fn explore(configuration: &Configuration, limit: usize) -> Found {
    explore_under(Names::Canonical, configuration, limit).0
}

/// Under which names states are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// One state for all that differ in names only.
    Canonical,
    /// Those that come about: many more states, which show that the canonical names hide nothing.
    Given,
}

impl Names {
    /// A state under these names, and which of its processes stands at each place.
    fn of(self, world: &World, configuration: &Configuration) -> (World, [usize; PROCESSES]) {
        match self {
            Self::Canonical => world.canonical_from(configuration),
            Self::Given => (*world, std::array::from_fn(|process| process)),
        }
    }
}

/// Explores everything under such names; also tells the states.
///
/// # Panics
/// If there are more states than a `u32` counts.
#[must_use]
pub fn explore_under(
    names: Names,
    configuration: &Configuration,
    limit: usize,
) -> (Found, IndexSet<World, BuildStateHasher>) {
    let mut states: IndexSet<World, BuildStateHasher> = IndexSet::default();
    // For each state, from which it was reached first.
    let mut parents: Vec<u32> = vec![0];
    // The steps in which nothing goes wrong, as pairs (to, from).
    let mut edges: Vec<(u32, u32)> = Vec::new();
    let (mut at, mut steps, mut broken) = (0, 0, None);
    states.insert(names.of(&World::new(configuration), configuration).0);
    while at < states.len() && states.len() < limit && broken.is_none() {
        let world = states[at];
        let from = u32::try_from(at).expect("fewer states");
        world.steps(configuration, |label, next| {
            steps += 1;
            let (to, is_new) = states.insert_full(names.of(&next, configuration).0);
            if is_new {
                parents.push(from);
                if next.broken.is_some() && broken.is_none() {
                    broken = Some(to);
                }
            }
            if !label.is_fault {
                edges.push((to as u32, from));
            }
        });
        at += 1;
    }
    let is_complete = at == states.len();
    let ends = states.iter().filter(|world| world.is_over()).count();
    let looks_for_lost = configuration.promise.is_none_or(|promise| promise == Broken::Lost);
    if broken.is_none() && is_complete && looks_for_lost {
        let is_served = |world: &World| world.excused || world.nobody_waits(configuration);
        broken = first_lost(states.iter().map(is_served).collect(), edges);
    }
    // A state in which nothing is broken yet is one from which a waiter is never served.
    let promise = |at: usize| states[at].broken.unwrap_or(Broken::Lost);
    let broken = broken.map(|at| (promise(at), trace(names, configuration, &states, &parents, at)));
    (Found { states: states.len(), steps, ends, broken, is_complete }, states)
}

/// The first state from which no step, nor any number of them, leads to one of those in which no process waits: `served` says which these are, and
/// `edges` are the steps, as pairs (to, from).
pub(crate) fn first_lost(served: Vec<bool>, mut edges: Vec<(u32, u32)>) -> Option<usize> {
    edges.sort_unstable();
    let mut can = served;
    let mut todo: Vec<u32> = (0..).zip(&can).filter(|(_, can)| **can).map(|(at, _)| at).collect();
    while let Some(to) = todo.pop() {
        let first = edges.partition_point(|edge| edge.0 < to);
        for (_, from) in edges[first..].iter().take_while(|edge| edge.0 == to) {
            if !can[*from as usize] {
                can[*from as usize] = true;
                todo.push(*from);
            }
        }
    }
    can.iter().position(|can| !can)
}

/// The shortest way to a state.
fn trace(
    under: Names,
    configuration: &Configuration,
    states: &IndexSet<World, BuildStateHasher>,
    parents: &[u32],
    mut at: usize,
) -> Trace {
    let mut way = vec![at];
    while at != 0 {
        at = parents[at] as usize;
        way.push(at);
    }
    // Each state has its own names for the processes: `names` are those that they had at the beginning.
    let (mut world, mut names) = under.of(&World::new(configuration), configuration);
    let mut labels = Vec::new();
    for at in way.into_iter().rev().skip(1) {
        let mut found = None;
        world.steps(configuration, |label, next| {
            let (next, from) = under.of(&next, configuration);
            if found.is_none() && next == states[at] {
                found = Some((Label { process: names[label.process], ..label }, next, from));
            }
        });
        let (label, next, from) = found.expect("a step leads there");
        labels.push(label);
        world = next;
        names = from.map(|process| names[process]);
    }
    Trace(labels)
}
