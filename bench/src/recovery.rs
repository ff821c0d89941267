//! From the SIGKILL of the holder to the next acquisition.

use std::path::Path;
use std::thread;
use std::time::Duration;

use trials::process;
use trials::witness::now;

use crate::crew::Worker;
use crate::figure::{self, Figure};
use crate::peer::{Peer, Runtime};
use crate::plan::{Bench, Scale};
use crate::report::{Comparison, Section, Table};
use crate::result::Result;
use crate::waiter::hold;

const PEERS: [Peer; 7] = [
    Peer::Slocket,
    Peer::SlocketTokio,
    Peer::Std,
    Peer::PythonFilelock,
    Peer::LockFile,
    Peer::NpmSlocket,
    Peer::NpmProperLockfile,
];

pub(crate) fn measure(bench: &mut Bench) -> Result<Section> {
    let patience = Duration::from_secs(bench.scale.of(1, 2, 30));
    let mut section = Section {
        title: "Recovery",
        text: format!(
            "A process holds the lock (on tmpfs), another waits for it, the holder is killed by SIGKILL. The time from just \
             before kill(2) to the return of the waiter's acquire. A waiter that has not acquired it {} later is not waited for any \
             longer: a lock file and npm's slocket wait for a human; proper-lockfile calls a lock stale that its owner has \
             not touched for ten seconds.",
            figure::time(patience.as_nanos() as f64)
        ),
        ..Section::default()
    };
    let mut peers = bench.present(&PEERS, &mut section.failures);
    // It takes more than ten seconds.
    peers.retain(|&peer| bench.scale == Scale::Full || peer != Peer::NpmProperLockfile);
    let mut all: Vec<(Peer, Vec<f64>, bool)> = peers.iter().map(|&peer| (peer, Vec::new(), false)).collect();
    for _ in 0..bench.scale.of(2, 5, 31) {
        for (peer, times, never) in &mut all {
            // Once is enough of what takes its whole time.
            let slow = times.first().is_some_and(|&time| time > 1e9);
            if *never || slow {
                continue;
            }
            match once(*peer, &bench.fresh_path(), patience)? {
                Some(nanos) => times.push(nanos),
                None => *never = true,
            }
        }
    }
    let mut table =
        Table::new("holder killed, one waiter", &["", "kill to acquired (quartiles)", "worst", "to slocket"]);
    let ours = Figure::of(&all[0].1).ok_or("slocket has not recovered")?.median;
    for (peer, times, never) in &all {
        let Some(figure) = Figure::of(times) else {
            let text = format!("not within {}", figure::time(patience.as_nanos() as f64));
            table.row(vec![peer.name().into(), text, "never".into(), "∞".into()]);
            continue;
        };
        let worst = times.iter().copied().fold(0.0, f64::max);
        let worst = if *never { "never".into() } else { figure::time(worst) };
        table.row(vec![peer.name().into(), figure.time(), worst, figure::ratio(figure.median / ours)]);
        if [Peer::Std, Peer::PythonFilelock, Peer::NpmProperLockfile].contains(peer) {
            let what = "recovery from a killed holder".into();
            section.comparisons.push(Comparison { what, other: peer.name().into(), factor: figure.median / ours });
        }
    }
    for (peer, _, _) in all.iter().filter(|(peer, _, never)| *never && peer.runtime() == Runtime::Rust) {
        if *peer != Peer::LockFile {
            section.failures.push(format!("recovery: {} never acquired the lock", peer.name()));
        }
    }
    section.tables.push(table);
    Ok(section)
}

/// The time in nanoseconds; `None`: not within the patience.
fn once(peer: Peer, path: &Path, patience: Duration) -> Result<Option<f64>> {
    let holder = hold(peer, path)?;
    let waiter = Waiter::start(peer, path)?;
    kill_to_acquired(holder, waiter, patience).map_err(|error| format!("{}: {error}", peer.name()).into())
}

/// One that has asked, and waits.
pub(crate) struct Waiter(Worker);

impl Waiter {
    pub(crate) fn start(peer: Peer, path: &Path) -> Result<Self> {
        let mut waiter = Worker::start(peer.runtime())?;
        waiter.send(&format!("hold {} {}", peer.key(), path.display()))?;
        waiter.expect("asked")?;
        let waiting = waiter.pid().as_raw_nonzero().get().unsigned_abs();
        // It has asked; now until it sleeps, or looks at the lock now and then.
        for _ in 0..100 {
            thread::sleep(Duration::from_millis(1));
            if process::state(waiting) == Some('S') {
                break;
            }
        }
        Ok(Self(waiter))
    }
}

/// Kills the holder: the time in nanoseconds until the waiter holds; `None`: not within the patience.
pub(crate) fn kill_to_acquired(mut holder: Worker, waiter: Waiter, patience: Duration) -> Result<Option<f64>> {
    let Waiter(mut waiter) = waiter;
    let pid = waiter.pid();
    let (answered, watch) = std::sync::mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        if watch.recv_timeout(patience).is_err_and(|error| error == std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    });
    let killed = now();
    holder.kill();
    let held = waiter.expect("held");
    drop(answered);
    watchdog.join().expect("the watchdog");
    match held {
        Ok(acquired) => match acquired.parse::<u64>()?.checked_sub(killed) {
            Some(nanos) => Ok(Some(nanos as f64)),
            None => Err("two holders: acquired before the holder was killed".into()),
        },
        Err(_) => Ok(None),
    }
}
