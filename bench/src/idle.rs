//! From a process that retains the lock, and sleeps, to another.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::thread;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use trials::witness::now;

use crate::crew::myself;
use crate::figure::{self, Figure};
use crate::handover::HandOver;
use crate::plan::Bench;
use crate::report::{Claim, Section, Table};
use crate::result::Result;

/// Longer than the measure takes.
const RETAINED: Duration = Duration::from_secs(600);

/// For so long nothing happens before each acquire: all processes sleep.
const PAUSE: Duration = Duration::from_millis(1);

/// The process that holds the lock at first: it is told to have it, says so, and sleeps.
struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

#[derive(Clone, Copy)]
enum Kind {
    Retainer,
    Floor,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retainer => "retainer",
            Self::Floor => "floor",
        })
    }
}

impl Server {
    fn start(kind: Kind, path: &Path) -> Result<Self> {
        let mut command = myself(&["idle", &kind.to_string()])?;
        let mut child = command.arg(path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().ok_or("no stdin")?;
        let stdout = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        Ok(Self { child, stdin, stdout })
    }

    /// Has it take the lock, retain it, and sleep.
    fn retain(&mut self) -> Result {
        self.stdin.write_all(b"\n")?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        if line == "ready\n" { Ok(()) } else { Err(format!("{line:?} instead of \"ready\"").into()) }
    }

    fn end(self) -> Result {
        let Self { mut child, stdin, stdout } = self;
        drop((stdin, stdout));
        if child.wait()?.success() { Ok(()) } else { Err("the process that retains the lock has failed".into()) }
    }
}

pub(crate) fn measure(bench: &mut Bench) -> Result<Section> {
    let mut section = Section {
        title: "From an idle retainer",
        text: "Another process retains the lock (on tmpfs), and sleeps. From the call of acquire until the lock is had, beside an \
               acquire of a lock that no process has; both with a reused handle that does not retain it, each after a millisecond in \
               which nothing happens. The *floor* is the barest passing on of a listener between two processes: the one sleeps in \
               epoll(7), accepts, and sends; the other connects, polls, and receives. It has two changes of the process, which a free lock \
               does not have."
            .into(),
        ..Section::default()
    };
    let [free, retained, bare] = [(); 3].map(|()| bench.fresh_path());
    let mut servers = [Server::start(Kind::Retainer, &retained)?, Server::start(Kind::Floor, &bare)?];
    let handles = [&free, &retained].map(slocket_sync::Slocket::new);
    let floor = HandOver::new(&bare);
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..bench.scale.of(3, 300, 2_000) {
        for (is_retained, (handle, times)) in [false, true].into_iter().zip(handles.iter().zip(&mut times)) {
            let handle = handle.as_ref().map_err(ToString::to_string)?;
            if is_retained {
                servers[0].retain()?;
            }
            thread::sleep(PAUSE);
            let start = now();
            let guard = handle.acquire()?;
            times.push((now() - start) as f64);
            guard.release()?;
        }
        servers[1].retain()?;
        thread::sleep(PAUSE);
        let start = now();
        let listener = floor.join();
        times[2].push((now() - start) as f64);
        drop(listener);
    }
    for server in servers {
        server.end()?;
    }
    let [free, retained, floor] = times.map(|times| Figure::of(&times));
    let (Some(free), Some(retained), Some(floor)) = (free, retained, floor) else { return Err("not measured".into()) };
    let mut table = Table::new("acquire", &["", "time (quartiles)", "to a free lock", "to the floor"]);
    let rows = [("a free lock", free), ("from an idle retainer", retained), ("floor: the barest passing on", floor)];
    for (name, figure) in rows {
        let to = |other: Figure| figure::ratio(figure.median / other.median);
        table.row(vec![name.into(), figure.time(), to(free), to(floor)]);
    }
    section.tables.push(table);
    let text = "from an idle retainer: at most 1.2× of an acquire of a free lock";
    section.claims.push(Claim::at_most(text, retained.median / free.median, 1.2, figure::ratio));
    Ok(section)
}

/// The process that holds the lock at first: for each line on stdin once. Prints `ready` when it has it.
pub(crate) fn serve(kind: &str, path: &Path) -> Result {
    let mut lines = std::io::stdin().lines();
    let ready = || writeln!(std::io::stdout(), "ready");
    if kind == Kind::Retainer.to_string() {
        let slocket = slocket_sync::Slocket::builder(path).retain(RETAINED).build()?;
        while lines.next().transpose()?.is_some() {
            slocket.acquire()?.release()?;
            ready()?;
        }
        return Ok(());
    }
    let (lock, epoll) = (HandOver::new(path), epoll::create(CreateFlags::CLOEXEC)?);
    while lines.next().transpose()?.is_some() {
        let listener = lock.listen().ok_or("the path of the last one is there")?;
        epoll::add(&epoll, &listener, EventData::new_u64(0), EventFlags::IN | EventFlags::ONESHOT)?;
        ready()?;
        let mut events = Vec::with_capacity(1);
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        if !HandOver::pass(&listener) {
            return Err("no process has come".into());
        }
        // (The receiver does not remove it: that would be no part of an acquire.)
        std::fs::remove_file(path)?;
    }
    Ok(())
}
