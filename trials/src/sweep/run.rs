//! Whole sweeps, over adapters and roles, with a table of what was done.

use std::time::Instant;

use super::pause::Visit;
use super::points::Choice;
use super::scene::Role;
use super::tally::{Table, Tally};
use super::{fail, kill, pause};
use crate::adapter::Adapter;
use crate::alone::alone;
use crate::node::node_or_skip;
use crate::random::Random;
use crate::tell::tell;

/// A kind of sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// The victim is killed at each point.
    Kill,
    /// Then the process that repairs that is killed at each point, too.
    KillPairs,
    /// The victim stands still at each point.
    Pause,
    /// It stands still at each two points, while others take the lock and pass it on.
    PausePairs,
    /// The same, around the probe of a reclaimer alone.
    PauseAtProbe,
    /// Each call fails.
    Error,
}

impl Sweep {
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill sweep",
            Self::KillPairs => "kill sweep, pairs",
            Self::Pause => "pause sweep",
            Self::PausePairs => "pause sweep, pairs",
            Self::PauseAtProbe => "pause sweep, around the probe",
            Self::Error => "error sweep",
        }
    }

    /// Sweeps. What is chosen at random follows from the seed, which is told.
    ///
    /// # Errors
    /// If anything went wrong, or nothing was done.
    pub fn run(self, adapters: &[Adapter], roles: &[Role], choice: Choice, seed: u64) -> Result<(), String> {
        let what = self.name();
        tell(format!("{what}: {choice:?}, seed {seed}"));
        let start = Instant::now();
        let mut table = Table::default();
        let mut random = Random::new(seed);
        for &adapter in adapters {
            for &role in roles {
                if role == Role::Lends && !node_or_skip() {
                    continue;
                }
                let _alone = alone();
                for (variant, mut tally) in self.tallies(adapter, role, choice, &mut random) {
                    if choice == Choice::Whole && tally.points == 0 {
                        tally.failures.push(format!("{} {}{variant}: nothing was done", adapter.name(), role.name()));
                    }
                    table.push(format!("{} {}{variant}", adapter.name(), role.name()), tally);
                }
            }
        }
        let outcome = table.conclude(what);
        tell(format!("{what}: {:.0} s", start.elapsed().as_secs_f64()));
        outcome
    }

    fn tallies(self, adapter: Adapter, role: Role, choice: Choice, random: &mut Random) -> Vec<(&'static str, Tally)> {
        match self {
            Self::Kill => vec![("", kill::sweep(adapter, role, choice, random))],
            Self::KillPairs => vec![("", kill::pairs(adapter, role, choice, random))],
            Self::Error => vec![("", fail::sweep(adapter, role, choice, random))],
            Self::Pause => Visit::SINGLE
                .into_iter()
                .map(|visit| (visit.name(), pause::sweep(adapter, role, visit, choice, random)))
                .collect(),
            // Only a reclaimer has anything to lose by it.
            Self::PausePairs | Self::PauseAtProbe if role != Role::Reclaims => Vec::new(),
            Self::PausePairs => {
                doubles().map(|visit| (visit.name(), pause::double(adapter, role, visit, choice, random))).collect()
            }
            Self::PauseAtProbe => {
                doubles().map(|visit| (visit.name(), pause::around_the_probe(adapter, visit))).collect()
            }
        }
    }
}

fn doubles() -> impl Iterator<Item = Visit> {
    Visit::DOUBLE.into_iter().filter(|visit| *visit != Visit::LendAndDie || node_or_skip())
}
