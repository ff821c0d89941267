//! Two independent witnesses of shares, as one process uses them.
//!
//! *The counters* are numbers in files, one of the lock and one of each slot. A holder of the lock reads that of the lock, and writes
//! it, plus one, before it releases; a holder of a slot does the same with that of its slot. Two holders at a time lose an update.
//! A process with a share reads the lock's counter when it begins, and before it gives the share back: it has changed if another held
//! the lock meanwhile.
//!
//! *The intervals* are instants of `CLOCK_MONOTONIC`, in a log of each process: a line `+ NANOSECONDS WHAT` just after acquire
//! returned, and `- NANOSECONDS SEEN AGAIN COUNT` just before the release, with what the lock's counter said at both ends, and what
//! the process wrote to the counter of the lock or of its slot.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::lock::{Held, Kind};
use crate::witness::{Counter, now};

/// What a process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The lock itself.
    Lock,
    /// A shared lock.
    Shared,
    /// A shared lock that was the lock itself until then.
    Downgraded,
    /// One of so many slots.
    Slot {
        /// Which.
        index: usize,
        /// Of how many.
        of: usize,
    },
}

impl What {
    /// What is held of what was asked for.
    #[must_use]
    pub fn of(held: &Held, kind: Kind) -> Self {
        match (held, kind) {
            (Held::Lock(_), _) => Self::Lock,
            (Held::Shared(_), _) => Self::Shared,
            (Held::Slot(permit), Kind::SlotOf(of)) => Self::Slot { index: permit.index(), of },
            (Held::Slot(_), kind) => panic!("a slot for {kind:?}"),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lock => write!(f, "lock"),
            Self::Shared => write!(f, "shared"),
            Self::Downgraded => write!(f, "downgraded"),
            Self::Slot { index, of } => write!(f, "slot-{index}/{of}"),
        }
    }
}

impl FromStr for What {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "lock" => Ok(Self::Lock),
            "shared" => Ok(Self::Shared),
            "downgraded" => Ok(Self::Downgraded),
            _ => {
                let (index, of) = text.strip_prefix("slot-").and_then(|slot| slot.split_once('/')).ok_or(())?;
                Ok(Self::Slot { index: index.parse().map_err(|_| ())?, of: of.parse().map_err(|_| ())? })
            }
        }
    }
}

/// Both witnesses.
#[derive(Debug)]
pub struct Witness {
    folder: PathBuf,
    lock: Counter,
    slots: BTreeMap<usize, Counter>,
    log: File,
}

/// A hold that goes on.
#[derive(Debug)]
#[must_use]
pub struct Hold {
    what: What,
    /// What the lock's counter said when it began.
    seen: u64,
    /// What the counter said that this hold raises.
    count: u64,
}

impl Witness {
    /// Opens the counters in a folder that all share, and the log of this process.
    ///
    /// # Panics
    /// If they cannot be opened.
    #[must_use]
    pub fn open(folder: &Path, who: &str) -> Self {
        let log = File::options().create(true).append(true).open(folder.join(format!("{who}.log"))).expect("a log");
        let lock = Counter::open(&folder.join("lock.count"));
        Self { folder: folder.to_owned(), lock, slots: BTreeMap::new(), log }
    }

    /// To be called just after acquire, or a downgrade, has returned.
    ///
    /// # Panics
    /// If a file cannot be read or written.
    pub fn begin(&mut self, what: What) -> Hold {
        let start = now();
        self.log.write_all(format!("+ {start} {what}\n").as_bytes()).expect("the log");
        let seen = self.lock.get();
        let count = match what {
            What::Lock => seen,
            What::Shared | What::Downgraded => 0,
            What::Slot { index, .. } => self.slot(index).get(),
        };
        Hold { what, seen, count }
    }

    /// To be called just before release, or a downgrade.
    ///
    /// # Panics
    /// If a file cannot be read or written.
    pub fn end(&mut self, Hold { what, seen, count }: Hold) {
        let again = self.lock.get();
        let count = match what {
            What::Lock => {
                self.lock.set(count + 1);
                count + 1
            }
            What::Shared | What::Downgraded => 0,
            What::Slot { index, .. } => {
                self.slot(index).set(count + 1);
                count + 1
            }
        };
        let end = now();
        self.log.write_all(format!("- {end} {seen} {again} {count}\n").as_bytes()).expect("the log");
    }

    fn slot(&mut self, index: usize) -> &Counter {
        let path = self.folder.join(format!("slot-{index}.count"));
        self.slots.entry(index).or_insert_with(|| Counter::open(&path))
    }
}
