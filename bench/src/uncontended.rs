//! Acquire and release of a lock that no other process wants.

use std::path::Path;
use std::time::Duration;

use trials::storm::FileSystem;
use trials::witness::now;

use crate::figure::{self, Figure};
use crate::peer::{Peer, Runtime};
use crate::plan::Bench;
use crate::plot;
use crate::report::{Claim, Comparison, Section, Table};
use crate::result::Result;

/// Ours and the floors first.
const PEERS: [Peer; 22] = [
    Peer::Slocket,
    Peer::SlocketTokio,
    Peer::SlocketRetained,
    Peer::SlocketTokioRetained,
    Peer::SlocketAsyncStdRetained,
    Peer::SlocketSmolRetained,
    Peer::SlocketAbstract,
    Peer::SlocketShared,
    Peer::Floor,
    Peer::BareFloor,
    Peer::AbstractFloor,
    Peer::Std,
    Peer::StdShared,
    Peer::Fs4,
    Peer::FdLock,
    Peer::NamedLock,
    Peer::LockFile,
    Peer::SpawnBlocking,
    Peer::NpmSlocket,
    Peer::NpmLockfile,
    Peer::NpmProperLockfile,
    Peer::PythonFilelock,
];

/// In all adapters.
const RETAINED: [(Peer, &str); 4] = [
    (Peer::SlocketRetained, "slocket-sync"),
    (Peer::SlocketTokioRetained, "slocket-tokio"),
    (Peer::SlocketAsyncStdRetained, "slocket-async-std"),
    (Peer::SlocketSmolRetained, "slocket-smol"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handle {
    New,
    Reused,
}

pub(crate) fn measure(bench: &mut Bench) -> Result<Section> {
    let mut section = Section {
        title: "Uncontended: acquire and release",
        text: "Time of one acquire and release together, of a lock that no other process wants. *New handle*: with naming the \
               lock (for slocket: resolving the folder, asking for its file system and the umask) or opening the file, and \
               closing it. *Reused*: without. What runs in Node or Python keeps no handle: it does the \
               same in both, measured twice, and is compared with a new handle of slocket's. The \
               floor is the bare system calls with all names prepared; `bench/src/floor.rs` gives the reason for each. \
               Without the two looks: the calls for mutual exclusion alone, which would remove a path that has become \
               another process's. *Retained*: by a handle with the option `retain`. Asynchronous \
               handles that are reused enter their runtime once for each batch."
            .into(),
        ..Section::default()
    };
    let peers = bench.present(&PEERS, &mut section.failures);
    for (file_system, folder) in bench.file_systems(&mut section.failures) {
        for handle in [Handle::Reused, Handle::New] {
            let figures = rounds(bench, &peers, handle, &folder)?;
            report(&mut section, file_system, handle, &figures)?;
        }
    }
    Ok(section)
}

type Figures = Vec<(Peer, Figure)>;

/// The median time of one acquire and release for each peer.
fn rounds(bench: &mut Bench, peers: &[Peer], handle: Handle, folder: &Path) -> Result<Figures> {
    let batch = Duration::from_micros(bench.scale.of(200, 1_000, 1_000));
    // Short and many, so that one in which something else ran is one of many.
    let rounds = bench.scale.of(2, 61, 501);
    let mut subjects = Vec::new();
    for &peer in peers {
        let path = bench.fresh_in(folder);
        // What is paid once, and how many fit a batch.
        let warm = one_batch(bench, peer, handle, &path, 20)?;
        let warm = one_batch(bench, peer, handle, &path, 20)?.min(warm);
        let count = (batch.as_nanos() as f64 / warm).ceil().max(2.0) as u64;
        subjects.push((peer, path, count, Vec::new()));
    }
    for _ in 0..rounds {
        for (peer, path, count, samples) in &mut subjects {
            samples.push(one_batch(bench, *peer, handle, path, *count)?);
        }
    }
    let figure = |(peer, _, _, samples): (Peer, _, _, Vec<f64>)| Some((peer, Figure::of(&samples)?));
    Ok(subjects.into_iter().filter_map(figure).collect())
}

/// The mean time of one of `count`, in nanoseconds.
fn one_batch(bench: &mut Bench, peer: Peer, handle: Handle, path: &Path, count: u64) -> Result<f64> {
    let nanos = match (peer.runtime(), handle) {
        (Runtime::Rust, Handle::New) => {
            let start = now();
            for _ in 0..count {
                peer.open(path).with(&mut || ());
            }
            now() - start
        }
        (Runtime::Rust, Handle::Reused) => {
            let mut lock = peer.open(path);
            lock.with(&mut || ());
            let start = now();
            lock.repeat(count);
            now() - start
        }
        (runtime, _) => {
            let line = format!("uncontended {} {} {count}", peer.key(), path.display());
            let answers = bench.crew.command(runtime, 1, &line, Duration::from_secs(1))?;
            let Some(lines) = &answers[0] else { return Err(format!("{} is hung", peer.name()).into()) };
            lines[0].trim_start_matches("done ").parse()?
        }
    };
    Ok(nanos as f64 / count as f64)
}

fn report(section: &mut Section, file_system: FileSystem, handle: Handle, figures: &Figures) -> Result {
    let (place, how) = (file_system.name(), if handle == Handle::New { "new handle" } else { "reused handle" });
    let of = |wanted: Peer| {
        let found = figures.iter().find(|(peer, _)| *peer == wanted);
        found.map(|(_, figure)| figure.median).ok_or_else(|| format!("{} was not measured", wanted.name()))
    };
    let (ours, floor) = (of(Peer::Slocket)?, of(Peer::Floor)?);
    let mut table = Table::new(format!("{place}, {how}"), &["", "time (quartiles)", "to slocket", "to the floor"]);
    for (peer, figure) in figures {
        let ratio = figure::ratio(figure.median / ours);
        table.row(vec![peer.name().into(), figure.time(), ratio, figure::ratio(figure.median / floor)]);
    }
    section.tables.push(table);
    let mut bars: Vec<_> = figures
        .iter()
        .map(|(peer, figure)| (peer.name().to_owned(), figure.median, figure::time(figure.median)))
        .collect();
    bars.sort_by(|a, b| a.1.total_cmp(&b.1));
    let file = format!("uncontended-{place}-{}.svg", how.split(' ').next().unwrap_or_default());
    let title = format!("Acquire and release, uncontended, {place}, {how} (log scale)");
    section.plots.push((file, plot::bars(&title, &bars)?));

    let rivals: &[Peer] = match handle {
        Handle::Reused => &[Peer::Floor, Peer::Std, Peer::LockFile],
        Handle::New => &[Peer::Floor, Peer::Std, Peer::NpmSlocket, Peer::NpmLockfile, Peer::PythonFilelock],
    };
    for (peer, figure) in figures.iter().filter(|(peer, _)| rivals.contains(peer)) {
        section.comparisons.push(Comparison {
            what: format!("uncontended, {place}, {how}"),
            other: peer.name().into(),
            factor: figure.median / ours,
        });
    }
    let by_name = of(Peer::SlocketAbstract)?;
    let mut claim = |text: &str, value, most| {
        section.claims.push(Claim::at_most(format!("uncontended, {place}, {how}: {text}"), value, most, figure::ratio));
    };
    match handle {
        Handle::Reused => {
            claim("within 1.15× of the floor", ours / floor, 1.15);
            let std = of(Peer::Std)?;
            for (peer, adapter) in RETAINED {
                let text = format!("a retained handle of {adapter} at most 0.1× of std File::lock");
                claim(&text, of(peer)? / std, 0.1);
            }
            claim("an abstract name within 1.25× of its floor", by_name / of(Peer::AbstractFloor)?, 1.25);
        }
        Handle::New => {
            let text = "an abstract name at most 2.5× of std File::lock with open and close";
            claim(text, by_name / of(Peer::Std)?, 2.5);
        }
    }
    Ok(())
}
