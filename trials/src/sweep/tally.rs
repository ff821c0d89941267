//! What a sweep did.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::tell::tell;

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
    pub(super) fn is_hopeless(&self) -> bool {
        self.failures.len() >= 12
    }

    /// Runs once, and keeps what it panics with, and the trace that it has written.
    pub(super) fn attempt<T>(&mut self, what: &str, run: impl FnOnce(&mut String) -> T) -> Option<T> {
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
