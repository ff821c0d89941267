//! Every state that can be reached, breadth first, with a trace to the first that breaks a promise.

use std::fmt;

use indexmap::IndexSet;

use super::configuration::Configuration;
use super::mind::Mind;
use super::steps::Label;
use super::world::{PROCESSES, World};
use crate::broken::Broken;
use crate::hasher::BuildStateHasher;
use crate::search::first_lost;

/// What a search has found.
#[derive(Clone, Debug)]
pub struct Found {
    /// How many states can be reached.
    pub states: usize,
    /// How many steps lead from one to another.
    pub steps: usize,
    /// How many of them are ends: every process has done what it wanted.
    pub ends: usize,
    /// How many calls at most a machine makes from one rest to the next.
    pub longest: usize,
    /// The first broken promise, with the shortest way to it.
    pub broken: Option<(Broken, Trace)>,
    /// The search was not given up at the limit.
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
/// From every state there is a way, by steps in which nothing goes wrong, to one in which no process waits. Since there are finitely many
/// states, every run in which a step that is possible again and again is taken at last gets there.
///
/// # Panics
/// If there are more states than a `u32` counts.
#[must_use]
pub fn explore(configuration: &Configuration, limit: usize) -> Found {
    let orders = orders(configuration);
    let mut states: IndexSet<World, BuildStateHasher> = IndexSet::default();
    // For each state, from which it was reached first.
    let mut parents: Vec<u32> = vec![0];
    // The steps in which nothing goes wrong, as pairs (to, from).
    let mut edges: Vec<(u32, u32)> = Vec::new();
    let (mut at, mut steps, mut broken) = (0, 0, None);
    states.insert(World::new(configuration).canonical(&orders).0);
    while at < states.len() && states.len() < limit && broken.is_none() {
        let world = states[at];
        let from = u32::try_from(at).expect("fewer states");
        world.steps(configuration, |label, next| {
            steps += 1;
            let (to, is_new) = states.insert_full(next.canonical(&orders).0);
            if is_new {
                parents.push(from);
                if next.broken.is_some() && broken.is_none() {
                    broken = Some(to);
                }
            }
            if !label.is_fault {
                edges.push((u32::try_from(to).expect("fewer states"), from));
            }
        });
        at += 1;
    }
    let is_complete = at == states.len();
    let ends = states.iter().filter(|world| world.is_over(configuration)).count();
    let looks_for = |broken| configuration.promise.is_none_or(|promise| promise == broken);
    if broken.is_none() && is_complete && looks_for(Broken::Lost) {
        broken = first_lost(states.iter().map(World::nobody_waits).collect(), edges);
    }
    // A state in which nothing is broken yet is one from which a process is never served.
    let promise = |at: usize| states[at].broken.unwrap_or(Broken::Lost);
    let mut broken = broken.map(|at| (promise(at), trace(configuration, &orders, &states, &parents, at)));
    let longest = Mind::longest();
    if broken.is_none() && longest.is_none() && looks_for(Broken::Endless) {
        broken = Some((Broken::Endless, Trace(Vec::new())));
    }
    Found { states: states.len(), steps, ends, longest: longest.unwrap_or(usize::MAX), broken, is_complete }
}

/// Each order of the processes in which those stand that want the same.
fn orders(configuration: &Configuration) -> Vec<[usize; PROCESSES]> {
    let mut orders = Vec::new();
    let all = 0..PROCESSES;
    for code in 0..PROCESSES.pow(4) {
        let order: [usize; PROCESSES] =
            std::array::from_fn(|at| code / PROCESSES.pow(u32::try_from(at).expect("small")) % PROCESSES);
        let script = |process: usize| configuration.scripts.get(process);
        // (Whether it is cancelled or out of time depends on the number of the process.)
        let is_alike =
            |at: usize| script(at) == script(order[at]) && (configuration.stops == 0 || at % 2 == order[at] % 2);
        if all.clone().all(|process| order.contains(&process)) && all.clone().all(is_alike) {
            orders.push(order);
        }
    }
    orders
}

/// The shortest way to a state.
fn trace(
    configuration: &Configuration,
    orders: &[[usize; PROCESSES]],
    states: &IndexSet<World, BuildStateHasher>,
    parents: &[u32],
    mut at: usize,
) -> Trace {
    let mut way = vec![at];
    while at != 0 {
        at = parents[at] as usize;
        way.push(at);
    }
    // Each state has its own order of the processes: `names` are those that they had at the beginning.
    let (mut world, mut names) = World::new(configuration).canonical(orders);
    let mut labels = Vec::new();
    for at in way.into_iter().rev().skip(1) {
        let mut found = None;
        world.steps(configuration, |label, next| {
            let (next, from) = next.canonical(orders);
            if found.is_none() && next == states[at] {
                let process = names.get(label.process).copied().unwrap_or(label.process);
                found = Some((Label { process, ..label }, next, from));
            }
        });
        let (label, next, from) = found.expect("a step leads there");
        labels.push(label);
        world = next;
        names = from.map(|process| names[process]);
    }
    Trace(labels)
}
