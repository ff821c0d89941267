//! Sweeps over the system calls of a player: it is killed, held still, or its calls fail, at each of them in turn.
//!
//! A sweep plays a [scene] again and again, each time with the next call, until runs pass in which there was no
//! such call. So no point is forgotten, and none is counted that was not reached.

mod errors;
pub mod fail;
pub mod kill;
pub mod pause;
mod run;
pub mod scene;

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

pub use run::Sweep;
pub use scene::Role;

use crate::stepper::{Call, Deed, Side, Stop};
use crate::witness::shares;
use crate::{Adapter, PATIENCE, Place, Player, Random, tell, watch_for};
use scene::{Nobody, Scene};

/// How long anything may take that must come by itself, for a process that is not slowed down. Generous: the machine may
/// be busy.
pub const BOUND: Duration = Duration::from_secs(10);

/// Which points are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// All.
    Whole,
    /// This many points, chosen at random.
    Some(usize),
}

impl Choice {
    /// Whether so many points that were not reached, one after the other, are the end. (Threads make a call more or less
    /// from run to run.)
    fn is_over(self, missed: usize) -> bool {
        self == Self::Whole && missed >= 8
    }
}

/// What a sweep did, for one adapter and one role.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Points at which something was done.
    pub points: usize,
    /// Of these, the ones of which the lock came back by itself.
    pub recovered: usize,
    /// Those at which it was lost as the protocol says: a lender was killed while the mark was cleared.
    pub lost: usize,
    /// Runs that left a dead temporary name to the next.
    pub temporary: usize,
    /// Runs in which the victim waited for as long as its calls failed.
    pub waited: usize,
    /// How long it took until another process held, each time.
    pub times: Vec<Duration>,
    /// What went wrong.
    pub failures: Vec<String>,
}

impl Tally {
    /// Adds another's figures.
    pub fn add(&mut self, other: Self) {
        self.points += other.points;
        self.recovered += other.recovered;
        self.lost += other.lost;
        self.temporary += other.temporary;
        self.waited += other.waited;
        self.times.extend(other.times);
        self.failures.extend(other.failures);
    }

    /// So much went wrong that the rest tells nothing more.
    fn is_hopeless(&self) -> bool {
        self.failures.len() >= 12
    }

    /// Runs once, and keeps what it panics with, and the trace that it has written.
    fn attempt<T>(&mut self, what: &str, run: impl FnOnce(&mut String) -> T) -> Option<T> {
        let mut trace = String::new();
        match catch_unwind(AssertUnwindSafe(|| run(&mut trace))) {
            Ok(value) => Some(value),
            Err(panic) => {
                let message = panic.downcast_ref::<String>().cloned();
                let message = message.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
                // At once, too: what follows may take an hour.
                let failure = format!("{what}: {}\n{trace}", message.unwrap_or_default());
                eprintln!("{failure}");
                self.failures.push(failure);
                None
            }
        }
    }

    /// The time that so many of a thousand did not exceed.
    fn time(&self, of_thousand: usize) -> String {
        let mut times = self.times.clone();
        times.sort_unstable();
        let index = (times.len() * of_thousand / 1000).min(times.len().saturating_sub(1));
        times.get(index).map_or_else(|| "-".to_owned(), |time| format!("{:.1} ms", time.as_secs_f64() * 1e3))
    }
}

/// The figures of a sweep, one line for each adapter and role.
#[derive(Clone, Debug, Default)]
pub struct Table(Vec<(String, Tally)>);

impl Table {
    /// Adds a line.
    pub fn push(&mut self, name: String, tally: Tally) {
        self.0.push((name, tally));
    }

    /// Shows the table, and fails if anything went wrong or nothing was done.
    ///
    /// # Errors
    /// What went wrong.
    pub fn conclude(&self, what: &str) -> Result<(), String> {
        let mut all = Tally::default();
        let mut text = format!("{what:32} points recovered lost temporary waited    median       p99      most\n");
        for (name, tally) in &self.0 {
            line(&mut text, name, tally);
            all.add(tally.clone());
        }
        line(&mut text, "all", &all);
        tell(text.trim_end());
        for failure in &all.failures {
            tell(format!("FAILED {failure}"));
        }
        match (all.points, all.failures.len()) {
            (0, 0) => Err(format!("{what}: nothing was done")),
            (_, 0) => Ok(()),
            (points, failures) => Err(format!("{what}: {failures} failures at {points} points")),
        }
    }
}

fn line(text: &mut String, name: &str, tally: &Tally) {
    let Tally { points, recovered, lost, temporary, waited, .. } = tally;
    let (median, high, most) = (tally.time(500), tally.time(990), tally.time(1000));
    let _ = writeln!(
        text,
        "{name:32} {points:6} {recovered:9} {lost:4} {temporary:9} {waited:6} {median:>9} {high:>9} {most:>9}"
    );
}

/// All points, one after the other: both sides of each call.
fn points(deed: Deed) -> impl Iterator<Item = Stop> {
    (0..).flat_map(move |at| Side::BOTH.map(|side| Stop { at, side, deed }))
}

/// More points than there are.
const NO_END: usize = 2000;

/// The points to be tried: of a sample, those of a victim that is left alone.
fn chosen(adapter: Adapter, role: Role, deed: Deed, choice: Choice, random: &mut Random) -> Vec<Stop> {
    match choice {
        Choice::Whole => points(deed).take(NO_END).collect(),
        Choice::Some(number) => {
            let all: Vec<_> = points(deed).take(2 * calls(adapter, role, false).len()).collect();
            random.sample(&all, number)
        }
    }
}

/// The calls that a victim makes which is left alone.
fn calls(adapter: Adapter, role: Role, warm: bool) -> Vec<Call> {
    let mut scene = Scene::set(adapter, role, warm);
    scene.step(&[], PATIENCE);
    scene.play(&mut Nobody);
    let calls = scene.unstep().calls.clone();
    scene.clear();
    calls
}

/// Fails unless both witnesses saw one holder at a time, and none beside a share. (A process that was killed while it held has raised the counter, or not.)
///
/// # Panics
/// If they did not.
fn assert_one_holder(place: &Place) {
    let report = place.report();
    assert_eq!(report.overlaps, [], "two held the lock at a time");
    let shares = shares::check(place.notes());
    assert_eq!(shares::conflicts(&report.intervals, &shares), [""; 0], "the lock beside a share, or a slot twice");
    let (ended, all) = (report.intervals.iter().filter(|hold| hold.end.is_some()).count(), report.intervals.len());
    let count = usize::try_from(place.count()).expect("small");
    assert!((ended..=all).contains(&count), "{all} holds, {ended} of them ended, and the counter says {count}");
}

/// Fails unless the folder is clean, except dead temporary names that go with the next reclaim, or the next publication
/// aside. Whether there were such names.
///
/// # Panics
/// If anything else is left.
fn assert_clean(place: &Place, by_reclaim: bool) -> bool {
    let left = place.leftovers();
    let is_temporary = |name: &String| name.starts_with(".slocket-");
    assert!(left.iter().all(is_temporary), "left in the lock's folder: {left:?}");
    if left.is_empty() {
        return false;
    }
    let mut next = Player::start(Adapter::Sync, &place.lock());
    if by_reclaim {
        let mut dead = Player::start(Adapter::Sync, &place.lock());
        dead.acquire();
        dead.kill();
        next.acquire();
        next.release();
    } else {
        let stranger = scene::guard(place.folder());
        next.acquire();
        next.release();
        drop(stranger);
    }
    next.quit();
    assert_eq!(
        place.leftovers(),
        [""; 0],
        "left after the next {}",
        if by_reclaim { "reclaim" } else { "publication" }
    );
    true
}

/// Waits, for [`BOUND`] at most, and fails with what was waited for.
#[track_caller]
fn within_bound<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let start = std::time::Instant::now();
    watch_for(what, || {
        assert!(start.elapsed() < BOUND, "{what}: not within {BOUND:?}");
        seen()
    })
}
