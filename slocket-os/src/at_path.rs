//! A lock at a path: where it is, and the options that only a path has.

use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::net::SocketAddrUnix;
use slocket_core::Stale;

use crate::address;
use crate::lock::StalePolicy;

/// A lock at a path.
#[derive(Debug)]
pub(crate) struct AtPath {
    path: PathBuf,
    folder: PathBuf,
    name: PathBuf,
    /// The address of the path, if it fits one.
    address: Option<SocketAddrUnix>,
    mode: u32,
    stale: StalePolicy,
    /// The umask takes bits from the mode that was asked for.
    spoiled: AtomicBool,
    /// Somebody else had the path when we last came.
    in_use: AtomicBool,
}

impl AtPath {
    /// `path`, which is `name` in `folder`, resolved.
    pub(crate) fn new(path: PathBuf, folder: PathBuf, name: &Path, mode: u32, stale: StalePolicy) -> Self {
        Self {
            address: address::of_path(&path),
            path,
            folder,
            name: name.to_path_buf(),
            mode,
            stale,
            // A mode of which others get nothing is spoiled by an odd umask only: to look for one is not worth the time.
            spoiled: AtomicBool::new(mode & 0o077 != 0 && umask().is_some_and(|umask| mode & umask != 0)),
            in_use: AtomicBool::new(false),
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

    /// The address of the path, if it fits one; else by way of the open folder, if that fits.
    pub(crate) fn address(&self, folder: BorrowedFd<'_>) -> Option<SocketAddrUnix> {
        self.address.clone().or_else(|| address::of_name(folder, &self.name))
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

    /// Whether somebody else had the path when we last came.
    pub(crate) fn was_in_use(&self) -> bool {
        self.in_use.load(Ordering::Relaxed)
    }

    pub(crate) fn note_in_use(&self, in_use: bool) {
        self.in_use.store(in_use, Ordering::Relaxed);
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
