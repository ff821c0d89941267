//! Which process gets the lock, and in which order.

use std::time::Duration;

use crate::contention::{Bout, Held, contend};
use crate::figure::{self, Figure};
use crate::peer::Peer;
use crate::plan::Bench;
use crate::report::{Claim, Comparison, Section, Table};
use crate::result::Result;

const PEERS: [Peer; 11] = [
    Peer::Slocket,
    Peer::SlocketTokio,
    Peer::SlocketRetained,
    Peer::HandOverFloor,
    Peer::Std,
    Peer::SpawnBlocking,
    Peer::Poll1,
    Peer::LockFile,
    Peer::NpmSlocket,
    Peer::NpmProperLockfile,
    Peer::PythonFilelock,
];

/// One peer's rounds.
struct Rounds {
    peer: Peer,
    jain: Vec<f64>,
    changes: Vec<f64>,
    longest: Vec<f64>,
    inversions: Vec<f64>,
    acquisitions: usize,
    hung: usize,
}

pub(crate) fn measure(bench: &mut Bench) -> Result<Section> {
    let mut section = Section {
        title: "Fairness",
        text: "Processes acquire, spin for 50 µs under the lock, release, and ask again at once. *Jain's index* of how often \
               each process held the lock: 1 if all equally often, 1/n if one alone. *Changes*: the share of acquisitions by another \
               process than the last holder. *Longest wait*: of all processes, including those that still waited at the end. \
               *Inversions*: the share of acquisitions that overtook a process that had asked before; two processes that ask at the same \
               time may join the queue in the other order, which counts here. Medians over the rounds, the longest wait the \
               worst of all."
            .into(),
        ..Section::default()
    };
    let peers = bench.present(&PEERS, &mut section.failures);
    let window = Duration::from_millis(bench.scale.of(50, 150, 1_000));
    for &processes in bench.scale.of(&[4][..], &[4, 16], &[4, 16]) {
        let empty = |&peer| Rounds {
            peer,
            jain: Vec::new(),
            changes: Vec::new(),
            longest: Vec::new(),
            inversions: Vec::new(),
            acquisitions: 0,
            hung: 0,
        };
        let mut all: Vec<Rounds> = peers.iter().map(empty).collect();
        for _ in 0..bench.rounds() {
            for rounds in &mut all {
                if rounds.hung > 0 {
                    continue;
                }
                let bout = Bout { peer: rounds.peer, processes, held: Held::Spin50Micros, window };
                let path = bench.fresh_path();
                let seen = contend(&mut bench.crew, bout, &path)?;
                rounds.jain.push(seen.jain());
                rounds.changes.push(seen.changes());
                rounds.longest.push(seen.longest_wait() as f64);
                rounds.inversions.push(seen.inversions());
                rounds.acquisitions += seen.count();
                rounds.hung += seen.hung;
            }
        }
        report(&mut section, processes, &all)?;
    }
    Ok(section)
}

fn report(section: &mut Section, processes: usize, all: &[Rounds]) -> Result {
    let head = ["", "Jain's index", "changes", "longest wait", "inversions", "acquisitions", ""];
    let mut table = Table::new(format!("{processes} contenders, 50 µs held, spinning"), &head);
    let percent = |share: f64| format!("{} %", figure::number(share * 100.0));
    let median = |values: &[f64]| Figure::of(values).map_or(f64::NAN, |figure| figure.median);
    let worst = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let ours = all.iter().find(|rounds| rounds.peer == Peer::Slocket).ok_or("slocket was not measured")?;
    for rounds in all {
        let hung = if rounds.hung > 0 { format!("{} processes hung", rounds.hung) } else { String::new() };
        table.row(vec![
            rounds.peer.name().into(),
            format!("{:.4}", median(&rounds.jain)),
            percent(median(&rounds.changes)),
            figure::time(worst(&rounds.longest)),
            percent(median(&rounds.inversions)),
            rounds.acquisitions.to_string(),
            hung,
        ]);
        let rivals = [Peer::Std, Peer::SpawnBlocking, Peer::LockFile, Peer::NpmSlocket];
        if rivals.contains(&rounds.peer) {
            section.comparisons.push(Comparison {
                what: format!("longest wait, {processes} contenders, 50 µs held"),
                other: rounds.peer.name().into(),
                factor: worst(&rounds.longest) / worst(&ours.longest),
            });
        }
    }
    section.tables.push(table);
    let text = format!("{processes} contenders, 50 µs held:");
    let index = |value: f64| format!("{value:.4}");
    section.claims.push(Claim::at_least(format!("{text} Jain's index at least 0.99"), median(&ours.jain), 0.99, index));
    let changes = median(&ours.changes);
    section.claims.push(Claim::at_least(format!("{text} 95 % change the process"), changes, 0.95, percent));
    Ok(())
}
