//! A writer among readers: how long does it wait?

use std::time::Duration;

use crate::contention::{Bout, Contention, Held, call, contend_from};
use crate::crew::Worker;
use crate::figure::{self, Figure};
use crate::peer::{Peer, Runtime};
use crate::plan::Bench;
use crate::plot::{self, Axes, Series};
use crate::report::{Comparison, Section, Table};
use crate::result::Result;

/// The readers, and the writers.
const PEERS: [(Peer, Peer); 2] = [(Peer::SlocketShared, Peer::Slocket), (Peer::StdShared, Peer::Std)];

/// From one hold of the writer to its next request.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) fn measure(bench: &mut Bench) -> Result<Section> {
    let mut section = Section {
        title: "Readers and a writer",
        text: format!(
            "Processes have a shared lock for a millisecond each time, asleep, and ask for it again at once; another asks for the lock \
             itself {} after it has released it. How long it waits, over all rounds; one that had not had its turn when the \
             readers went home has waited until then: it is in the last column. On tmpfs. (flock(2) lets readers in while a writer \
             waits.)",
            figure::time(PAUSE.as_nanos() as f64)
        ),
        ..Section::default()
    };
    let window = Duration::from_millis(bench.scale.of(100, 300, 1_000));
    let mut series: Vec<_> =
        PEERS.iter().map(|(peer, _)| Series { name: peer.name().into(), points: Vec::new() }).collect();
    for &readers in bench.scale.of(&[2][..], &[2, 16], &[2, 16, 64]) {
        let mut all: Vec<(Vec<f64>, Vec<f64>, usize)> = vec![Default::default(); PEERS.len()];
        for _ in 0..bench.rounds() {
            for ((reader, writer), (waits, rates, late)) in PEERS.into_iter().zip(&mut all) {
                let bout = Bout { peer: reader, processes: readers, held: Held::SleepMilli, window };
                let (reads, writes) = once(bench, bout, writer)?;
                if writes.overlaps_with(&reads) > 0 {
                    section.failures.push(format!("{}: a writer beside a reader", writer.name()));
                }
                if reads.hung > 0 {
                    section.failures.push(format!("{}, {readers} readers: hung", reader.name()));
                }
                waits.extend(writes.waits().map(|wait| wait as f64));
                rates.push(reads.rate());
                *late += usize::from(writes.ended_late());
            }
        }
        let head = ["", "a writer waits (quartiles)", "at most", "writes", "reads/s", "rounds that it waited out"];
        let mut table = Table::new(format!("{readers} readers"), &head);
        let longest = |waits: &[f64]| waits.iter().copied().fold(0.0, f64::max);
        for (((peer, _), (waits, rates, late)), series) in PEERS.into_iter().zip(&all).zip(&mut series) {
            let (Some(wait), Some(rate)) = (Figure::of(waits), Figure::of(rates)) else { continue };
            table.row(vec![
                peer.name().into(),
                wait.time(),
                figure::time(longest(waits)),
                waits.len().to_string(),
                figure::number(rate.median),
                format!("{late} of {}", bench.rounds()),
            ]);
            series.points.push((readers as f64, longest(waits)));
        }
        section.comparisons.push(Comparison {
            what: format!("longest wait of a writer among {readers} readers"),
            other: PEERS[1].0.name().into(),
            factor: longest(&all[1].0) / longest(&all[0].0).max(1.0),
        });
        section.tables.push(table);
    }
    let axes = Axes {
        title: "The longest wait of a writer",
        x: "readers",
        y: "time",
        x_label: |count| format!("{count:.0}"),
        y_label: figure::time,
    };
    section.plots.push(("readers.svg".into(), plot::lines(&axes, &series)?));
    Ok(section)
}

/// What the readers and the writer had.
fn once(bench: &mut Bench, bout: Bout, writer: Peer) -> Result<(Contention, Contention)> {
    let path = bench.fresh_path();
    let mut visitor = Worker::start(Runtime::Rust)?;
    let start = call(&mut bench.crew, bout)?;
    let end = start + u64::try_from(bout.window.as_nanos())?;
    let (key, pause) = (writer.key(), PAUSE.as_nanos());
    visitor.send(&format!("visit {key} {} {start} {end} {pause}", path.display()))?;
    let reads = contend_from(&mut bench.crew, bout, &path, start)?;
    Ok((reads, Contention::of_one(start, end, &visitor.answer()?)?))
}
