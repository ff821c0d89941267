//! Four at a time, of many.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::contention::{Bout, Held, contend};
use crate::crew::Worker;
use crate::figure::{self, Figure};
use crate::peer::{PERMITS, Peer, Runtime};
use crate::plan::Bench;
use crate::recovery::{Waiter, kill_to_acquired};
use crate::report::{Claim, Comparison, Section, Table};
use crate::waiter::hold;
use crate::result::Result;

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

/// What is in the folder of a path.
fn files(path: &Path) -> Result<usize> {
    Ok(fs::read_dir(path.parent().ok_or("a path has a folder")?)?.count())
}
