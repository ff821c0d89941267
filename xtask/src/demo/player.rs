//! One process of the demo: takes its turns and says on stdout what it does.

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use slocket_sync::Slocket;

use crate::Result;

#[derive(clap::Args)]
pub(crate) struct Options {
    lock: PathBuf,
    counter: PathBuf,
    /// For each turn how long to stay away and how long to hold, in milliseconds: 20+80,35+110
    #[arg(value_delimiter = ',', value_parser = turn)]
    turns: Vec<(Duration, Duration)>,
}

fn turn(text: &str) -> std::result::Result<(Duration, Duration), String> {
    let (away, hold) = text.split_once('+').ok_or("expected AWAY+HOLD")?;
    let parse = |text: &str| text.parse().map(Duration::from_millis).map_err(|error| format!("{text}: {error}"));
    Ok((parse(away)?, parse(hold)?))
}

/// Nanoseconds of `CLOCK_MONOTONIC`, which all processes of the machine share.
pub(crate) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

pub(crate) fn run(options: &Options) -> Result {
    let lock = Slocket::new(&options.lock)?;
    say("ready");
    io::stdin().lock().read_line(&mut String::new())?;
    for (away, hold) in &options.turns {
        sleep(*away);
        say(&format!("waiting {}", now()));
        let guard = lock.acquire()?;
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
    // Who does not listen any more has ended the demo.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
