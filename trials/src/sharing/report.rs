//! What the witnesses of shares saw, and what must not be among it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use super::witness::What;

/// One hold of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The name of the log.
    pub who: String,
    /// What it had.
    pub what: What,
    /// Just after acquire had returned. Of what was downgraded: when the hold of the lock had ended, since there is no gap.
    pub start: u64,
    /// Just before release was called; `None` if the process was killed.
    pub end: Option<End>,
    /// Just before the process was killed, if it was: it held until then, if it has not ended.
    killed: Option<u64>,
}

/// The end of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    at: u64,
    /// What the lock's counter said at the beginning, and at the end.
    seen: [u64; 2],
    /// What it wrote to the counter of the lock or of its slot.
    count: u64,
}

impl Hold {
    /// It held until then at least.
    fn until(&self) -> u64 {
        self.end.map_or(self.killed.unwrap_or(self.start).max(self.start), |end| end.at)
    }

    /// Whether the two may be held at a time.
    fn goes_with(&self, other: &Self) -> bool {
        match (self.what, other.what) {
            (What::Lock, _) | (_, What::Lock) => false,
            (What::Slot { index, .. }, What::Slot { index: other, .. }) => index != other,
            _ => true,
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, what, start, .. } = self;
        write!(f, "{who} had {what} from {start} to {}", self.until())?;
        match self.end {
            Some(End { seen, count, .. }) => write!(f, " (saw {} and {}, wrote {count})", seen[0], seen[1]),
            None => write!(f, " (killed)"),
        }
    }
}

/// What all logs together show.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// All holds, in the order in which they began.
    pub holds: Vec<Hold>,
    /// What the intervals show that must not be: two at a time that do not go together, or a slot beyond what was asked for. (With
    /// that, never more than N have one of N slots.)
    pub intervals: Vec<String>,
    /// What the counters show that must not be: a holder of the lock beside another one or beside a share, or two of one slot.
    pub counters: Vec<String>,
}

/// Merges all logs (`*.log`) in a folder, with the instants (`*.killed`) at which processes were killed.
///
/// # Panics
/// If a log cannot be read, or holds anything else.
#[must_use]
pub fn check(folder: &Path) -> Report {
    let mut holds = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of the logs") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let who = path.file_stem().expect("a name").to_string_lossy();
            let killed = fs::read_to_string(path.with_extension("killed")).ok();
            let killed = killed.map(|instant| instant.parse().expect("an instant"));
            holds.extend(read(&who, &fs::read_to_string(&path).expect("a log"), killed));
        }
    }
    merge(holds)
}

fn read(who: &str, log: &str, killed: Option<u64>) -> Vec<Hold> {
    let mut holds: Vec<Hold> = Vec::new();
    // A last line without its end is that of a process that was killed while it wrote.
    for line in log.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        let wrong = || -> ! { panic!("{who}: {line}") };
        let words: Vec<&str> = line.split(' ').collect();
        let number = |word: &str| word.parse().unwrap_or_else(|_| wrong());
        match (&*words, holds.last_mut()) {
            (["+", start, what], last) => {
                let what = what.parse().unwrap_or_else(|()| wrong());
                let start = match (what, last) {
                    (What::Downgraded, Some(Hold { what: What::Lock, end: Some(end), .. })) => end.at,
                    (What::Downgraded, _) => wrong(),
                    (_, _) => number(start),
                };
                holds.push(Hold { who: who.to_owned(), what, start, end: None, killed });
            }
            (["-", end, seen, again, count], Some(last)) if last.end.is_none() => {
                let seen = [number(seen), number(again)];
                last.end = Some(End { at: number(end), seen, count: number(count) });
            }
            _ => wrong(),
        }
    }
    holds
}

fn merge(mut holds: Vec<Hold>) -> Report {
    holds.sort_by_key(|hold| hold.start);
    Report { intervals: overlaps(&holds), counters: miscounts(&holds), holds }
}

fn overlaps(holds: &[Hold]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut going_on: Vec<&Hold> = Vec::new();
    for hold in holds {
        going_on.retain(|other| hold.start < other.until());
        let others = going_on.iter().filter(|other| !hold.goes_with(other));
        wrong.extend(others.map(|other| format!("{other}; {hold}")));
        if let What::Slot { index, of } = hold.what
            && index >= of
        {
            wrong.push(format!("{hold}"));
        }
        going_on.push(hold);
    }
    wrong
}

/// What a counter may say: a hold that was cut short may have counted or not.
#[derive(Clone, Copy, Debug, Default)]
struct Bounds {
    least: u64,
    most: u64,
}

impl Bounds {
    /// Whether it may say this; then it does.
    fn allow(&mut self, count: u64) -> bool {
        let allowed = (self.least..=self.most).contains(&count);
        *self = Self { least: count, most: count };
        allowed
    }

    /// A hold that raises it by one has begun; whether it may have come to this, if it has ended.
    fn allow_next(&mut self, count: Option<u64>) -> bool {
        self.most += 1;
        let Some(count) = count else { return true };
        self.least += 1;
        self.allow(count)
    }
}

/// The counters, in the order of the holds, rise by one for each hold that ended, and may rise by one for each that did not.
fn miscounts(holds: &[Hold]) -> Vec<String> {
    let mut lock = Bounds::default();
    let mut slots: BTreeMap<usize, Bounds> = BTreeMap::new();
    let mut wrong = Vec::new();
    for hold in holds {
        let seen = hold.end.map(|end| end.seen);
        let is_unchanged = seen.is_none_or(|[first, last]| first == last);
        let is_right = match hold.what {
            What::Lock => {
                let saw_right = seen.is_none_or(|[seen, _]| lock.allow(seen));
                lock.allow_next(hold.end.map(|end| end.count)) && saw_right
            }
            What::Shared | What::Downgraded => seen.is_none_or(|[seen, _]| lock.allow(seen)),
            What::Slot { index, .. } => {
                let saw_right = seen.is_none_or(|[seen, _]| lock.allow(seen));
                slots.entry(index).or_default().allow_next(hold.end.map(|end| end.count)) && saw_right
            }
        };
        if !(is_right && is_unchanged) {
            wrong.push(format!("{hold}"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::super::witness::Witness;
    use super::*;

    fn report(logs: &[(&str, &str)]) -> Report {
        merge(logs.iter().flat_map(|(who, log)| read(who, log, None)).collect())
    }

    #[track_caller]
    fn assert_found(logs: &[(&str, &str)], intervals: usize, counters: usize) {
        let report = report(logs);
        assert_eq!((report.intervals.len(), report.counters.len()), (intervals, counters), "{report:#?}");
    }

    #[test]
    fn shares_go_together_and_the_lock_alone() {
        let readers = [("a", "+ 10 shared\n- 30 0 0 0\n"), ("b", "+ 20 slot-0/2\n- 40 0 0 1\n")];
        assert_found(&readers, 0, 0);
        let alone = ("c", "+ 40 lock\n- 50 0 0 1\n");
        assert_found(&[readers[0], readers[1], alone, ("d", "+ 50 shared\n- 60 1 1 0\n")], 0, 0);
    }

    #[test]
    fn the_lock_beside_a_share_is_found_by_both() {
        assert_found(&[("a", "+ 10 shared\n- 30 0 1 0\n"), ("b", "+ 20 lock\n- 25 0 0 1\n")], 1, 1);
        // By the intervals alone, if it came and went without counting; by the counters alone, if the clocks are wrong.
        assert_found(&[("a", "+ 10 shared\n- 30 0 0 0\n"), ("b", "+ 20 lock\n")], 1, 0);
        assert_found(&[("a", "+ 10 shared\n- 19 0 1 0\n"), ("b", "+ 20 lock\n- 25 0 0 1\n")], 0, 1);
    }

    #[test]
    fn two_that_hold_the_lock_are_found_by_both() {
        assert_found(&[("a", "+ 10 lock\n- 30 0 0 1\n"), ("b", "+ 20 lock\n- 40 0 1 1\n")], 1, 1);
    }

    #[test]
    fn a_slot_that_is_had_twice_is_found_by_both() {
        assert_found(&[("a", "+ 10 slot-1/2\n- 30 0 0 1\n"), ("b", "+ 20 slot-1/3\n- 40 0 0 1\n")], 1, 1);
        assert_found(&[("a", "+ 10 slot-1/2\n- 30 0 0 1\n"), ("b", "+ 20 slot-0/3\n- 40 0 0 1\n")], 0, 0);
    }

    #[test]
    fn a_slot_beyond_what_was_asked_for_is_found() {
        assert_found(&[("a", "+ 10 slot-2/2\n- 30 0 0 1\n")], 1, 0);
    }

    #[test]
    fn there_is_no_gap_in_a_downgrade() {
        let downgraded = ("a", "+ 10 lock\n- 20 0 0 1\n+ 30 downgraded\n- 40 1 1 0\n");
        assert_found(&[downgraded, ("b", "+ 40 lock\n- 50 1 1 2\n")], 0, 0);
        assert_found(&[downgraded, ("b", "+ 22 lock\n")], 1, 0);
        let overtaken = ("a", "+ 10 lock\n- 20 0 0 1\n+ 30 downgraded\n- 40 2 2 0\n");
        assert_found(&[overtaken, ("b", "+ 22 lock\n- 28 1 1 2\n")], 1, 2);
    }

    #[test]
    fn a_killed_holder_held_until_then_and_may_have_counted() {
        let killed =
            |at| [read("a", "+ 10 slot-0/1\n", Some(at)), read("b", "+ 30 slot-0/1\n- 40 0 0 1\n", None)].concat();
        assert_eq!(merge(killed(30)).intervals, [""; 0]);
        assert_eq!(merge(killed(31)).intervals.len(), 1);
        assert_found(
            &[("a", "+ 10 lock\n"), ("b", "+ 30 lock\n- 40 0 0 1\n"), ("c", "+ 50 shared\n- 60 1 1 0\n")],
            0,
            0,
        );
        assert_found(
            &[("a", "+ 10 lock\n"), ("b", "+ 30 lock\n- 40 1 1 2\n"), ("c", "+ 50 shared\n- 60 2 2 0\n")],
            0,
            0,
        );
        assert_found(&[("a", "+ 10 lock\n"), ("b", "+ 30 lock\n- 40 2 2 3\n")], 0, 1);
    }

    #[test]
    fn what_a_witness_writes_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let [mut first, mut second] = ["first", "second"].map(|who| Witness::open(folder.path(), who));
        let hold = first.begin(What::Lock);
        first.end(hold);
        let (one, other) = (first.begin(What::Downgraded), second.begin(What::Slot { index: 1, of: 2 }));
        first.end(one);
        second.end(other);
        let clean = check(folder.path());
        assert_eq!((clean.holds.len(), clean.intervals.len(), clean.counters.len()), (3, 0, 0), "{clean:#?}");
        let share = first.begin(What::Slot { index: 1, of: 2 });
        let (lock, same) = (second.begin(What::Lock), first.begin(What::Shared));
        second.end(lock);
        first.end(same);
        drop(share);
        let found = check(folder.path());
        assert!(!found.intervals.is_empty() && !found.counters.is_empty(), "{found:#?}");
    }
}
