//! One process of the demo: takes its turns and says on stdout what it does.

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use slocket_sync::{Error, Guard, Permit, SharedGuard};
use trials::witness::now;

use super::hold::{SLOTS, Want};
use crate::result::Result;

#[derive(clap::Args)]
pub(crate) struct Options {
    runtime: Runtime,
    lock: PathBuf,
    counter: PathBuf,
    /// For each turn how long to stay away and how long to hold, in milliseconds, and what: 20+80,35+110=share
    #[arg(value_delimiter = ',', value_parser = turn)]
    turns: Vec<Turn>,
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    away: Duration,
    hold: Duration,
    want: Want,
}

/// What was acquired.
enum Held {
    Lock(Guard),
    Share(SharedGuard),
    Slot(Permit),
}

type Acquire = Box<dyn Fn(Want) -> std::result::Result<Held, Error>>;

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

    /// What acquires the lock, a share or a slot, each time it is called.
    fn acquirer(self, lock: &Path) -> Result<Acquire> {
        /// Acquires, and waits for it in the way of the adapter.
        macro_rules! acquire {
            ($adapter:ident, $handles:ident, $want:ident $(, $wait:tt)*) => {{
                let (slocket, semaphore): &($adapter::Slocket, $adapter::Semaphore) = $handles;
                Ok(match $want {
                    Want::Lock => Held::Lock(slocket.acquire()$(.$wait)*?),
                    Want::Share => Held::Share(slocket.acquire_shared()$(.$wait)*?),
                    Want::Slot => Held::Slot(semaphore.acquire()$(.$wait)*?),
                })
            }};
        }
        macro_rules! handles {
            ($adapter:ident) => {
                ($adapter::Slocket::new(lock)?, $adapter::Semaphore::new(lock, SLOTS)?)
            };
        }
        Ok(match self {
            Self::Sync => {
                let handles = handles!(slocket_sync);
                Box::new(move |want| {
                    let handles = &handles;
                    acquire!(slocket_sync, handles, want)
                })
            }
            Self::Tokio => {
                let handles = handles!(slocket_tokio);
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                Box::new(move |want| {
                    let handles = &handles;
                    runtime.block_on(async { acquire!(slocket_tokio, handles, want, await) })
                })
            }
            Self::AsyncStd => {
                let handles = handles!(slocket_async_std);
                Box::new(move |want| {
                    let handles = &handles;
                    async_std::task::block_on(async { acquire!(slocket_async_std, handles, want, await) })
                })
            }
            Self::Smol => {
                let handles = handles!(slocket_smol);
                Box::new(move |want| {
                    let handles = &handles;
                    smol::block_on(async { acquire!(slocket_smol, handles, want, await) })
                })
            }
        })
    }
}

fn turn(text: &str) -> std::result::Result<Turn, String> {
    let (times, want) = text.split_once('=').unwrap_or((text, "lock"));
    let (away, hold) = times.split_once('+').ok_or("expected AWAY+HOLD")?;
    let parse = |text: &str| text.parse().map(Duration::from_millis).map_err(|error| format!("{text}: {error}"));
    Ok(Turn { away: parse(away)?, hold: parse(hold)?, want: want.parse()? })
}

pub(crate) fn run(options: &Options) -> Result {
    let acquire = options.runtime.acquirer(&options.lock)?;
    say("ready");
    io::stdin().lock().read_line(&mut String::new())?;
    for turn in &options.turns {
        sleep(turn.away);
        say(&format!("waiting {}", now()));
        let held = acquire(turn.want)?;
        let since = now();
        match held {
            Held::Lock(guard) => {
                write(&options.counter, read(&options.counter)? + 1)?;
                say(&format!("held {since}"));
                release_after(turn.hold, || guard.release())?;
            }
            Held::Share(guard) => {
                let before = read(&options.counter)?;
                say(&format!("shared {since}"));
                sleep(turn.hold);
                if read(&options.counter)? != before {
                    return Err("the counter was written while it was read".into());
                }
                release_after(Duration::ZERO, || guard.release())?;
            }
            Held::Slot(permit) => {
                say(&format!("slot{} {since}", permit.index()));
                release_after(turn.hold, || permit.release())?;
            }
        }
    }
    slocket_sync::settle();
    Ok(())
}

fn release_after(hold: Duration, release: impl FnOnce() -> std::result::Result<(), Error>) -> Result {
    sleep(hold);
    let released = now();
    release()?;
    say(&format!("released {released}"));
    Ok(())
}

fn read(counter: &Path) -> Result<u64> {
    Ok(fs::read_to_string(counter)?.trim().parse()?)
}

fn write(counter: &Path, count: u64) -> Result {
    Ok(fs::write(counter, count.to_string())?)
}

fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    // The demo has ended if nothing reads any more.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
