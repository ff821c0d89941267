//! One run at a time: a walk that the caller chooses, through worlds too large to explore.

use super::configuration::Configuration;
use super::search::Trace;
use super::steps::Label;
use super::world::{PROCESSES, World};
use crate::broken::Broken;

/// How many steps the processes may take, after the choices have run out, until all that wait are served.
const PATIENCE: usize = 5_000;

/// A choice below this goes on with the process that took the last step, if it can: races are met when a process stands still for long.
const OTHERS: u8 = 180;

/// A choice from here on lets something go wrong, if it can.
const FAULTS: u8 = 240;

/// A run.
#[derive(Clone, Debug)]
pub struct Walk {
    /// Where it has come to.
    pub world: World,
    /// Every step that was taken.
    pub trace: Trace,
}

/// Takes the steps that `choices` choose, one byte a step; then, in turn, steps in which nothing goes wrong, until no process waits.
#[must_use]
pub fn walk(configuration: &Configuration, choices: &[u8]) -> Walk {
    let mut walk = Walk { world: World::new(configuration), trace: Trace(Vec::new()) };
    for choice in choices {
        let steps = walk.choose(configuration, *choice);
        if steps.is_empty() || walk.take(steps[usize::from(*choice) % steps.len()]) {
            return walk;
        }
    }
    let mut chance = 1_u32;
    for turn in 0..PATIENCE {
        if walk.world.is_over(configuration) {
            return walk;
        }
        // Each process in turn, the surroundings last, and of its steps any.
        let mut steps = walk.steps(configuration);
        steps.retain(|(label, _)| !label.is_fault && label.process == turn % (PROCESSES + 1));
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if let Some(step) = steps.get((chance >> 16) as usize % steps.len().max(1))
            && walk.take(*step)
        {
            return walk;
        }
    }
    if !walk.world.nobody_waits() {
        walk.world.broken = Some(Broken::Lost);
    }
    walk
}

impl Walk {
    /// Which promise was broken, if one was, and how it came to that.
    ///
    /// # Errors
    /// The promise that was broken, and every step.
    pub fn verdict(&self, configuration: &Configuration) -> Result<(), String> {
        match self.world.broken {
            None => Ok(()),
            Some(broken) => Err(format!("{configuration}: {broken:?}\n{}", self.trace)),
        }
    }

    fn steps(&self, configuration: &Configuration) -> Vec<(Label, World)> {
        let mut steps = Vec::new();
        self.world.steps(configuration, |label, world| steps.push((label, world)));
        steps
    }

    /// The steps among which a choice chooses.
    fn choose(&self, configuration: &Configuration, choice: u8) -> Vec<(Label, World)> {
        let (faults, mut sound): (Vec<_>, Vec<_>) =
            self.steps(configuration).into_iter().partition(|(label, _)| label.is_fault);
        if choice >= FAULTS && !faults.is_empty() {
            return faults;
        }
        let last = self.trace.0.last().map(|label| label.process);
        if choice < OTHERS && sound.iter().any(|(label, _)| Some(label.process) == last) {
            sound.retain(|(label, _)| Some(label.process) == last);
        }
        sound
    }

    /// Takes a step; whether it has broken a promise.
    fn take(&mut self, (label, world): (Label, World)) -> bool {
        self.trace.0.push(label);
        self.world = world;
        self.world.broken.is_some()
    }
}
