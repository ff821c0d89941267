//! Acquisitions in a second, of so many processes together.

use crate::contention::{Bout, Held, contend};
use crate::figure::{self, Figure};
use crate::peer::{Peer, Runtime};
use crate::plan::Bench;
use crate::plot::{self, Axes, Series};
use crate::report::{Comparison, Section, Table};
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
               acquisitions by another process than the last holder stands beside it."
            .into(),
        ..Section::default()
    };
    let peers = bench.present(&PEERS, &mut section.failures);
    let counts: &[usize] = bench.scale.of(&[1, 2], &[1, 8], &[1, 2, 8, 32, 128]);
    let mut series: Vec<_> = peers.iter().map(|peer| Series { name: peer.name().into(), points: Vec::new() }).collect();
    for &processes in counts {
        let mut rates = vec![Vec::new(); peers.len()];
        let mut changes = vec![Vec::new(); peers.len()];
        let mut hung = vec![0; peers.len()];
        for _ in 0..bench.rounds() {
            for (index, &peer) in peers.iter().enumerate() {
                if hung[index] > 0 {
                    continue;
                }
                let bout = Bout { peer, processes, held: Held::Not, window: bench.window() };
                let path = bench.fresh_path();
                let seen = contend(&mut bench.crew, bout, &path)?;
                rates[index].push(seen.rate());
                changes[index].push(seen.changes());
                hung[index] += seen.hung;
            }
        }
        let ours = Figure::of(&rates[0]).ok_or("slocket was not measured")?.median;
        let head = ["", "acquisitions/s (quartiles)", "to slocket", "change the process", ""];
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
