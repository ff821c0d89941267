//! Starts the processes of the demo, kills one of them, and records each hold.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use trials::witness::now;

use super::actor::{Actor, Said, State};
use super::chart;
use super::hold::Want;
use super::play::Play;
use super::player::Runtime;
use crate::command::root;
use crate::result::Result;

/// The process that is killed, and in which of its turns, both counted from 0.
const VICTIM: (usize, usize) = (1, 2);
/// How long the victim has held the lock when it is killed.
const KILLED_AFTER: Duration = Duration::from_millis(140);
/// If no process has moved for so long, one is stuck.
const STUCK: Duration = Duration::from_secs(20);

/// The participants, and what they ask for.
pub(crate) struct Cast {
    pub(crate) rust: u16,
    pub(crate) node: u16,
    pub(crate) turns: u16,
    pub(crate) act: Act,
}

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Lock,
    Shared,
    Semaphore,
}

impl Act {
    /// What a process asks for in a turn. (The victim is a reader.)
    fn want(self, number: usize, turn: usize) -> Want {
        match self {
            Self::Lock => Want::Lock,
            Self::Shared if (number + turn) % 3 == 1 => Want::Lock,
            Self::Shared => Want::Share,
            Self::Semaphore => Want::Slot,
        }
    }
}

/// The folders that the processes share.
pub(crate) struct Stage {
    locks: TempDir,
    books: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Result<Self> {
        let stage = Self {
            locks: tempfile::Builder::new().prefix("slocket-demo-").tempdir()?,
            books: tempfile::Builder::new().prefix("slocket-demo-counter-").tempdir()?,
        };
        fs::write(stage.counter(), "0")?;
        Ok(stage)
    }

    /// The path of the lock.
    pub(crate) fn lock(&self) -> PathBuf {
        self.locks.path().join("lock")
    }

    /// The file in which each holder adds one: only the lock makes it safe.
    pub(crate) fn counter(&self) -> PathBuf {
        self.books.path().join("counter")
    }

    /// The names in the lock's folder.
    pub(crate) fn left_behind(&self) -> Result<Vec<String>> {
        let entries = fs::read_dir(self.locks.path())?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    /// Runs the processes to their end.
    pub(crate) fn perform(&self, cast: &Cast) -> Result<Play> {
        let (sender, events) = channel();
        let mut actors = Vec::new();
        for number in 0..usize::from(cast.rust + cast.node) {
            let node = number.checked_sub(usize::from(cast.rust));
            let (name, mut command) = match node {
                None => (name(number), Command::new(std::env::current_exe()?)),
                Some(node) => (format!("node-{}", node + 1), Command::new("node")),
            };
            match node {
                None => command.arg("demo-player").arg(runtime(number).argument()),
                Some(_) => command.arg(root().join("interop/demo.js")),
            };
            let turns: Vec<_> = (0..usize::from(cast.turns)).map(|turn| script(cast.act, number, turn)).collect();
            command.arg(self.lock()).arg(self.counter()).arg(turns.join(","));
            actors.push(Actor::start(name, number, &mut command, sender.clone())?);
        }
        drop(sender);
        direct(Play { actors, turns: usize::from(cast.turns), began: 0, ended: 0 }, &events)
    }
}

/// The runtimes in turn.
fn runtime(number: usize) -> Runtime {
    Runtime::ALL[number % Runtime::ALL.len()]
}

/// What the process is called: its runtime, with a number from the second time on.
fn name(number: usize) -> String {
    let (name, round) = (runtime(number).name(), number / Runtime::ALL.len());
    if round == 0 { name.to_owned() } else { format!("{name}{}", round + 1) }
}

/// How long a process stays away before a turn and how long it holds, in milliseconds: looks like
/// chance, and is the same each time.
fn script(act: Act, number: usize, turn: usize) -> String {
    let dice = (number * 7 + turn * 13 + number * turn * 5) % 17;
    // The victim would hold for a minute: that it ends sooner is the kill's doing alone.
    let hold = if (number, turn) == VICTIM { 60_000 } else { 45 + dice * 6 };
    let times = format!("{}+{hold}", 10 + dice * 11 % 17 * 16);
    // npm's slocket knows locks alone.
    match act.want(number, turn) {
        Want::Lock => times,
        want => format!("{times}={want}"),
    }
}

/// Listens to the processes until all are gone.
fn direct(mut play: Play, events: &Receiver<(usize, Said)>) -> Result<Play> {
    let mut ready = 0;
    let mut kill_at = None;
    while play.actors.iter().any(|actor| actor.state != State::Gone) {
        let patience = kill_at.map_or(STUCK, |at: Instant| at.saturating_duration_since(Instant::now()));
        let (number, said) = match events.recv_timeout(patience) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) if kill_at.take().is_some() => {
                play.actors[VICTIM.0].kill(now())?;
                chart::live(&play, VICTIM.0);
                continue;
            }
            Err(_) => return Err(format!("no process moved for {} s: one is stuck", STUCK.as_secs()).into()),
        };
        play.actors[number].note(&said)?;
        match said {
            Said::Ready => {
                ready += 1;
                if ready == play.actors.len() {
                    play.began = now();
                    chart::live_heading(&play);
                    play.actors.iter_mut().try_for_each(Actor::begin)?;
                }
            }
            Said::Held(..) if (number, play.actors[number].turns.len()) == (VICTIM.0, VICTIM.1 + 1) => {
                kill_at = Some(Instant::now() + KILLED_AFTER);
            }
            Said::Released(at) => {
                play.ended = at;
                chart::live(&play, number);
            }
            Said::Waiting(_) | Said::Held(..) | Said::Nonsense(_) | Said::Goodbye => {}
        }
    }
    Ok(play)
}
