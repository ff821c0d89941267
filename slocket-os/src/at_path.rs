//! A lock at a path: where it is, and the options that only a path has.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use slocket_core::Stale;

use crate::lock::StalePolicy;

/// A lock at a path.
#[derive(Debug)]
pub(crate) struct AtPath {
    path: PathBuf,
    folder: PathBuf,
    name: PathBuf,
    mode: u32,
    stale: StalePolicy,
    /// The umask takes bits from the mode that was asked for.
    spoiled: AtomicBool,
}

impl AtPath {
    /// `name` in `folder`, which is resolved.
    pub(crate) fn new(folder: PathBuf, name: &Path, mode: u32, stale: StalePolicy) -> Self {
        Self {
            path: folder.join(name),
            folder,
            name: name.to_path_buf(),
            mode,
            stale,
            spoiled: AtomicBool::new(umask().is_some_and(|umask| mode & umask != 0)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn name(&self) -> &Path {
        &self.name
    }

    pub(crate) fn mode(&self) -> u32 {
        self.mode
    }

    /// Whether a socket of ours, fresh from bind, has not the mode that was asked for.
    pub(crate) fn umask_spoils_mode(&self) -> bool {
        self.spoiled.load(Ordering::Relaxed)
    }

    /// The umask has changed, and takes bits from the mode now.
    pub(crate) fn note_spoiled_mode(&self) {
        self.spoiled.store(true, Ordering::Relaxed);
    }

    /// The policy as the core knows it, and how long a stale socket is put up with.
    pub(crate) fn stale(&self) -> (Stale, Duration) {
        match self.stale {
            StalePolicy::Wait => (Stale::Wait, Duration::ZERO),
            StalePolicy::Fail => (Stale::Fail, Duration::ZERO),
            StalePolicy::Reclaim { after } => (Stale::Reclaim, after),
        }
    }
}

/// The umask, where the system tells it without changing it (`/proc/self/status`, Linux 4.7).
fn umask() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let umask = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(umask.trim(), 8).ok()
}
