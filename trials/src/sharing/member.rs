//! A player of the storm of shares.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use crate::adapter::Adapter;
use crate::place::Place;
use crate::player::Player;
use crate::storm::last_sign;
use crate::{process, witness};

/// Rounds in one command. Small, so that little is lost of what a killed player has counted.
const ROUNDS: u32 = 20;
/// The longest hold except those that are 16 times as long, in microseconds.
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
    pub(super) stopped_until: Option<Instant>,
    /// How many descriptors it had before the storm.
    descriptors: usize,
    player: Player,
    log: PathBuf,
    complaints: PathBuf,
    command: String,
    /// Commands that it has not answered.
    owes: u32,
}

impl Member {
    pub(super) fn start(adapter: Adapter, steady: bool, number: usize, slots: usize, place: &Place) -> Self {
        let name = format!("{}-{number}", adapter.name());
        let complaints = place.note(&format!("{name}.stderr"));
        let player = Player::start_noting(adapter, &place.lock(), &complaints, &[]);
        let command = format!("mixed {ROUNDS} {MOST_HELD} {slots} {} {name}", place.notes().display());
        let log = place.log(&name);
        Self { name, adapter, steady, stopped_until: None, descriptors: 0, player, log, complaints, command, owes: 0 }
    }

    /// Lets it play alone for once, so that all that its runtime opens is open, and counts its descriptors.
    pub(super) fn warm_up(&mut self) -> String {
        let answer = self.player.ask(&self.command);
        self.settle();
        self.descriptors = self.count_descriptors();
        answer
    }

    /// How many descriptors it has more than before the storm.
    pub(super) fn further_descriptors(&mut self) -> Option<String> {
        self.settle();
        let (before, now) = (self.descriptors, self.count_descriptors());
        (now > before).then(|| format!("{} has {now} descriptors, and had {before}", self.name))
    }

    /// Waits until the background thread has nothing left to do.
    pub(super) fn settle(&mut self) {
        self.player.send("settle");
        self.player.expect("settled");
    }

    /// Without the two by which a thread waits and which the blocking adapter keeps for the next wait, and without the counters and
    /// the log.
    fn count_descriptors(&self) -> usize {
        process::wait_until_it_watches_nothing(self.pid());
        let open = process::descriptors(self.player.pid());
        let keeps = self.adapter == Adapter::Sync && open.iter().any(|file| file.ends_with("[eventpoll]"));
        open.iter().filter(|file| !file.ends_with(".count") && !file.ends_with(".log")).count()
            - if keeps { 2 } else { 0 }
    }

    pub(super) fn pid(&self) -> u32 {
        self.player.pid()
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
        format!("{} died: {status}: {}", self.name, complaints.lines().next().unwrap_or("no word"))
    }

    /// Whether its log says that it has something just now.
    pub(super) fn holds(&self) -> bool {
        last_sign(&self.log) == Some('+')
    }

    pub(super) fn stop(&mut self, until: Instant) {
        self.stopped_until = Some(until);
        process::stop(self.pid());
    }

    pub(super) fn resume(&mut self) {
        if self.stopped_until.take().is_some() {
            process::resume(self.pid());
        }
    }

    /// Kills it. The instant is noted: it had until then what its log does not say that it has given back.
    pub(super) fn kill(mut self) {
        fs::write(self.log.with_extension("killed"), witness::now().to_string()).expect("a note");
        self.player.kill_and_wait();
    }

    /// Lets it end by itself.
    pub(super) fn quit(mut self) -> Result<(), String> {
        let told = self.player.try_send("quit");
        let status = self.player.wait();
        if told.is_ok() && status.success() { Ok(()) } else { Err(format!("{} ended with {status}", self.name)) }
    }
}
