//! `cargo xtask demo`: real processes take turns on a lock, on a shared lock and on the slots of a semaphore. In each act one of them
//! is killed.

mod actor;
mod chart;
mod claims;
mod hold;
mod play;
pub(crate) mod player;
mod stage;

use crate::claim;
use crate::command::{heading, in_ci};
use crate::npm::{self, Npm};
use crate::result::Result;
use hold::SLOTS;
use stage::{Act, Cast, Stage};

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
    let node_text = match npm {
        Npm::Ready { version, node: runtime } => format!("{node} with npm's slocket {version} under Node {runtime}"),
        Npm::Missing(reason) if in_ci() && options.node.is_some_and(|node| node > 0) => return Err(reason.into()),
        Npm::Missing(reason) => {
            node = 0;
            format!("none with Node: {reason}")
        }
    };
    let rust = format!("{} Rust processes (blocking, Tokio, async-std, smol)", options.rust);

    heading("demo 1 of 3: a lock");
    println!("{rust}, {node_text}.");
    println!("They take {} turns each. One is killed by SIGKILL while it holds the lock.\n", options.turns);
    perform(&Cast { rust: options.rust, node, turns: options.turns, act: Act::Lock }, "█ holds the lock")?;

    heading("demo 2 of 3: a shared lock");
    println!("{rust} read and write.");
    println!("Readers share the lock, a writer has it alone. One reader is killed.\n");
    let legend = "█ writes, alone   ░ reads, shared";
    perform(&Cast { rust: options.rust, node: 0, turns: options.turns, act: Act::Shared }, legend)?;

    heading("demo 3 of 3: a semaphore");
    println!("{rust} take one of {SLOTS} slots, 0 or 1.");
    println!("One is killed while it has a slot.\n");
    perform(&Cast { rust: options.rust, node: 0, turns: options.turns, act: Act::Semaphore }, "0, 1 its slot")
}

/// Plays one act, draws it, and checks what it shows.
fn perform(cast: &Cast, legend: &str) -> Result {
    let stage = Stage::new()?;
    let mut play = stage.perform(cast)?;
    println!();
    chart::draw(&play, legend);
    println!();
    claim::show(&claims::check(cast.act, &mut play, &stage)?)
}
