//! When a process has a share of the lock: its intervals, as the second witness keeps those of the lock, in a log beside its own.
//!
//! A line `+ NANOSECONDS SHARE` just after acquire returned, and `- NANOSECONDS` just before the share is given back.
//!
//! (The storm of shares has witnesses of its own, with counters: [`sharing::witness`](crate::sharing::witness).)

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::{Interval, now};

/// The log of one process.
#[derive(Debug)]
pub struct ShareLog(File);

impl ShareLog {
    /// Opens the log that belongs to a process's log of the lock.
    ///
    /// # Panics
    /// If it cannot be opened.
    #[must_use]
    pub fn open(log: &Path) -> Self {
        Self(File::options().create(true).append(true).open(log.with_extension("shares")).expect("a log"))
    }

    /// To be called just after a share was acquired: `shared`, or `slot INDEX`.
    ///
    /// # Panics
    /// If the log cannot be written.
    pub fn begin(&mut self, share: &str) {
        self.0.write_all(format!("+ {} {share}\n", now()).as_bytes()).expect("the log");
    }

    /// To be called just before it is given back.
    ///
    /// # Panics
    /// If the log cannot be written.
    pub fn end(&mut self) {
        self.0.write_all(format!("- {}\n", now()).as_bytes()).expect("the log");
    }
}

/// A share that one process had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The name of the log.
    pub who: String,
    /// `shared`, or `slot INDEX`.
    pub share: String,
    /// Just after acquire had returned.
    pub start: u64,
    /// Just before it was given back; `None` if the process was killed.
    pub end: Option<u64>,
}

/// Merges all logs of shares (`*.shares`) in a folder.
///
/// # Panics
/// If a log cannot be read, or holds anything else.
#[must_use]
pub fn check(folder: &Path) -> Vec<Shared> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of the logs") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "shares") {
            let who = path.file_stem().expect("a name").to_string_lossy();
            all.extend(read(&who, &fs::read_to_string(&path).expect("a log")));
        }
    }
    all
}

fn read(who: &str, log: &str) -> Vec<Shared> {
    let mut all: Vec<Shared> = Vec::new();
    // A last line without its end is that of a process that was killed while it wrote.
    for line in log.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        let instant = |text: &str| text.parse::<u64>().unwrap_or_else(|_| panic!("{who}: {line}"));
        match (line.split_at_checked(2), all.last_mut()) {
            (Some(("+ ", rest)), _) => {
                let (start, share) = rest.split_once(' ').unwrap_or_else(|| panic!("{who}: {line}"));
                all.push(Shared { who: who.to_owned(), share: share.to_owned(), start: instant(start), end: None });
            }
            (Some(("- ", end)), Some(last)) if last.end.is_none() => last.end = Some(instant(end)),
            _ => panic!("{who}: {line}"),
        }
    }
    all
}

/// What must not be: the lock beside a share, or a slot twice. (What has no end is taken to have ended at once; the lock and a share of
/// one process follow each other.)
#[must_use]
pub fn conflicts(holds: &[Interval], shares: &[Shared]) -> Vec<String> {
    let overlap = |one: (u64, Option<u64>), other: (u64, Option<u64>)| {
        one.0 < other.1.unwrap_or(other.0) && other.0 < one.1.unwrap_or(one.0)
    };
    let mut conflicts = Vec::new();
    for (index, share) in shares.iter().enumerate() {
        let time = (share.start, share.end);
        let beside = holds.iter().filter(|hold| overlap(time, (hold.start, hold.end)));
        conflicts.extend(beside.map(|hold| format!("{hold:?} beside {share:?}")));
        let is_same = |other: &&Shared| other.share == share.share && share.share.starts_with("slot ");
        let twice = shares[..index].iter().filter(is_same).filter(|other| overlap(time, (other.start, other.end)));
        conflicts.extend(twice.map(|other| format!("{other:?} beside {share:?}")));
    }
    conflicts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::witness;

    #[test]
    fn the_lock_beside_a_share_and_a_slot_twice_are_found() {
        let shares = [
            read("a", "+ 10 shared\n- 20\n+ 30 slot 0\n- 60\n+ 70 slot 1\n- 9"),
            read("b", "+ 15 shared\n- 18\n+ 40 slot 1\n- 50\n+ 61 slot 0\n- 80\n"),
        ]
        .concat();
        assert_eq!(conflicts(&witness::read("c", "+ 21\n- 29 1\n+ 81\n- 90 2\n"), &shares), [""; 0]);
        assert_eq!(conflicts(&witness::read("c", "+ 17\n- 29 1\n"), &shares).len(), 2);
        assert_eq!(conflicts(&witness::read("c", "+ 45\n- 46 1\n"), &shares).len(), 2);
        assert_eq!(conflicts(&[], &[shares.clone(), read("c", "+ 59 slot 0\n- 62\n")].concat()).len(), 2);
    }
}
