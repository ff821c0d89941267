//! Acquisitions in a second, of so many processes together.

use std::time::Duration;

use crate::contention::{Bout, Held, contend};
use crate::figure::{self, Figure};
use crate::peer::{Peer, Runtime};
use crate::plan::Bench;
use crate::plot::{self, Axes, Series};
use crate::report::{Claim, Comparison, Section, Table};
use crate::result::Result;

const PEERS: [Peer; 12] = [
    Peer::Slocket,
    Peer::SlocketTokio,
    Peer::SlocketRetained,
    Peer::HandOverFloor,
    Peer::Std,
    Peer::SpawnBlocking,
    Peer::Poll1,
    Peer::LockFile,
    Peer::NpmSlocket,
    Peer::NpmLockfile,
    Peer::NpmProperLockfile,
    Peer::PythonFilelock,
];

pub(crate) fn measure(bench: &mut Bench) -> Result<Section> {
    let mut section = Section {
        title: "Throughput",
        text: "Acquisitions in a second, of all processes together, with nothing done under the lock: on tmpfs, with reused \
               handles. A lock that does not hand over is the quicker here the less it changes the process: the share of \
               acquisitions by another process than the last holder stands beside it, with *Jain's index* and the *longest \
               wait* (see \"Fairness\"; the median of the rounds' longest). A machine on which other programs run \
               lengthens the longest wait of each, by the time for which a process is kept from running."
            .into(),
        ..Section::default()
    };
    let peers = bench.present(&PEERS, &mut section.failures);
    let window = Duration::from_millis(bench.scale.of(100, 100, 1_000));
    let counts: &[usize] = bench.scale.of(&[1, 2], &[1, 8], &[1, 2, 8, 32, 128]);
    let mut series: Vec<_> = peers.iter().map(|peer| Series { name: peer.name().into(), points: Vec::new() }).collect();
    for &processes in counts {
        let mut rates = vec![Vec::new(); peers.len()];
        let mut changes = vec![Vec::new(); peers.len()];
        let mut fairness = vec![(Vec::new(), Vec::new()); peers.len()];
        let mut hung = vec![0; peers.len()];
        for _ in 0..bench.rounds() {
            for (index, &peer) in peers.iter().enumerate() {
                if hung[index] > 0 {
                    continue;
                }
                let bout = Bout { peer, processes, held: Held::Not, window };
                let path = bench.fresh_path();
                let seen = contend(&mut bench.crew, bout, &path)?;
                rates[index].push(seen.rate());
                changes[index].push(seen.changes());
                fairness[index].0.push(seen.jain());
                fairness[index].1.push(seen.longest_wait() as f64);
                hung[index] += seen.hung;
            }
        }
        let ours = Figure::of(&rates[0]).ok_or("slocket was not measured")?.median;
        let head =
            ["", "acquisitions/s (quartiles)", "to slocket", "change the process", "Jain's index", "longest wait", ""];
        let mut table =
            Table::new(if processes == 1 { "1 process".into() } else { format!("{processes} processes") }, &head);
        for (index, &peer) in peers.iter().enumerate() {
            let (Some(rate), Some(changes)) = (Figure::of(&rates[index]), Figure::of(&changes[index])) else {
                continue;
            };
            let [median, low, high] = [rate.median, rate.low, rate.high].map(figure::number);
            table.row(vec![
                peer.name().into(),
                format!("{median} ({low} … {high})"),
                figure::ratio(ours / rate.median),
                format!("{} %", figure::number(changes.median * 100.0)),
                Figure::of(&fairness[index].0).map_or_else(String::new, |jain| format!("{:.4}", jain.median)),
                Figure::of(&fairness[index].1).map_or_else(String::new, |longest| figure::time(longest.median)),
                if hung[index] > 0 { format!("{} processes hung", hung[index]) } else { String::new() },
            ]);
            series[index].points.push((processes as f64, rate.median));
            let rivals = [Peer::Std, Peer::LockFile, Peer::NpmSlocket];
            if rivals.contains(&peer) && [8, 32].contains(&processes) {
                section.comparisons.push(Comparison {
                    what: format!("throughput of {processes} processes"),
                    other: peer.name().into(),
                    factor: ours / rate.median,
                });
            }
            if hung[index] > 0 && peer.runtime() == Runtime::Rust {
                section.failures.push(format!("{}, {processes} processes: hung", peer.name()));
            }
        }
        section.tables.push(table);
        if [2, 8, 32].contains(&processes) {
            let of = |wanted: Peer| {
                let index = peers.iter().position(|&peer| peer == wanted)?;
                let (jain, longest) = &fairness[index];
                Some((Figure::of(&rates[index])?.median, Figure::of(jain)?.median, Figure::of(longest)?.median))
            };
            let (Some(retained), Some(std)) = (of(Peer::SlocketRetained), of(Peer::Std)) else {
                return Err("a retained lock beside flock was not measured".into());
            };
            let text = |what: &str| format!("{processes} processes that retain, nothing done under the lock: {what}");
            let ratio = figure::ratio;
            let claims = [
                Claim::at_least(text("at least 0.8× of std File::lock's throughput"), retained.0 / std.0, 0.8, ratio),
                Claim::at_least(text("Jain's index at least 0.99"), retained.1, 0.99, |index| format!("{index:.4}")),
                Claim::at_most(text("at most 0.1× of its longest wait"), retained.2 / std.2, 0.1, ratio),
            ];
            section.claims.extend(claims);
        }
    }
    let axes = Axes {
        title: "Throughput, nothing done under the lock",
        x: "processes",
        y: "acquisitions in a second",
        x_label: |count| format!("{count:.0}"),
        y_label: figure::number,
    };
    section.plots.push(("throughput.svg".into(), plot::lines(&axes, &series)?));
    // So many interpreters take memory that later measures may want.
    bench.crew.dismiss(Runtime::Node);
    bench.crew.dismiss(Runtime::Python);
    Ok(section)
}
