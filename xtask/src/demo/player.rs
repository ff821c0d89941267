//! One process of the demo: takes its turns and says on stdout what it does.

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use slocket_sync::{Error, Guard};
use trials::witness::now;

use crate::result::Result;

#[derive(clap::Args)]
pub(crate) struct Options {
    runtime: Runtime,
    lock: PathBuf,
    counter: PathBuf,
    /// For each turn how long to stay away and how long to hold, in milliseconds: 20+80,35+110
    #[arg(value_delimiter = ',', value_parser = turn)]
    turns: Vec<(Duration, Duration)>,
}

/// What a process waits with.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Runtime {
    Sync,
    Tokio,
    AsyncStd,
    Smol,
}

impl Runtime {
    pub(crate) const ALL: [Self; 4] = [Self::Sync, Self::Tokio, Self::AsyncStd, Self::Smol];

    /// As it is called in the chart.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Tokio => "tokio",
            Self::AsyncStd => "astd",
            Self::Smol => "smol",
        }
    }

    /// As it is called on the command line of a player.
    pub(crate) fn argument(self) -> &'static str {
        match self {
            Self::AsyncStd => "async-std",
            Self::Sync | Self::Tokio | Self::Smol => self.name(),
        }
    }

    /// What acquires the lock, each time it is called.
    fn acquirer(self, lock: &Path) -> Result<Box<dyn Fn() -> std::result::Result<Guard, Error>>> {
        Ok(match self {
            Self::Sync => {
                let slocket = slocket_sync::Slocket::new(lock)?;
                Box::new(move || slocket.acquire())
            }
            Self::Tokio => {
                let slocket = slocket_tokio::Slocket::new(lock)?;
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                Box::new(move || runtime.block_on(slocket.acquire()))
            }
            Self::AsyncStd => {
                let slocket = slocket_async_std::Slocket::new(lock)?;
                Box::new(move || async_std::task::block_on(slocket.acquire()))
            }
            Self::Smol => {
                let slocket = slocket_smol::Slocket::new(lock)?;
                Box::new(move || smol::block_on(slocket.acquire()))
            }
        })
    }
}

fn turn(text: &str) -> std::result::Result<(Duration, Duration), String> {
    let (away, hold) = text.split_once('+').ok_or("expected AWAY+HOLD")?;
    let parse = |text: &str| text.parse().map(Duration::from_millis).map_err(|error| format!("{text}: {error}"));
    Ok((parse(away)?, parse(hold)?))
}

pub(crate) fn run(options: &Options) -> Result {
    let acquire = options.runtime.acquirer(&options.lock)?;
    say("ready");
    io::stdin().lock().read_line(&mut String::new())?;
    for (away, hold) in &options.turns {
        sleep(*away);
        say(&format!("waiting {}", now()));
        let guard = acquire()?;
        let held = now();
        let count: u64 = fs::read_to_string(&options.counter)?.trim().parse()?;
        fs::write(&options.counter, (count + 1).to_string())?;
        say(&format!("held {held}"));
        sleep(*hold);
        let released = now();
        guard.release()?;
        say(&format!("released {released}"));
    }
    slocket_sync::settle();
    Ok(())
}

fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    // The demo has ended if nothing reads any more.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
