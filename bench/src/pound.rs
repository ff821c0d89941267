//! npm slocket's own load test (`pound/t.sh` of its repository): a hundred processes take ten locks each, all at once or one
//! after the other, with nothing done under a lock.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use trials::witness::now;

use crate::crew::myself;
use crate::figure::{self, Figure};
use crate::install;
use crate::peer::{Peer, RUNTIME, Runtime};
use crate::plan::Bench;
use crate::report::{Claim, Comparison, Section, Table};
use crate::result::Result;

const LOCKS: usize = 10;

const SUBJECTS: [Subject; 3] = [
    Subject { key: "slocket", peer: Peer::SlocketTokio },
    Subject { key: "std", peer: Peer::Std },
    Subject { key: "npm-slocket", peer: Peer::NpmSlocket },
];

#[derive(Clone, Copy)]
struct Subject {
    key: &'static str,
    peer: Peer,
}

/// One subject's rounds.
struct Rounds {
    subject: Subject,
    /// From the gate to the last process that is done.
    work: Vec<f64>,
    /// From the first start until all stand at the gate.
    start_up: Vec<f64>,
    /// From the first start to the last process that is done, without a gate.
    whole: Vec<f64>,
    /// Processes that had all their locks, in the worst round, at the gate and without.
    finished: [usize; 2],
    hung: usize,
}

pub(crate) fn measure(bench: &mut Bench) -> Result<Section> {
    let processes = bench.scale.of(5, 20, 100);
    let rounds = bench.scale.of(1, 1, 5);
    let mut section = Section {
        title: "Pound",
        text: format!(
            "npm slocket's own load test (`pound/t.sh` in its repository): {processes} processes take {LOCKS} locks each (on \
             tmpfs), all at once or one after the other, with nothing done under them. *Work*: all processes are started and \
             wait at a gate; from its opening until the last is done. *Whole*: as npm's test does it, without a gate: each \
             is started without waiting for any other; from the first start until the last is done. *Start-up*: until all \
             stand at the gate; *net* is the whole without that. *Finished*: the processes that had all their locks and \
             ended well, at the gate and without, in the worst round of {rounds}. Where not all did, a process that died has done \
             less work, and the ratio is that or more. (npm's slocket throws ECONNRESET when a server goes away before it has accepted.)"
        ),
        ..Section::default()
    };
    let peers = bench.present(&SUBJECTS.map(|subject| subject.peer), &mut section.failures);
    for how in ["parallel", "serial"] {
        let here = |subject: &Subject| peers.contains(&subject.peer);
        let fresh = |subject: Subject| Rounds {
            subject,
            work: Vec::new(),
            start_up: Vec::new(),
            whole: Vec::new(),
            finished: [processes; 2],
            hung: 0,
        };
        let mut all: Vec<_> = SUBJECTS.into_iter().filter(here).map(fresh).collect();
        for _ in 0..rounds {
            for rounds in &mut all {
                if rounds.hung > 0 {
                    continue;
                }
                for (index, gate) in [Gate::Closed, Gate::Open].into_iter().enumerate() {
                    let folder = bench.fresh_path();
                    std::fs::create_dir(&folder)?;
                    let run = pound(rounds.subject, &folder, processes, how, gate)?;
                    rounds.finished[index] = rounds.finished[index].min(run.finished);
                    rounds.hung += run.hung;
                    if gate == Gate::Closed {
                        rounds.work.push(run.work);
                        rounds.start_up.push(run.start_up);
                    } else {
                        rounds.whole.push(run.work);
                    }
                }
            }
        }
        report(&mut section, how, processes, &all)?;
    }
    Ok(section)
}

fn report(section: &mut Section, how: &str, processes: usize, all: &[Rounds]) -> Result {
    let head = ["", "work (quartiles)", "to slocket", "whole (quartiles)", "start-up", "net", "finished"];
    let mut table = Table::new(format!("{processes} processes, {LOCKS} locks each, {how}"), &head);
    let figure = |values: &[f64]| Figure::of(values).ok_or("not measured");
    let ours = figure(&all[0].work)?.median;
    for Rounds { subject, work, start_up, whole, finished, hung } in all {
        let (work, start_up, whole) = (figure(work)?, figure(start_up)?, figure(whole)?);
        let net = whole.median - start_up.median;
        let hung = if *hung > 0 { format!(", {hung} hung") } else { String::new() };
        let factor = work.median / ours;
        let all_finished = *finished == [processes; 2];
        table.row(vec![
            subject.peer.name().into(),
            work.time(),
            if all_finished { figure::ratio(factor) } else { format!("{} or more", figure::ratio(factor)) },
            whole.time(),
            figure::time(start_up.median),
            if net > 0.0 { figure::time(net) } else { "none to be seen".into() },
            format!("{} and {} of {processes}{hung}", finished[0], finished[1]),
        ]);
        if subject.peer != Peer::SlocketTokio && all_finished {
            let what = format!("pound, {how}, work");
            section.comparisons.push(Comparison { what, other: subject.peer.name().into(), factor });
        }
        // (A process that died has done less in that time: the factor is too small rather than too large.)
        if subject.peer == Peer::NpmSlocket {
            let text = format!("pound, {how}: at least 5× faster than npm's slocket, without start-up");
            section.claims.push(Claim::at_least(text, factor, 5.0, figure::ratio));
        }
    }
    section.tables.push(table);
    let finished = all[0].finished[0].min(all[0].finished[1]);
    let text = format!("pound, {how}: all {processes} finish");
    section.claims.push(Claim::at_least(text, finished as f64, processes as f64, |count| format!("{count:.0}")));
    if finished < processes {
        section.failures.push(format!("pound, {how}: {finished} of {processes} finished"));
    }
    Ok(())
}

/// Whether processes wait for each other before they begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Closed,
    Open,
}

struct Run {
    /// From the gate's opening, or the first start, until the last is done.
    work: f64,
    start_up: f64,
    finished: usize,
    hung: usize,
}

/// What npm's spins at may never come.
const PATIENCE: Duration = Duration::from_secs(120);

fn pound(subject: Subject, folder: &Path, processes: usize, how: &str, gate: Gate) -> Result<Run> {
    let start = now();
    let mut children = Vec::new();
    for _ in 0..processes {
        let mut command = if subject.peer.runtime() == Runtime::Rust {
            myself(&["pound"])?
        } else {
            install::script("node", "pound.js")
        };
        command.arg(subject.key).arg(folder).arg(LOCKS.to_string()).arg(how);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        if gate == Gate::Open {
            child.stdin = None;
        }
        let stdout = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        children.push((child, stdout));
    }
    for (_, stdout) in &mut children {
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        if line.trim() != "ready" {
            return Err(format!("{}: {line:?} instead of \"ready\"", subject.peer.name()).into());
        }
    }
    let ready = now();
    for (child, _) in &mut children {
        child.stdin = None;
    }
    let mut run = Run { work: 0.0, start_up: (ready - start) as f64, finished: 0, hung: 0 };
    let begin = if gate == Gate::Closed { ready } else { start };
    let deadline = Instant::now() + PATIENCE;
    for (child, stdout) in &mut children {
        if !ends(child, deadline)? {
            child.kill()?;
            run.hung += 1;
        }
        let well = child.wait()?.success();
        let mut text = String::new();
        stdout.read_to_string(&mut text)?;
        let Some((got, done)) = text.trim().strip_prefix("got ").and_then(|rest| rest.split_once(" at ")) else {
            continue;
        };
        run.finished += usize::from(well && got == LOCKS.to_string());
        run.work = run.work.max(done.parse::<u64>()?.saturating_sub(begin) as f64);
    }
    if run.work == 0.0 {
        return Err(format!("{}: no process had a lock", subject.peer.name()).into());
    }
    Ok(run)
}

fn ends(child: &mut Child, deadline: Instant) -> Result<bool> {
    loop {
        if child.try_wait()?.is_some() {
            return Ok(true);
        }
        if Instant::now() > deadline {
            return Ok(false);
        }
        thread::sleep(Duration::from_micros(500));
    }
}

/// One of the processes: prints `ready`, waits for the end of stdin, takes the locks, prints `got N at INSTANT`.
pub(crate) fn serve(library: &str, folder: &Path, locks: usize, how: &str) -> Result {
    println!("ready");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    let paths = (0..locks).map(|number| folder.join(number.to_string()));
    match (library, how) {
        ("slocket", "serial") => RUNTIME.block_on(async {
            for path in paths {
                slocket_tokio::Slocket::new(path)?.acquire().await?.release()?;
            }
            Result::Ok(())
        })?,
        ("slocket", _) => RUNTIME.block_on(async {
            let take = |path: PathBuf| async move { slocket_tokio::Slocket::new(path)?.acquire().await?.release() };
            let tasks: Vec<_> = paths.map(|path| tokio::spawn(take(path))).collect();
            for task in tasks {
                task.await??;
            }
            Result::Ok(())
        })?,
        ("std", "serial") => paths.for_each(|path| Peer::Std.open(&path).with(&mut || ())),
        ("std", _) => {
            let threads = paths.map(|path| thread::spawn(move || Peer::Std.open(&path).with(&mut || ())));
            threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().expect("a thread"));
        }
        _ => return Err(format!("no such library: {library}").into()),
    }
    println!("got {locks} at {}", now());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_that_hangs_is_told_from_one_that_ends() {
        let sleep = |seconds: &str| Command::new("sleep").arg(seconds).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_millis(50);
        let mut hanging = sleep("1000");
        assert!(!ends(&mut hanging, deadline).unwrap());
        hanging.kill().unwrap();
        hanging.wait().unwrap();
        assert!(ends(&mut sleep("0"), Instant::now() + PATIENCE).unwrap());
    }
}
