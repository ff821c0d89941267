//! `cargo xtask storm`: real processes of every kind, killed, stopped and cancelled at random (`trials/src/storm`).

use std::time::Duration;

use trials::storm::{self, Plan, Site};

use crate::claim::{self, Claim};
use crate::command::{self, cargo, heading, in_ci};
use crate::npm::{self, Npm};
use crate::result::Result;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long it rages in all, most of the time among our processes alone
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(6..))]
    seconds: u64,
    /// Makes the same choices again; printed by each run
    #[arg(long)]
    seed: Option<u64>,
    /// On ext4 (without this and the next three: in all four places)
    #[arg(long)]
    ext4: bool,
    /// On tmpfs
    #[arg(long)]
    tmpfs: bool,
    /// At an abstract name; npm's package cannot go there
    #[arg(long)]
    name: bool,
    /// With a lock that is a locked file; npm's package does not know that
    #[arg(long)]
    file: bool,
    /// Without npm's package, even where Node is installed
    #[arg(long)]
    without_npm: bool,
    /// With the players and the tool as they were built last
    #[arg(long)]
    without_build: bool,
    /// On a slow kernel: a quarter of the pace is enough
    #[arg(long)]
    slow: bool,
}

pub(crate) fn run(options: &Options) -> Result {
    heading("storm");
    if !options.without_build {
        // The players and the tool.
        command::run(&mut cargo(&["build", "--quiet", "--package", "trials", "--package", "slocket-cli"]))?;
    }
    let npm = if options.without_npm { Npm::Missing("not asked for".into()) } else { npm::install()? };
    let (node, npm) = match npm {
        Npm::Ready { version, node } => (true, format!("npm's slocket {version} under Node {node}")),
        Npm::Missing(reason) if in_ci() && !options.without_npm => return Err(reason.into()),
        Npm::Missing(reason) => (false, format!("without npm's slocket: {reason}")),
    };
    let plan = Plan {
        time: Duration::from_secs(options.seconds),
        seed: options.seed.unwrap_or_else(command::any_seed),
        sites: options.sites(),
        node,
        pace: if options.slow { 0.25 } else { 1.0 },
    };
    println!("Processes of every runtime, `slocket run`, and {npm}.");
    for site in &plan.sites {
        match site {
            Site::On(file_system) => println!("Locks on {}: in {}.", site.name(), file_system.folder()?.display()),
            Site::Name => println!("A lock at an abstract name, without npm's."),
            Site::File => println!("A lock that is a locked file, without npm's."),
        }
    }
    println!("For {} s, with --seed {}.\n", options.seconds, plan.seed);
    let all = storm::run(&plan, |figures| {
        println!(
            "{:>8}, {:5} {:5.1} s  {:6} acquisitions  {:4} SIGKILLs  {} overlaps",
            figures.phase.name(),
            figures.site.name(),
            figures.raged.as_secs_f64(),
            figures.acquired(),
            figures.killed(),
            figures.overlaps.len()
        );
    })?;
    println!("\n{}", storm::table(&all));
    for figures in &all {
        for (reason, count) in &figures.npm_deaths {
            println!("npm died {count} times ({}, {}): {reason}", figures.phase.name(), figures.site.name());
        }
    }
    let claims: Vec<_> =
        storm::claims(&plan, &all).into_iter().map(|claim| Claim { holds: claim.holds, text: claim.text }).collect();
    claim::show(&claims)
}

impl Options {
    fn sites(&self) -> Vec<Site> {
        let wanted = [self.ext4, self.tmpfs, self.name, self.file];
        let all = !wanted.contains(&true);
        Site::ALL.into_iter().zip(wanted).filter_map(|(site, wanted)| (all || wanted).then_some(site)).collect()
    }
}
