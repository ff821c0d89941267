//! Four at a time, of many.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use trials::witness::now;

use crate::command_line;
use crate::contention::{Bout, Held, contend};
use crate::crew::Worker;
use crate::figure::{self, Figure};
use crate::install;
use crate::peer::{PERMITS, Peer, Runtime};
use crate::plan::{Bench, Scale};
use crate::recovery::{Waiter, kill_to_acquired};
use crate::report::{Claim, Comparison, Section, Table};
use crate::result::Result;
use crate::waiter::hold;

const PEERS: [Peer; 3] = [Peer::SlocketSemaphore, Peer::FlockFiles, Peer::PythonSemaphore];

/// One peer's rounds.
struct Rounds {
    peer: Peer,
    rates: Vec<f64>,
    jain: Vec<f64>,
    longest: Vec<f64>,
    recoveries: Vec<f64>,
    most: usize,
    left: usize,
    hung: usize,
}

pub(crate) fn measure(bench: &mut Bench) -> Result<Section> {
    let processes = bench.scale.of(8, 16, 64);
    let window = Duration::from_millis(bench.scale.of(100, 300, 2_000));
    let mut section = Section {
        title: "Semaphore",
        text: format!(
            "{processes} processes, of which {PERMITS} at a time have a permit, for a millisecond each time, asleep, and ask again at \
             once. {} permits in a second is all that there can be. *Jain's index* of how often each had one. Recovery: a process that has \
             one of {PERMITS} permits is killed by SIGKILL, and another waits; the time from just before kill(2) to the return of its \
             acquire. What is left: files in the folder when all have ended. On tmpfs. (portalocker looks every millisecond here; its \
             default is 250.)",
            PERMITS * 1_000
        ),
        ..Section::default()
    };
    let peers = bench.present(&PEERS, &mut section.failures);
    let mut all: Vec<Rounds> = peers.iter().map(|&peer| Rounds::of(peer)).collect();
    for _ in 0..bench.rounds() {
        for rounds in all.iter_mut().filter(|rounds| rounds.hung == 0) {
            let path = bench.fresh_folder()?.join("lock");
            let bout = Bout { peer: rounds.peer, processes, held: Held::SleepMilli, window };
            let seen = contend(&mut bench.crew, bout, &path)?;
            rounds.rates.push(seen.rate());
            rounds.jain.push(seen.jain());
            rounds.longest.push(seen.longest_wait() as f64);
            rounds.most = rounds.most.max(seen.depth());
            rounds.hung += seen.hung;
            rounds.left = rounds.left.max(files(&path)?);
            rounds.recoveries.push(recovery(rounds.peer, &bench.fresh_folder()?.join("lock"))?);
        }
    }
    let head = ["", "permits/s (quartiles)", "Jain's index", "longest wait", "most at a time", "recovery", "left"];
    let mut table = Table::new(format!("{processes} processes, {PERMITS} permits"), &head);
    let mut medians = Vec::new();
    for rounds in &all {
        let (Some(rate), Some(jain), Some(recovery)) =
            (Figure::of(&rounds.rates), Figure::of(&rounds.jain), Figure::of(&rounds.recoveries))
        else {
            continue;
        };
        let [median, low, high] = [rate.median, rate.low, rate.high].map(figure::number);
        let longest = rounds.longest.iter().copied().fold(0.0, f64::max);
        table.row(vec![
            rounds.peer.name().into(),
            format!("{median} ({low} … {high})"),
            format!("{:.4}", jain.median),
            figure::time(longest),
            rounds.most.to_string(),
            figure::time(recovery.median),
            format!("{} files", rounds.left),
        ]);
        if rounds.most > PERMITS {
            section.failures.push(format!("{}: {} had a permit at a time", rounds.peer.name(), rounds.most));
        }
        medians.push((rounds.peer, rate.median, jain.median, longest, recovery.median));
    }
    section.tables.push(table);
    commands(bench, processes, &mut section)?;
    let Some((ours, others)) = medians.split_first() else { return Err("nothing was measured".into()) };
    for (peer, rate, _, longest, recovery) in others {
        let compared = [
            ("permits/s", ours.1 / rate),
            ("longest wait", longest / ours.3.max(1.0)),
            ("recovery from a killed holder", recovery / ours.4.max(1.0)),
        ];
        section.comparisons.extend(compared.map(|(what, factor)| Comparison {
            what: format!("{processes} processes on {PERMITS} permits, {what}"),
            other: peer.name().into(),
            factor,
        }));
    }
    let text = format!("{processes} processes on {PERMITS} permits: Jain's index at least 0.99");
    section.claims.push(Claim::at_least(text, ours.2, 0.99, |value| format!("{value:.4}")));
    bench.crew.dismiss(Runtime::Python);
    Ok(section)
}

impl Rounds {
    fn of(peer: Peer) -> Self {
        let empty = Vec::new;
        Self { peer, rates: empty(), jain: empty(), longest: empty(), recoveries: empty(), most: 0, left: 0, hung: 0 }
    }
}

/// From the SIGKILL of one that has a permit to the acquire of one that waits, in nanoseconds.
fn recovery(peer: Peer, path: &Path) -> Result<f64> {
    let mut holders = (0..PERMITS).map(|_| hold(peer, path)).collect::<Result<Vec<Worker>>>()?;
    let waiter = Waiter::start(peer, path)?;
    let killed = holders.swap_remove(1);
    let time = kill_to_acquired(killed, waiter, Duration::from_secs(10))?;
    time.ok_or_else(|| format!("{}: the permit of a killed process never came back", peer.name()).into())
}

/// The same at the command line: the tool beside GNU parallel's `sem`.
fn commands(bench: &mut Bench, count: usize, section: &mut Section) -> Result {
    let tool = command_line::tool()?;
    let mut commands: Vec<(&str, PathBuf, Vec<Vec<f64>>)> = vec![("slocket run --slots 4", tool, vec![Vec::new(); 2])];
    match install::version_of("sem", "GNU parallel ") {
        _ if bench.scale == Scale::Tiny => {}
        Ok(_) => commands.push(("GNU sem -j 4", "sem".into(), vec![Vec::new(); 2])),
        Err(error) => section.failures.push(format!("GNU sem is missing ({error}): install the package `parallel`")),
    }
    for _ in 0..bench.scale.of(1, 2, 5) {
        for (name, program, times) in &mut commands {
            let folder = bench.fresh_folder()?;
            let command = |sleep: &str| {
                let mut command = Command::new(&*program);
                if program.ends_with("sem") {
                    command.env("PARALLEL_HOME", &folder).args(["--will-cite", "--fg", "--id", "bench", "-j", "4"]);
                } else {
                    command.args(["run", "-q", "--slots", "4"]).arg(folder.join("lock")).arg("--");
                }
                command.args(["sleep", sleep]).stdin(Stdio::null());
                command
            };
            let start = now();
            let children = (0..count).map(|_| command("0.02").spawn()).collect::<std::io::Result<Vec<_>>>()?;
            for mut child in children {
                if !child.wait()?.success() {
                    return Err(format!("{name}: a command failed").into());
                }
            }
            times[0].push((now() - start) as f64);

            let mut holders = (0..PERMITS).map(|_| command("60").spawn()).collect::<std::io::Result<Vec<_>>>()?;
            while holders.iter().any(|holder| child_of(holder).is_none()) {
                thread::sleep(Duration::from_millis(5));
            }
            let mut waiter = command("0").spawn()?;
            thread::sleep(Duration::from_millis(500));
            let killed = now();
            // With the command that it started: else that has the permit still.
            kill(&mut holders[1])?;
            let ended = waiter.wait()?;
            times[1].push((now() - killed) as f64);
            for (_, holder) in holders.iter_mut().enumerate().filter(|(number, _)| *number != 1) {
                kill(holder)?;
            }
            if !ended.success() {
                return Err(format!("{name}: {ended}").into());
            }
        }
    }
    let ideal = count.div_ceil(PERMITS) as f64 * 2e7;
    let head = ["", "all have ended after", "to slocket", "killed to the end of one that waited"];
    let title =
        format!("{count} commands at once, each of 20 ms, {PERMITS} at a time: {} at least", figure::time(ideal));
    let mut table = Table::new(title, &head);
    let mut ours = None;
    for (name, _, times) in &commands {
        let (Some(all), Some(recovery)) = (Figure::of(&times[0]), Figure::of(&times[1])) else { continue };
        let first = *ours.get_or_insert(all.median);
        table.row(vec![(*name).into(), all.time(), figure::ratio(all.median / first), recovery.time()]);
        if all.median > first {
            let what = format!("{count} commands, {PERMITS} at a time");
            section.comparisons.push(Comparison { what, other: (*name).into(), factor: all.median / first });
        }
    }
    section.tables.push(table);
    Ok(())
}

/// The command that one of these has started.
fn child_of(parent: &Child) -> Option<Pid> {
    let parent_of = |status: &str| status.rsplit(')').next()?.split_whitespace().nth(1)?.parse::<u32>().ok();
    let is_it = |pid: &i32| {
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        status.contains("(sleep)") && parent_of(&status) == Some(parent.id())
    };
    let pids = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(is_it).find_map(Pid::from_raw)
}

/// Kills one of them and the command that it has started.
fn kill(parent: &mut Child) -> Result {
    let child = child_of(parent);
    parent.kill()?;
    if let Some(child) = child {
        kill_process(child, Signal::KILL)?;
    }
    parent.wait()?;
    Ok(())
}

/// What is in the folder of a path.
fn files(path: &Path) -> Result<usize> {
    Ok(fs::read_dir(path.parent().ok_or("a path has a folder")?)?.count())
}
