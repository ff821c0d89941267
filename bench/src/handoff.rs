//! From the release of one process to the acquired of the next.

use hdrhistogram::Histogram;

use crate::contention::{Bout, Contention, Held, contend};
use crate::figure::{self, Figure};
use crate::peer::{Peer, Runtime};
use crate::plan::{Bench, Scale};
use crate::plot::{self, Axes, Series};
use crate::report::{Claim, Comparison, Section, Table};
use crate::result::Result;

const PEERS: [Peer; 15] = [
    Peer::Slocket,
    Peer::SlocketTokio,
    Peer::SlocketRetained,
    Peer::HandOverFloor,
    Peer::Std,
    Peer::Fs4,
    Peer::FdLock,
    Peer::NamedLock,
    Peer::SpawnBlocking,
    Peer::Poll1,
    Peer::LockFile,
    Peer::NpmSlocket,
    Peer::NpmLockfile,
    Peer::NpmProperLockfile,
    Peer::PythonFilelock,
];

/// Those whose figures are the same system calls as another's, and are left out where time is short.
const ALIKE: [Peer; 3] = [Peer::Fs4, Peer::FdLock, Peer::NamedLock];

pub(crate) fn measure(bench: &mut Bench) -> Result<Section> {
    let mut section = Section {
        title: "Handoff between processes",
        text: "Processes acquire, hold and release one lock (on tmpfs, with reused handles) again and again. The time from the \
               beginning of a release to the return of the next acquire, both as instants of `CLOCK_MONOTONIC` in logs of \
               each process, merged afterwards. Only *handoffs* count: the next holder is another process, and had asked \
               before the release. *Handoffs of acquisitions* says how many of all acquisitions that were: a process that \
               takes the lock again at once, past the waiters, is quick, but hands nothing over. (A waiter that is between two \
               tries counts as waiting; how long it was passed over before stands under \"Fairness\".) All rounds together; the \
               p50 also as the median over the rounds, with quartiles. The bare hand-over \
               is the same passing on of a listener without all that makes it survive a crash (`bench/src/handover.rs`). \
               Python's filelock polls at 1 ms here, not at its \
               default of 50 ms. \"Errors\": times that npm's slocket gave up with ECONNRESET and was asked again."
            .into(),
        ..Section::default()
    };
    let mut peers = bench.present(&PEERS, &mut section.failures);
    if bench.scale != Scale::Full {
        peers.retain(|peer| !ALIKE.contains(peer));
    }
    let contenders: &[usize] = bench.scale.of(&[2], &[2, 16], &[2, 4, 16, 64]);
    let holds: &[Held] = bench.scale.of(
        &[Held::Spin50Micros],
        &[Held::Spin50Micros],
        &[Held::Not, Held::Spin50Micros, Held::SleepMilli],
    );
    for &held in holds {
        for &processes in contenders {
            let results = bouts(bench, &peers, processes, held, &mut section.failures)?;
            report(&mut section, processes, held, &results)?;
        }
    }
    Ok(section)
}

/// One peer's handoffs, over all rounds.
struct Handoffs {
    peer: Peer,
    all: Histogram<u64>,
    /// The p50 of each round.
    medians: Vec<f64>,
    acquisitions: usize,
    errors: u64,
    hung: usize,
    overlaps: usize,
}

impl Handoffs {
    fn new(peer: Peer) -> Result<Self> {
        let all = Histogram::new(3)?;
        Ok(Self { peer, all, medians: Vec::new(), acquisitions: 0, errors: 0, hung: 0, overlaps: 0 })
    }

    fn add(&mut self, seen: &Contention) -> Result {
        let mut round = Histogram::<u64>::new(3)?;
        for handoff in seen.handoffs() {
            round.record(handoff.max(1))?;
        }
        if !round.is_empty() {
            self.medians.push(round.value_at_quantile(0.5) as f64);
        }
        self.all.add(&round)?;
        self.acquisitions += seen.count();
        self.errors += seen.errors;
        self.hung += seen.hung;
        self.overlaps += seen.overlaps();
        Ok(())
    }

    fn at(&self, quantile: f64) -> f64 {
        self.all.value_at_quantile(quantile) as f64
    }

    fn p50(&self) -> Option<Figure> {
        Figure::of(&self.medians)
    }

    fn remarks(&self) -> String {
        let mut remarks = Vec::new();
        if self.errors > 0 {
            remarks.push(format!("{} errors", self.errors));
        }
        if self.hung > 0 {
            remarks.push(format!("{} processes hung", self.hung));
        }
        if self.overlaps > 0 {
            remarks.push(format!("**{} times two holders**", self.overlaps));
        }
        remarks.join(", ")
    }
}

fn bouts(
    bench: &mut Bench,
    peers: &[Peer],
    processes: usize,
    held: Held,
    failures: &mut Vec<String>,
) -> Result<Vec<Handoffs>> {
    let mut results = peers.iter().map(|&peer| Handoffs::new(peer)).collect::<Result<Vec<_>>>()?;
    for _ in 0..bench.rounds() {
        for result in &mut results {
            // A peer that hangs costs its whole patience each time.
            if result.hung > 0 {
                continue;
            }
            let bout = Bout { peer: result.peer, processes, held, window: bench.window() };
            let path = bench.fresh_path();
            result.add(&contend(&mut bench.crew, bout, &path)?)?;
        }
    }
    let ours = results.iter().filter(|result| result.peer.runtime() == Runtime::Rust);
    for result in ours.filter(|result| result.overlaps > 0 || result.hung > 0) {
        failures.push(format!("{}, {processes} contenders: {}", result.peer.name(), result.remarks()));
    }
    Ok(results)
}

fn report(section: &mut Section, processes: usize, held: Held, results: &[Handoffs]) -> Result {
    let find = |wanted: Peer| results.iter().find(|result| result.peer == wanted);
    let ours = find(Peer::Slocket).ok_or("slocket was not measured")?;
    let our_p50 = ours.p50().map(|figure| figure.median);
    let head =
        ["", "p50 (rounds)", "p99", "p99.9", "max", "handoffs of acquisitions", "p50 to slocket", "p99 to slocket", ""];
    let mut table = Table::new(format!("{processes} contenders, {}", held.name()), &head);
    let mut series = Vec::new();
    for result in results {
        let name = result.peer.name().to_owned();
        let shares = format!("{} of {}", result.all.len(), result.acquisitions);
        let none = || "none".to_owned();
        let Some(p50) = result.p50() else {
            table.row(vec![name, none(), none(), none(), none(), shares, none(), none(), result.remarks()]);
            continue;
        };
        table.row(vec![
            name.clone(),
            p50.time(),
            figure::time(result.at(0.99)),
            figure::time(result.at(0.999)),
            figure::time(result.all.max() as f64),
            shares,
            our_p50.map_or_else(none, |ours| figure::ratio(p50.median / ours)),
            our_p50.map_or_else(none, |_| figure::ratio(result.at(0.99) / ours.at(0.99))),
            result.remarks(),
        ]);
        let most = result.all.len() as f64;
        let ones_in = [2.0, 4.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0, 10_000.0];
        let points = ones_in.iter().filter(|&&one_in| one_in <= most);
        series.push(Series { name, points: points.map(|&x| (x, result.at(1.0 - 1.0 / x))).collect() });
        if held == Held::Spin50Micros
            && let Some(ours) = our_p50
        {
            compare(section, result, processes, p50.median / ours);
        }
    }
    section.tables.push(table);
    // One table for each pair is needed; of the plots, those of one hold.
    if held == Held::Spin50Micros {
        let axes = Axes {
            title: &format!("Handoff, {processes} contenders, {}", held.name()),
            x: "handoffs that took no longer (left edge: half of them)",
            y: "release to acquired",
            x_label: |one_in| format!("{} %", figure::number(100.0 * (1.0 - 1.0 / one_in)).trim_end_matches(".00")),
            y_label: figure::time,
        };
        section.plots.push((format!("handoff-{processes}.svg"), plot::lines(&axes, &series)?));
    }
    if processes == 2 && held == Held::Spin50Micros {
        let flock = find(Peer::Std).ok_or("flock was not measured")?;
        section.claims.extend(claims(ours, flock));
    }
    Ok(())
}

fn claims(ours: &Handoffs, flock: &Handoffs) -> [Claim; 2] {
    let text = "handoff, 2 contenders, 50 µs held:";
    let texts = [format!("{text} p50 within 1.15× of flock's"), format!("{text} p99 no worse than flock's")];
    let (Some(p50), Some(flock_p50)) = (ours.p50(), flock.p50()) else {
        return texts.map(|text| Claim { text, measured: "one of them handed nothing over".into(), reached: false });
    };
    let [of_p50, of_p99] = texts;
    [
        Claim::at_most(of_p50, p50.median / flock_p50.median, 1.15, figure::ratio),
        Claim::at_most(of_p99, ours.at(0.99) / flock.at(0.99), 1.0, figure::ratio),
    ]
}

fn compare(section: &mut Section, result: &Handoffs, processes: usize, factor: f64) {
    let rivals = [Peer::Std, Peer::SpawnBlocking, Peer::LockFile, Peer::NpmSlocket, Peer::PythonFilelock];
    if [2, 16].contains(&processes) && rivals.contains(&result.peer) {
        section.comparisons.push(Comparison {
            what: format!("handoff p50, {processes} contenders, 50 µs held"),
            other: result.peer.name().into(),
            factor,
        });
    }
}
