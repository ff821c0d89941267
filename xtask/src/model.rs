//! `cargo xtask model`: every state of the model, and every bug that is planted in it.

use std::io::{self, Write};
use std::time::Instant;

use model::explored::{FULL, QUICK};
use model::{Configuration, PLANTED, explore};

use crate::command::heading;
use crate::result::Result;

/// How many states there must be at least: a model that has shrunk shows less.
const LEAST_QUICK: usize = 5_000_000;
const LEAST_FULL: usize = 50_000_000;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Also what takes many minutes, and up to 16 GiB of memory
    #[arg(long)]
    full: bool,
}

pub(crate) fn run(options: &Options) -> Result {
    heading("every state that can be reached");
    let mut states = 0;
    let configurations = QUICK.iter().chain(if options.full { FULL } else { &[] });
    let mut count = 0;
    for configuration in configurations {
        states += search(configuration)?;
        count += 1;
    }
    heading("planted bugs");
    for planted in PLANTED {
        let found = explore(&planted.configuration, usize::MAX);
        match found.broken {
            Some((broken, trace)) if broken == planted.breaks => {
                println!("{:<24} {broken:?} after {} steps", format!("{:?}", planted.bug), trace.0.len());
            }
            other => return Err(format!("{:?} is not caught: {other:?}", planted.bug).into()),
        }
    }
    heading("summary");
    println!("{states} states in {count} configurations, all complete: no promise is broken in any");
    println!("{} of {} planted bugs caught", PLANTED.len(), PLANTED.len());
    let least = if options.full { LEAST_FULL } else { LEAST_QUICK };
    if states < least {
        return Err(format!("{states} states, and there should be {least} at least").into());
    }
    Ok(())
}

fn search(configuration: &Configuration) -> Result<usize> {
    let begin = Instant::now();
    let found = explore(configuration, usize::MAX);
    if let Some((broken, trace)) = found.broken {
        return Err(format!("{configuration}: {broken:?}\n{trace}").into());
    }
    if !found.is_complete || found.ends == 0 {
        return Err(format!("{configuration}: no process ever ends").into());
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!("{:>10} states {:>10} steps {seconds:>6.1} s  {configuration}", found.states, found.steps);
    io::stdout().flush()?;
    Ok(found.states)
}
