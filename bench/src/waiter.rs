//! What a waiter costs while it waits.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use trials::process;

use crate::crew::Worker;
use crate::figure;
use crate::peer::Peer;
use crate::plan::Bench;
use crate::report::{Comparison, Section, Table};
use crate::result::Result;
use crate::{command_line, tasks};

/// Ways of tasks to wait, and what holds the lock meanwhile.
const WAYS: [(&str, &str, Peer); 5] = [
    ("slocket", "slocket-tokio, clones of one handle", Peer::Slocket),
    ("handles", "slocket-tokio, a handle each", Peer::Slocket),
    ("blocking", "spawn_blocking + flock", Peer::Std),
    ("poll-1", "try-lock polled at 1 ms", Peer::Std),
    ("poll-50", "try-lock polled at 50 ms", Peer::Std),
];

pub(crate) fn measure(bench: &mut Bench) -> Result<Section> {
    let waiters = bench.scale.of(20, 256, 256);
    let span = Duration::from_millis(bench.scale.of(100, 500, 5_000));
    let mut section = Section {
        title: "What a waiter costs",
        text: format!(
            "{waiters} tasks of one Tokio process (two workers) wait for a lock that another process holds. What the process \
             has more than before, for each waiter; and the processor time of all together, in per cent of one processor, \
             over {}. Below: one process each that waits. (Of Tokio's pool for blocking calls at most 512 threads wait.) \
             Measured once, not in rounds.",
            figure::time(span.as_nanos() as f64)
        ),
        ..Section::default()
    };
    let head = ["for each waiter", "threads", "descriptors", "resident memory", "processor time, all together"];
    let mut table = Table::new(format!("{waiters} tasks"), &head);
    let mut figures = Vec::new();
    for (way, name, holder) in WAYS {
        let path = bench.fresh_path();
        // As the tasks have it.
        let lock = if holder == Peer::Std { path.with_extension("flock") } else { path.clone() };
        let _holder = hold(holder, &lock)?;
        let mut worker = Worker::of(&mut tasks::command(way, &path, waiters)?)?;
        worker.expect("ready")?;
        let pid = pid(&worker);
        let before = Look::at(pid)?;
        worker.send("go")?;
        worker.expect("waiting")?;
        let (after, share) = settle(pid, span)?;
        let each = |before: u64, after: u64| after.saturating_sub(before) as f64 / waiters as f64;
        let memory = each(before.resident, after.resident);
        table.row(vec![
            name.into(),
            figure::number(each(before.threads, after.threads)),
            figure::number(each(before.descriptors, after.descriptors)),
            kibibytes(memory),
            format!("{} %", figure::number(share * 100.0)),
        ]);
        figures.push((way, name, memory, share));
    }
    section.tables.push(table);
    let ours = figures[0];
    // What is less than a clock tick is not seen, and cannot be divided by.
    let tick = 0.01 / span.as_secs_f64();
    for (way, name, memory, share) in &figures[2..] {
        let (what, factor) = match *way {
            "blocking" => ("memory for each waiting task", memory / ours.2.max(1.0)),
            _ => ("processor time of waiting tasks", share.max(tick) / ours.3.max(tick)),
        };
        section.comparisons.push(Comparison { what: what.into(), other: (*name).into(), factor });
    }
    section.tables.push(processes(bench, span)?);
    Ok(section)
}

/// One waiting process each.
fn processes(bench: &mut Bench, span: Duration) -> Result<Table> {
    let head = ["the whole process", "threads", "descriptors", "resident memory", "processor time"];
    let mut table = Table::new("one process that waits", &head);
    for (name, peer) in [("slocket run", Peer::Slocket), ("flock(1)", Peer::Std)] {
        let path = bench.fresh_path();
        let _holder = hold(peer, &path)?;
        let mut command = if peer == Peer::Slocket {
            let mut command = Command::new(command_line::tool()?);
            command.args(["run", "-q"]).arg(&path).args(["--", "true"]);
            command
        } else {
            let mut command = Command::new("flock");
            command.arg(&path).arg("true");
            command
        };
        let waiter = Worker::of(command.stderr(Stdio::null()))?;
        table.row(row(name, pid(&waiter), span)?);
    }
    let scripts = [Peer::NpmSlocket, Peer::PythonFilelock];
    let scripts = bench.present(&scripts, &mut Vec::new());
    for peer in [Peer::Slocket, Peer::Std].into_iter().chain(scripts) {
        let path = bench.fresh_path();
        let _holder = hold(peer, &path)?;
        let mut waiter = Worker::start(peer.runtime())?;
        waiter.send(&format!("hold {} {}", peer.key(), path.display()))?;
        waiter.expect("asked")?;
        table.row(row(&format!("{}, in a program", peer.name()), pid(&waiter), span)?);
    }
    Ok(table)
}

fn row(name: &str, pid: u32, span: Duration) -> Result<Vec<String>> {
    let (look, share) = settle(pid, span)?;
    Ok(vec![
        name.to_owned(),
        look.threads.to_string(),
        look.descriptors.to_string(),
        kibibytes(look.resident as f64),
        format!("{} %", figure::number(share * 100.0)),
    ])
}

/// A process that holds the lock.
pub(crate) fn hold(peer: Peer, path: &Path) -> Result<Worker> {
    let mut worker = Worker::start(peer.runtime())?;
    worker.send(&format!("hold {} {}", peer.key(), path.display()))?;
    worker.expect("asked")?;
    worker.expect("held")?;
    Ok(worker)
}

/// Looks at a process that has come to rest, and at the share of a processor that it uses over the span.
fn settle(pid: u32, span: Duration) -> Result<(Look, f64)> {
    // Not to wait for anything in particular: these are spans in which the waiters only wait.
    thread::sleep(Duration::from_millis(300));
    let before = process::cpu_ticks(pid);
    thread::sleep(span);
    let ticks = process::cpu_ticks(pid) - before;
    Ok((Look::at(pid)?, ticks as f64 * 0.01 / span.as_secs_f64()))
}

/// What `/proc` says of a process.
struct Look {
    threads: u64,
    descriptors: u64,
    /// In KiB.
    resident: u64,
}

impl Look {
    fn at(pid: u32) -> Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|rest| rest.split_whitespace().next()).ok_or("no VmRSS")?;
        Ok(Self {
            threads: process::threads(pid) as u64,
            descriptors: process::descriptors(pid).len() as u64,
            resident: resident.parse()?,
        })
    }
}

fn kibibytes(value: f64) -> String {
    format!("{} KiB", figure::number(value))
}

fn pid(worker: &Worker) -> u32 {
    worker.pid().as_raw_nonzero().get().unsigned_abs()
}
