//! `cargo xtask shares`: the lock, its shared locks and its slots, wanted by real processes that are killed at random
//! (`trials/src/sharing.rs`).

use trials::sharing::{self, Plan};

use crate::claim::{self, Claim};
use crate::command::{self, cargo, heading};
use crate::result::Result;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often at the least something is to be acquired
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1000..))]
    acquisitions: u64,
    /// How many slots there are
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    slots: u16,
    /// With a lock that is a locked file, instead of a socket
    #[arg(long)]
    file: bool,
    /// Makes the same choices again; printed by each run
    #[arg(long)]
    seed: Option<u64>,
    /// With the players and the tool as they were built last
    #[arg(long)]
    without_build: bool,
}

pub(crate) fn run(options: &Options) -> Result {
    heading("shares");
    if !options.without_build {
        // The players and the tool.
        command::run(&mut cargo(&["build", "--quiet", "--package", "trials", "--package", "slocket-cli"]))?;
    }
    let plan = Plan {
        acquisitions: options.acquisitions,
        seed: options.seed.unwrap_or_else(command::any_seed),
        slots: options.slots.into(),
        in_file: options.file,
    };
    let file = if plan.in_file { " --file" } else { "" };
    println!("{} acquisitions, with --slots {} --seed {}{file}.\n", plan.acquisitions, plan.slots, plan.seed);
    let figures = sharing::run(&plan);
    println!("In {:.1} s; the longest wait: {:.1} ms.", figures.raged.as_secs_f64(), figures.longest_wait as f64 / 1e6);
    let claims: Vec<_> = sharing::claims(&plan, &figures)
        .into_iter()
        .map(|claim| Claim { holds: claim.holds, text: claim.text })
        .collect();
    claim::show(&claims)
}
