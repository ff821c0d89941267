//! One run at a time: a walk that the caller chooses, through worlds too large to explore.

use crate::broken::Broken;
use crate::configuration::Configuration;
use crate::label::Label;
use crate::search::Trace;
use crate::world::World;

/// How many steps all may take, after the choices have run out, until all waiters are served.
const PATIENCE: usize = 20_000;

/// A run.
#[derive(Clone, Debug)]
pub struct Walk {
    /// Where it has come to.
    pub world: World,
    /// Every step that was taken.
    pub trace: Trace,
    /// The promise that it has broken, if it has.
    pub broken: Option<Broken>,
}

/// A choice below this goes on with the process that took the last step, if it can: races are met when a process stands
/// still for long, and seldom when all go on in step.
const OTHERS: u8 = 180;

/// A choice from here on lets something go wrong, if it can: else all that can go wrong would do so at the beginning.
const FAULTS: u8 = 240;

/// Takes the steps that `choices` choose, one byte a step; then, in turn, steps in which nothing goes wrong, until
/// every participant is served.
#[must_use]
pub fn walk(configuration: &Configuration, choices: &[u8]) -> Walk {
    let mut walk = Walk { world: World::new(configuration), trace: Trace(Vec::new()), broken: None };
    for choice in choices {
        let steps = walk.choose(configuration, *choice);
        if steps.is_empty() {
            break;
        }
        if walk.take(steps[usize::from(*choice) % steps.len()]) {
            return walk;
        }
    }
    let (mut turn, mut chance) = (0, 1_u32);
    for _ in 0..PATIENCE {
        if walk.world.excused || walk.world.is_over() {
            return walk;
        }
        // Each process in turn, and of its steps any (but always the same, in a run), so that none is put off for ever.
        let steps: Vec<_> = walk.steps(configuration).into_iter().filter(|(label, _)| !label.is_fault).collect();
        let process = turn % configuration.cast.len();
        let own: Vec<_> = steps.iter().filter(|(label, _)| label.process == process).collect();
        turn += 1;
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if let Some(step) = own.get((chance >> 16) as usize % own.len().max(1))
            && walk.take(**step)
        {
            return walk;
        }
    }
    if !walk.world.nobody_waits(configuration) {
        walk.broken = Some(Broken::Lost);
    }
    walk
}

impl Walk {
    /// Which promise was broken, if one was, and how it came to that.
    ///
    /// # Errors
    /// The promise that was broken, and every step.
    pub fn verdict(&self, configuration: &Configuration) -> Result<(), String> {
        match self.broken {
            None => Ok(()),
            Some(broken) => Err(format!("{configuration}: {broken:?}\n{}", self.trace)),
        }
    }

    fn steps(&self, configuration: &Configuration) -> Vec<(Label, World)> {
        let mut steps = Vec::new();
        self.world.steps(configuration, |label, world| steps.push((label, world)));
        steps
    }

    /// The steps among which a choice chooses. (Where all stand still, nothing that goes wrong may help them on.)
    fn choose(&self, configuration: &Configuration, choice: u8) -> Vec<(Label, World)> {
        let (faults, mut sound): (Vec<_>, Vec<_>) =
            self.steps(configuration).into_iter().partition(|(label, _)| label.is_fault);
        if choice >= FAULTS && !faults.is_empty() && !sound.is_empty() {
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
        self.broken = world.broken;
        self.broken.is_some()
    }
}
