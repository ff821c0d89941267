//! A player of the storm.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Instant;

use crate::adapter::Adapter;
use crate::patience::watch_for;
use crate::place::Place;
use crate::player::Player;
use crate::{process, witness};

/// Rounds in one command. Small, so that little is lost of what a killed player has counted.
const ROUNDS: u32 = 40;
/// The longest hold of a player except those that are 16 times as long, in microseconds.
const MOST_HELD: u32 = 200;
/// How many commands lie ready: a player must not idle until it is looked after.
const READY: u32 = 2;

/// One player, and what it is up to.
#[derive(Debug)]
pub(super) struct Member {
    /// The name of its log: no two have the same, unlike process ids.
    pub(super) name: String,
    pub(super) adapter: Adapter,
    /// Lives throughout.
    pub(super) steady: bool,
    pub(super) stopped: Option<Stop>,
    /// How many descriptors it had before the storm.
    pub(super) descriptors: usize,
    player: Player,
    log: PathBuf,
    complaints: PathBuf,
    /// Commands that it has not answered.
    owes: u32,
    command: String,
}

/// It stands still.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    pub(super) since: u64,
    pub(super) until: Instant,
}

impl Member {
    /// Starts it.
    pub(super) fn start(adapter: Adapter, steady: bool, number: usize, place: &Place) -> Self {
        let name = format!("{}-{number}", adapter.name());
        let (log, complaints) = (place.log(&name), place.note(&format!("{name}.stderr")));
        // Every other one of our players retains the lock.
        let options: &[&str] = if adapter != Adapter::Node && number % 2 == 1 { &["--retain=20"] } else { &[] };
        let player = Player::start_noting(adapter, &place.lock(), &complaints, options);
        let command = format!("storm {ROUNDS} {MOST_HELD} {} {}", place.counter().display(), log.display());
        Self { name, adapter, steady, stopped: None, descriptors: 0, player, log, complaints, owes: 0, command }
    }

    /// Lets it play alone for once, so that all that its runtime opens is open, and counts its descriptors.
    pub(super) fn warm_up(&mut self) -> String {
        let answer = self.player.ask(&self.command);
        self.settle();
        self.descriptors = self.count_descriptors();
        answer
    }

    /// Waits until nothing is lent any more.
    pub(super) fn settle(&mut self) {
        self.player.send("settle");
        self.player.expect("settled");
    }

    /// Counts its descriptors, without the two by which a thread waits and which the blocking adapter keeps for the next wait.
    /// And without those by which threads wait that are about to end: the one that watches retained locks, the one that watches paths.
    pub(super) fn count_descriptors(&self) -> usize {
        watch_for("the thread to end that watches retained locks", || {
            (process::threads_named(self.pid(), "slocket-keep") == 0).then_some(())
        });
        process::wait_until_it_watches_nothing(self.pid());
        let open = process::descriptors(self.player.pid());
        let keeps = self.adapter == Adapter::Sync && open.iter().any(|file| file.ends_with("[eventpoll]"));
        open.len() - if keeps { 2 } else { 0 }
    }

    pub(super) fn pid(&self) -> u32 {
        self.player.pid()
    }

    pub(super) fn is_ours(&self) -> bool {
        self.adapter != Adapter::Node
    }

    /// Gives it enough to do.
    pub(super) fn keep_busy(&mut self) {
        while self.owes < READY && self.player.try_send(&self.command).is_ok() {
            self.owes += 1;
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.owes > 0
    }

    /// What it has answered since.
    pub(super) fn said(&mut self) -> Option<String> {
        let answer = self.player.said()?;
        self.owes -= 1;
        Some(answer)
    }

    pub(super) fn is_alive(&mut self) -> bool {
        self.player.is_alive()
    }

    /// Why it is gone by itself.
    pub(super) fn obituary(&mut self) -> String {
        let status = self.player.wait();
        let complaints = fs::read_to_string(&self.complaints).unwrap_or_default();
        // Of a panic the first line matters, of an exception in Node that with the error's name.
        let line = complaints.lines().find(|line| line.contains("Error")).or_else(|| complaints.lines().next());
        format!("{status}: {}", line.unwrap_or("no word"))
    }

    /// Whether its log says that it holds the lock just now.
    pub(super) fn holds(&self) -> bool {
        last_sign(&self.log) == Some('+')
    }

    /// Makes it stand still. To be certain that it does: [`process::stop`].
    pub(super) fn stop(&mut self, until: Instant) {
        self.stopped = Some(Stop { since: witness::now(), until });
        process::signal(self.pid(), rustix::process::Signal::STOP);
    }

    /// Lets it go on, and says since when it stood still.
    pub(super) fn resume(&mut self) -> Option<u64> {
        let stop = self.stopped.take()?;
        process::resume(self.pid());
        Some(stop.since)
    }

    /// Kills it and says what it died of: it may have been something else a moment before.
    pub(super) fn kill(mut self) -> ExitStatus {
        self.player.kill_and_wait()
    }

    /// Lets it end by itself.
    pub(super) fn quit(mut self) -> Result<(), String> {
        let told = self.player.try_send("quit");
        let status = self.player.wait();
        if told.is_ok() && status.success() { Ok(()) } else { Err(format!("{} ended with {status}", self.name)) }
    }
}

/// The first letter of the last line of a log.
pub(crate) fn last_sign(log: &Path) -> Option<char> {
    /// Longer than any line.
    const TAIL: u64 = 80;
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut tail = String::new();
    file.read_to_string(&mut tail).ok()?;
    tail.trim_end().rsplit('\n').next()?.chars().next()
}
