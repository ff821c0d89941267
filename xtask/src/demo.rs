//! `cargo xtask demo`: real processes take turns on one lock, and one is killed while it holds it.

mod actor;
mod chart;
mod claims;
mod play;
pub(crate) mod player;
mod stage;

use crate::claim;
use crate::command::{heading, in_ci};
use crate::npm::{self, Npm};
use crate::result::Result;
use stage::{Cast, Stage};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rust processes: blocking, Tokio, async-std and smol in turn
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(2..=6))]
    rust: u16,
    /// Processes that use npm's slocket, which is installed for it [default: 2, if it is installed already]
    #[arg(long, value_parser = clap::value_parser!(u16).range(0..=6))]
    node: Option<u16>,
    /// Turns that each process takes
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(3..=100))]
    turns: u16,
}

pub(crate) fn run(options: &Options) -> Result {
    let (mut node, npm) = match options.node {
        Some(0) => (0, Npm::Missing("not asked for".into())),
        Some(node) => (node, npm::install()?),
        None => (2.min(chart::LANES - options.rust), npm::if_installed()?),
    };
    if options.rust + node > chart::LANES {
        return Err(format!("no more than {} processes fit beside each other", chart::LANES).into());
    }
    heading("demo");
    let node_text = match npm {
        Npm::Ready { version, node: runtime } => format!("{node} with npm's slocket {version} under Node {runtime}"),
        Npm::Missing(reason) if in_ci() && options.node.is_some_and(|node| node > 0) => return Err(reason.into()),
        Npm::Missing(reason) => {
            node = 0;
            format!("none with Node: {reason}")
        }
    };

    let stage = Stage::new()?;
    println!("{} Rust processes (blocking, Tokio, async-std, smol), {node_text}.", options.rust);
    println!("They take {} turns each on {}.", options.turns, stage.lock().display());
    println!("One of them is killed by SIGKILL while it holds the lock.\n");
    let mut play = stage.perform(&Cast { rust: options.rust, node, turns: options.turns })?;

    println!();
    chart::draw(&play);
    println!();
    claim::show(&claims::check(&mut play, &stage)?)
}
