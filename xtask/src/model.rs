//! `cargo xtask model`: every state of the model, and every bug that is planted in it.

use std::io::{self, Write};
use std::time::Instant;

use model::explored::{FULL, QUICK};
use model::{Configuration, PLANTED, explore, files};

use crate::command::heading;
use crate::result::Result;

/// How many states there must be at least: a model that has shrunk shows less.
const LEAST_QUICK: usize = 5_000_000;
const LEAST_FULL: usize = 50_000_000;
const LEAST_QUICK_OF_FILES: usize = 1_000_000;
const LEAST_FULL_OF_FILES: usize = 10_000_000;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Also what takes hours, and up to 16 GiB of memory
    #[arg(long)]
    full: bool,
    /// How many states of each of those are explored, the nearest first
    #[arg(long, value_name = "STATES", default_value_t = 20_000_000, requires = "full")]
    most: usize,
    /// Only the lock that is a locked file
    #[arg(long)]
    files: bool,
}

pub(crate) fn run(options: &Options) -> Result {
    if options.files {
        return of_files(options);
    }
    heading("every state that can be reached");
    let mut states = 0;
    let mut complete = 0;
    for configuration in QUICK {
        let (found, _) = search(configuration, usize::MAX)?;
        states += found;
        complete += 1;
    }
    let more = if options.full { FULL } else { &[] };
    for configuration in more {
        let (found, is_complete) = search(configuration, options.most)?;
        states += found;
        complete += usize::from(is_complete);
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
    let count = QUICK.len() + more.len();
    println!("{states} states in {count} configurations, {complete} of them complete: no promise is broken in any");
    println!("{} of {} planted bugs caught", PLANTED.len(), PLANTED.len());
    let least = if options.full { LEAST_FULL } else { LEAST_QUICK };
    if states < least {
        return Err(format!("{states} states, and there should be {least} at least").into());
    }
    of_files(options)
}

/// The same of the lock that is a locked file.
fn of_files(options: &Options) -> Result {
    heading("every state of the lock that is a locked file");
    let (mut states, mut complete) = (0, 0);
    let more = if options.full { files::explored::FULL } else { &[] };
    let quick = files::explored::QUICK.iter().map(|configuration| (configuration, usize::MAX));
    let all = quick.chain(more.iter().map(|configuration| (configuration, options.most)));
    for (configuration, most) in all {
        let begin = Instant::now();
        let found = files::explore(configuration, most);
        if let Some((broken, trace)) = found.broken {
            return Err(format!("{configuration}: {broken:?}\n{trace}").into());
        }
        if found.is_complete && found.ends == 0 {
            return Err(format!("{configuration}: no process ever ends").into());
        }
        let seconds = begin.elapsed().as_secs_f64();
        let more = if found.is_complete { "" } else { "and more: " };
        println!("{:>10} states {:>10} steps {seconds:>6.1} s  {more}{configuration}", found.states, found.steps);
        io::stdout().flush()?;
        states += found.states;
        complete += usize::from(found.is_complete);
    }
    for planted in files::PLANTED {
        match files::explore(&planted.configuration, usize::MAX).broken {
            Some((broken, trace)) if broken == planted.breaks => {
                println!("{:<24} {broken:?} after {} steps", format!("{:?}", planted.bug), trace.0.len());
            }
            other => return Err(format!("{:?} is not caught: {other:?}", planted.bug).into()),
        }
    }
    let count = files::explored::QUICK.len() + more.len();
    println!("{states} states in {count} configurations, {complete} of them complete: no promise is broken in any");
    println!("{} of {} planted bugs caught", files::PLANTED.len(), files::PLANTED.len());
    let least = if options.full { LEAST_FULL_OF_FILES } else { LEAST_QUICK_OF_FILES };
    if states < least {
        return Err(format!("{states} states, and there should be {least} at least").into());
    }
    Ok(())
}

/// How many states there are, and whether those are all; at most as many are explored.
fn search(configuration: &Configuration, most: usize) -> Result<(usize, bool)> {
    let begin = Instant::now();
    let found = explore(configuration, most);
    if let Some((broken, trace)) = found.broken {
        return Err(format!("{configuration}: {broken:?}\n{trace}").into());
    }
    if found.is_complete && found.ends == 0 {
        return Err(format!("{configuration}: no process ever ends").into());
    }
    let seconds = begin.elapsed().as_secs_f64();
    let more = if found.is_complete { "" } else { "and more: " };
    println!("{:>10} states {:>10} steps {seconds:>6.1} s  {more}{configuration}", found.states, found.steps);
    io::stdout().flush()?;
    Ok((found.states, found.is_complete))
}
