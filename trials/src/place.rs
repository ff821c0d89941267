//! A place for one trial: a fresh folder, or an abstract name, for the lock; another folder for what the witnesses write.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::lock::{IN_FILE, in_file};
use crate::queue;
use crate::sharing::report;
use crate::witness::{self, Report};

/// A fresh folder with nothing in it but one lock, and a second one for the witnesses. Removed when dropped.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    notes: TempDir,
    path: PathBuf,
    lock: PathBuf,
}

impl Place {
    /// Makes both folders.
    ///
    /// # Panics
    /// If they cannot be made.
    #[must_use]
    pub fn new() -> Self {
        Self::new_in(&std::env::temp_dir())
    }

    /// Makes both folders in a folder that is there.
    ///
    /// # Panics
    /// If they cannot be made.
    #[must_use]
    pub fn new_in(parent: &Path) -> Self {
        let folder = TempDir::with_prefix_in("slocket-trial-", parent).expect("a temporary folder");
        let notes = TempDir::with_prefix_in("slocket-notes-", parent).expect("a temporary folder");
        let path = folder.path().canonicalize().expect("the temporary folder");
        let lock = path.join("lock");
        Self { folder, notes, path, lock }
    }

    /// The same, with a lock at an abstract name that no other process uses.
    ///
    /// # Panics
    /// If the folders cannot be made.
    #[must_use]
    pub fn at_name() -> Self {
        let place = Self::new();
        let name = place.path.file_name().expect("a folder has a name").to_string_lossy();
        Self { lock: format!("@{name}").into(), ..place }
    }

    /// The same, with a lock that is a locked file.
    ///
    /// # Panics
    /// If the folders cannot be made.
    #[must_use]
    pub fn in_file() -> Self {
        Self::in_file_in(&std::env::temp_dir())
    }

    /// The same, in a folder that is there.
    ///
    /// # Panics
    /// If the folders cannot be made.
    #[must_use]
    pub fn in_file_in(parent: &Path) -> Self {
        let place = Self::new_in(parent);
        Self { lock: format!("{IN_FILE}{}", place.lock.display()).into(), ..place }
    }

    /// Whether the lock is at an abstract name.
    #[must_use]
    pub fn is_at_name(&self) -> bool {
        self.lock.is_relative() && !self.is_in_file()
    }

    /// Whether the lock is a locked file.
    #[must_use]
    pub fn is_in_file(&self) -> bool {
        in_file(&self.lock).is_some()
    }

    /// The path of the lock; or its abstract name, after an `@`; or its path, after [`IN_FILE`].
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.lock.clone()
    }

    /// The path of a lock that is at one, whatever it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        in_file(&self.lock).unwrap_or(&self.lock).to_owned()
    }

    /// The lock's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.path
    }

    /// The names in the lock's folder, and the lock's if it is an abstract one that is not free: none, when no process uses the
    /// lock.
    ///
    /// # Panics
    /// If the folder cannot be read.
    #[must_use]
    pub fn leftovers(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("the lock's folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        if self.is_at_name() && queue::is_in_use(&self.lock) {
            names.push(self.lock.display().to_string());
        }
        names.sort();
        names
    }

    /// The file of the first witness, the counter.
    #[must_use]
    pub fn counter(&self) -> PathBuf {
        self.notes.path().join("counter")
    }

    /// The file of the second witness, the intervals, of one player.
    #[must_use]
    pub fn log(&self, who: &str) -> PathBuf {
        self.notes.path().join(format!("{who}.log"))
    }

    /// The folder of the witnesses.
    #[must_use]
    pub fn notes(&self) -> &Path {
        self.notes.path()
    }

    /// A file for anything else.
    #[must_use]
    pub fn note(&self, name: &str) -> PathBuf {
        self.notes.path().join(name)
    }

    /// Lets those end that read without pause.
    ///
    /// # Panics
    /// If the file cannot be made.
    pub fn stop(&self) {
        fs::write(self.note("stop"), "").expect("a note");
    }

    /// What the counter says.
    ///
    /// # Panics
    /// If it holds no number.
    #[must_use]
    pub fn count(&self) -> u64 {
        witness::count(&self.counter())
    }

    /// What the intervals of all players say.
    ///
    /// # Panics
    /// If a log cannot be read.
    #[must_use]
    pub fn report(&self) -> Report {
        witness::check(self.notes.path())
    }

    /// Fails unless the two witnesses of shares saw nothing that must not be, and the lock's folder is empty.
    ///
    /// # Panics
    /// If they did.
    #[track_caller]
    pub fn assert_shared(&self) -> report::Report {
        let report = report::check(self.notes.path());
        // (A few tell it.)
        let some = |found: &[String]| found.iter().take(5).cloned().collect::<Vec<_>>();
        assert_eq!(some(&report.intervals), [""; 0], "had at a time");
        assert_eq!(some(&report.counters), [""; 0], "counted beside another");
        assert_eq!(self.leftovers(), [""; 0], "left in the lock's folder");
        report
    }

    /// Fails unless both witnesses saw exactly `holds` holds, no two of them at a time, and the lock's folder is empty.
    ///
    /// # Panics
    /// If they did not.
    #[track_caller]
    pub fn assert_exclusive(&self, holds: u64) -> Report {
        let report = self.report();
        assert_eq!(report.overlaps, [], "two held the lock at a time");
        assert_eq!(report.intervals.len() as u64, holds, "holds that the intervals show");
        assert_eq!(self.count(), holds, "holds that the counter shows: a lost update is a second holder");
        assert_eq!(self.leftovers(), [""; 0], "left in the lock's folder");
        report
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}
