//! The build for Windows under Wine: the examples and the tool, as people run them, and a storm.

mod setup;
mod tool;

use std::time::{Duration, Instant};

use super::program::Program;
use crate::command::{any_seed, heading};
use crate::result::Result;
use setup::{ANYWHERE, FOLDER, Trial, Wine};

/// So many processes count at once.
const PROCESSES: usize = 4;

/// So often each of them, where none is killed.
const TIMES: u64 = 100;

/// So many are killed.
const KILLS: u64 = 12;

/// So many processes are in the storm, and acquire the lock so often, in all.
const STORM: (&str, &str) = ("8", "10000");

const TRIALS: [(&str, Trial); 8] = [
    ("exclusion", exclusion),
    ("storm", storm),
    ("killed while they have it or wait", kills),
    ("a try names the holder", a_try),
    ("a time-out names the holder, which is killed", time_out),
    ("shared locks", shared),
    ("semaphore", slots),
    ("tasks: Tokio, smol, async-std", tasks),
];

/// Builds, and runs all trials. What was seen, one line each, the first of which names Wine.
pub(super) fn run(failed: &mut Vec<String>) -> Result<Vec<String>> {
    heading("Wine");
    let wine = Wine::install()?;
    let mut seen = vec![format!("{}:", wine.version()?)];
    for (name, trial) in TRIALS.into_iter().chain(tool::TRIALS) {
        heading(&format!("Wine: {name}"));
        wine.clear()?;
        match trial(&wine) {
            Ok(what) => {
                println!("{what}");
                seen.push(format!("{name}: {what}"));
            }
            Err(error) => {
                println!("{error}");
                failed.push(format!("Wine: {name}: {error}"));
            }
        }
    }
    Ok(seen)
}

fn exclusion(wine: &Wine) -> Result<String> {
    let times = TIMES.to_string();
    let programs = (0..PROCESSES).map(|_| wine.start("sync-counter", &[FOLDER, &times]));
    for mut program in programs.collect::<Result<Vec<_>>>()? {
        program.succeeds()?;
    }
    let expected = TIMES * PROCESSES as u64;
    match wine.count() {
        count if count == expected => Ok(format!("{PROCESSES} processes counted to {count}")),
        count => Err(format!("they counted to {count}, not {expected}").into()),
    }
}

/// Processes with two witnesses, which are killed by another one of Windows's (`TerminateProcess`).
fn storm(wine: &Wine) -> Result<String> {
    let ((processes, acquisitions), seed) = (STORM, any_seed().to_string());
    let mut command = wine.command(wine.programs.join(format!("{ANYWHERE}.exe")));
    command.args([FOLDER, processes, acquisitions, &seed]);
    let mut storm = Program::start(ANYWHERE, command)?;
    let line = storm.says("acquisitions, ").map_err(|error| format!("seed {seed}: {error}"))?;
    storm.succeeds()?;
    Ok(format!("{processes} processes, {line} (seed {seed})"))
}

/// Some count without end; each time that the count has grown, one of them is killed, whatever it does, and another one is started.
fn kills(wine: &Wine) -> Result<String> {
    let endless = || wine.start("sync-counter", &[FOLDER, "1000000000"]);
    let mut programs = (0..PROCESSES).map(|_| endless()).collect::<Result<Vec<_>>>()?;
    for kill in 0..KILLS {
        grows(wine, 5 + kill % 5, &mut programs)?;
        programs.remove(0).kill()?;
        programs.push(endless()?);
    }
    grows(wine, 1, &mut programs)?;
    for program in programs {
        program.kill()?;
    }
    let before = wine.count();
    wine.start("sync-counter", &[FOLDER, "10"])?.succeeds()?;
    match wine.count() {
        count if count == before + 10 => {
            Ok(format!("{KILLS} of them were killed, and {PROCESSES} at the end; they counted to {count}"))
        }
        count => Err(format!("one alone counted from {before} to {count} in 10 steps").into()),
    }
}

/// Waits until the count has grown by more than that.
fn grows(wine: &Wine, by: u64, programs: &mut [Program]) -> Result {
    let (before, began) = (wine.count(), Instant::now());
    while wine.count() <= before + by {
        for program in &mut *programs {
            if let Some(what) = program.has_ended()? {
                return Err(what.into());
            }
        }
        if began.elapsed() > Duration::from_secs(120) {
            return Err(format!("nothing is counted any more; the last was {before}").into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn a_try(wine: &Wine) -> Result<String> {
    let mut holder = wine.start("sync-cron", &[])?;
    holder.says("the job runs")?;
    let mut other = wine.start("sync-cron", &[])?;
    let line = other.says("skipped")?;
    other.succeeds()?;
    if !line.contains("pid ") {
        return Err(format!("the holder is not named: {line}").into());
    }
    holder.enter()?;
    holder.succeeds()?;
    let mut next = wine.start("sync-cron", &[])?;
    next.says("the job runs")?;
    next.succeeds()?;
    Ok(line)
}

fn time_out(wine: &Wine) -> Result<String> {
    let mut holder = wine.start("sync-timeout", &[])?;
    holder.says("held")?;
    let mut waiter = wine.start("sync-timeout", &[])?;
    let line = waiter.says("timed out")?;
    if waiter.ends()? || !line.contains("held by pid ") {
        return Err(format!("the holder is not named: {line}").into());
    }
    holder.kill()?;
    let mut next = wine.start("sync-timeout", &[])?;
    next.says("held")?;
    next.succeeds()?;
    Ok(format!("{line}; free after the kill"))
}

fn shared(wine: &Wine) -> Result<String> {
    let mut readers = Vec::new();
    for _ in 0..3 {
        let mut reader = wine.start("sync-readers", &[])?;
        reader.says("reading")?;
        readers.push(reader);
    }
    let mut writer = wine.start("sync-readers", &["refill"])?;
    let waits = writer.says("waiting for")?;
    for mut reader in readers {
        reader.enter()?;
        reader.succeeds()?;
    }
    writer.says("filled")?;
    writer.succeeds()?;
    Ok(format!("3 readers at once; the writer: {waits}"))
}

fn slots(wine: &Wine) -> Result<String> {
    let mut jobs = Vec::new();
    for device in 0..2 {
        let mut job = wine.start("sync-slots", &[])?;
        job.says(&format!("device {device}"))?;
        jobs.push(job);
    }
    let mut third = wine.start("sync-slots", &[])?;
    third.says("waiting for")?;
    // (The second: so the third has its device.)
    let second = jobs.pop().ok_or("there are two")?;
    second.kill()?;
    third.says("device 1")?;
    third.succeeds()?;
    Ok("2 at a time; the third has the slot of one that was killed".to_owned())
}

fn tasks(wine: &Wine) -> Result<String> {
    for example in ["tokio-tasks", "smol-tasks", "async-std-tasks"] {
        let mut holder = wine.start(example, &[])?;
        holder.says("held")?;
        // Another process waits, and is served when the first has released the lock.
        let mut waiter = wine.start(example, &[])?;
        waiter.says("waiting")?;
        holder.enter()?;
        waiter.says("held")?;
        waiter.succeeds()?;
        holder.succeeds()?;
    }
    Ok("tasks and a thread of one process, and another process that waits".to_owned())
}
