//! Two independent witnesses of mutual exclusion.
//!
//! *The counter* is a number in a file, read after the lock was acquired and written, plus one, before it is released. Two
//! holders at a time lose an update.
//!
//! *The intervals* are pairs of instants of one clock, taken just after acquire returned and just before release is
//! called. Each process writes its own log, a line `+ NANOSECONDS` for the one and `- NANOSECONDS COUNT` for the other, with
//! what it wrote to the counter. Two holders at a time overlap.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

pub mod shares;
mod system;

pub use system::now;

/// Both witnesses, as one process uses them.
#[derive(Debug)]
pub struct Witness {
    counter: Counter,
    log: File,
}

/// A hold that goes on: what the counter said when it began.
#[derive(Debug)]
#[must_use]
pub struct Hold(u64);

impl Witness {
    /// Opens the counter that all share and the log of this process.
    ///
    /// # Panics
    /// If they cannot be opened.
    #[must_use]
    pub fn open(counter: &Path, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log);
        Self { counter: Counter::open(counter), log: log.expect("a log") }
    }

    /// To be called just after acquire has returned.
    ///
    /// # Panics
    /// If a file cannot be read or written.
    pub fn begin(&mut self) -> Hold {
        let start = now();
        self.log.write_all(format!("+ {start}\n").as_bytes()).expect("the log");
        Hold(self.counter.get())
    }

    /// To be called just before release.
    ///
    /// # Panics
    /// If a file cannot be written.
    pub fn end(&mut self, Hold(count): Hold) {
        self.counter.set(count + 1);
        let end = now();
        self.log.write_all(format!("- {end} {}\n", count + 1).as_bytes()).expect("the log");
    }
}

/// A number in a file.
#[derive(Debug)]
pub struct Counter(File);

impl Counter {
    /// Opens the file, which is made if it is not there.
    ///
    /// # Panics
    /// If it cannot be opened.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true);
        Self(options.open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    /// What it says; 0 if it was never written.
    ///
    /// # Panics
    /// If it cannot be read, or holds no number.
    #[must_use]
    pub fn get(&self) -> u64 {
        let mut bytes = [b' '; DIGITS];
        let length = system::read_at(&self.0, &mut bytes).expect("the counter");
        parse(&bytes[..length])
    }

    /// Writes it.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn set(&self, count: u64) {
        system::write_at(&self.0, format!("{count:DIGITS$}").as_bytes()).expect("the counter");
    }
}

/// A fixed width, so that writing the counter is one write and never truncates.
const DIGITS: usize = 20;

/// What a counter says; 0 if it was never written.
///
/// # Panics
/// If it holds no number.
#[must_use]
pub fn count(counter: &Path) -> u64 {
    parse(&fs::read(counter).unwrap_or_default())
}

fn parse(bytes: &[u8]) -> u64 {
    let text = str::from_utf8(bytes).expect("a number").trim();
    if text.is_empty() { 0 } else { text.parse().expect("a number") }
}

/// One hold of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The name of the log.
    pub who: String,
    /// Just after acquire had returned.
    pub start: u64,
    /// Just before release was called; `None` if the process was killed, or holds still.
    pub end: Option<u64>,
    /// What it wrote to the counter, if it came to its end.
    pub count: Option<u64>,
}

/// What all logs together show.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// All holds, in the order in which they began.
    pub intervals: Vec<Interval>,
    /// Each hold that began before an earlier one had ended, with that one. (A hold without an end is taken for one that ended
    /// at once.)
    pub overlaps: Vec<(Interval, Interval)>,
    /// Each hold that counted what an earlier one had counted already, or that no hold began for: an update is lost, or
    /// made up. (A hold without an end may have counted or not.)
    pub miscounts: Vec<Interval>,
}

impl Report {
    /// The holders, in the order of the holds.
    #[must_use]
    pub fn order(&self) -> Vec<&str> {
        self.intervals.iter().map(|interval| interval.who.as_str()).collect()
    }

    /// How many holds each process had.
    #[must_use]
    pub fn per_process(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for interval in &self.intervals {
            *counts.entry(interval.who.as_str()).or_default() += 1;
        }
        counts
    }

    /// The first hold that began after an instant.
    #[must_use]
    pub fn first_after(&self, instant: u64) -> Option<&Interval> {
        self.intervals.iter().find(|interval| interval.start > instant)
    }
}

/// Merges all logs (`*.log`) in a folder.
///
/// # Panics
/// If a log cannot be read, or holds anything else.
#[must_use]
pub fn check(folder: &Path) -> Report {
    let mut intervals = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of the logs") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let who = path.file_stem().expect("a name").to_string_lossy();
            intervals.extend(read(&who, &fs::read_to_string(&path).expect("a log")));
        }
    }
    merge(intervals)
}

fn read(who: &str, log: &str) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = Vec::new();
    // A last line without its end is that of a process that was killed while it wrote.
    for line in log.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        let (sign, instant) = line.split_once(' ').unwrap_or_else(|| panic!("{who}: {line}"));
        let mut numbers = instant.split(' ').map(|word| word.parse().unwrap_or_else(|_| panic!("{who}: {line}")));
        let instant = numbers.next().unwrap_or_else(|| panic!("{who}: {line}"));
        match (sign, intervals.last_mut()) {
            ("+", _) => intervals.push(Interval { who: who.to_owned(), start: instant, end: None, count: None }),
            ("-", Some(last)) if last.end.is_none() => (last.end, last.count) = (Some(instant), numbers.next()),
            _ => panic!("{who}: {line}"),
        }
    }
    intervals
}

fn merge(mut intervals: Vec<Interval>) -> Report {
    intervals.sort_by_key(|interval| interval.start);
    let mut overlaps = Vec::new();
    let mut latest: Option<&Interval> = None;
    for interval in &intervals {
        let end = |interval: &Interval| interval.end.unwrap_or(interval.start);
        if let Some(latest) = latest.filter(|latest| interval.start < end(latest)) {
            overlaps.push((latest.clone(), interval.clone()));
        }
        if latest.is_none_or(|latest| end(latest) <= end(interval)) {
            latest = Some(interval);
        }
    }
    let miscounts = miscounts(&intervals);
    Report { intervals, overlaps, miscounts }
}

/// The counts, in the order of the holds, rise by one for each hold that ended, and may rise by one for each that did not.
fn miscounts(intervals: &[Interval]) -> Vec<Interval> {
    let (mut least, mut most) = (0, 0);
    let mut wrong = Vec::new();
    for interval in intervals {
        most += 1;
        if let Some(count) = interval.count {
            if !(least + 1..=most).contains(&count) {
                wrong.push(interval.clone());
            }
            (least, most) = (count, count);
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_several_logs_in_order() {
        let report = merge([read("a", "+ 10\n- 20\n+ 40\n- 50\n"), read("b", "+ 21\n- 39\n")].concat());
        assert_eq!(report.overlaps, []);
        assert_eq!(report.order(), ["a", "b", "a"]);
        assert_eq!(report.per_process(), BTreeMap::from([("a", 2), ("b", 1)]));
        assert_eq!(report.first_after(10).unwrap().who, "b");
    }

    #[test]
    fn an_overlap_is_found() {
        let report = merge([read("a", "+ 10\n- 20\n"), read("b", "+ 19\n- 30\n")].concat());
        assert_eq!(report.overlaps.len(), 1);
        assert_eq!((report.overlaps[0].0.who.as_str(), report.overlaps[0].1.who.as_str()), ("a", "b"));
    }

    #[test]
    fn an_overlap_with_a_hold_that_began_long_before_is_found() {
        let report = merge([read("a", "+ 10\n- 100\n"), read("b", "+ 20\n- 30\n+ 50\n- 60\n")].concat());
        assert_eq!(report.overlaps.len(), 2);
    }

    #[test]
    fn a_killed_holder_has_no_end() {
        let report = merge([read("a", "+ 10\n+ 30\n- 3"), read("b", "+ 20\n- 25\n")].concat());
        assert_eq!(report.overlaps, []);
        assert_eq!(report.intervals[0].end, None);
        assert_eq!(report.intervals[2], Interval { who: "a".to_owned(), start: 30, end: None, count: None });
    }

    #[test]
    fn a_count_that_was_counted_before_is_found_even_if_holders_were_killed() {
        let cut_short = merge([read("a", "+ 10\n- 20 1\n+ 30\n"), read("b", "+ 40\n- 50 2\n+ 60\n- 70 3\n")].concat());
        assert_eq!(cut_short.miscounts, []);
        let lost = merge([read("a", "+ 10\n- 20 1\n+ 30\n"), read("b", "+ 40\n- 50 1\n+ 60\n- 70 2\n")].concat());
        assert_eq!(lost.miscounts.iter().map(|interval| interval.start).collect::<Vec<_>>(), [40]);
        let made_up = merge(read("a", "+ 10\n- 20 1\n+ 30\n- 40 3\n"));
        assert_eq!(made_up.miscounts.len(), 1);
    }

    #[test]
    fn two_holders_lose_an_update_of_the_counter() {
        let folder = tempfile::tempdir().unwrap();
        let counter = folder.path().join("counter");
        let mut first = Witness::open(&counter, &folder.path().join("first.log"));
        let mut second = Witness::open(&counter, &folder.path().join("second.log"));
        let hold = first.begin();
        first.end(hold);
        assert_eq!(count(&counter), 1);
        let (one, other) = (first.begin(), second.begin());
        first.end(one);
        second.end(other);
        assert_eq!(count(&counter), 2, "three holds, one update lost");
        let report = check(folder.path());
        assert_eq!((report.overlaps.len(), report.miscounts.len()), (1, 1));
    }
}
