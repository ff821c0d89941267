//! A lock at a path: its folder, its name there, and the options that only a path has.
//!
//! The folder is resolved once, when the lock is named, and kept open: every call about the lock is relative to it. So
//! whoever owns a folder further up can exchange that for another, and changes nothing there.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Result;
use rustix::net::SocketAddrUnix;
use slocket_core::Stale;

use crate::address;
use crate::folder::Folder;
use crate::inode::{Inode, Look, Pin, look_in};
use crate::policy::StalePolicy;
use crate::resolve::Resolved;

/// A lock at a path.
#[derive(Debug)]
pub(crate) struct AtPath {
    /// For messages, and for where `/proc` is not mounted.
    path: PathBuf,
    folder: Folder,
    name: PathBuf,
    /// The address of the path, if it fits one.
    address: Option<SocketAddrUnix>,
    /// The folder's path leads to the folder, and no other user can change that.
    fixed: AtomicBool,
    is_private: bool,
    mode: u32,
    stale: StalePolicy,
    /// The umask takes bits from the mode that was asked for.
    spoiled: AtomicBool,
    /// Somebody else had the path when we last came.
    in_use: AtomicBool,
}

impl AtPath {
    /// `path`, which is `name` in `folder`.
    pub(crate) fn new(
        path: PathBuf,
        resolved: &Resolved,
        folder: Folder,
        name: &Path,
        mode: u32,
        stale: StalePolicy,
    ) -> Self {
        Self {
            address: address::of_path(&path),
            fixed: AtomicBool::new(resolved.is_fixed),
            is_private: resolved.is_private,
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

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(crate) fn name(&self) -> &Path {
        &self.name
    }

    /// The address to bind at: the path, under which others see the socket (`ss -x`), or by way of the open folder where the
    /// path is too long or another user could exchange a folder on the way. `None` if it fits neither.
    pub(crate) fn address(&self) -> Option<SocketAddrUnix> {
        self.if_fixed(|| self.address.clone()).or_else(|| self.folder.address_of(&self.name))
    }

    /// The same for another name in the folder.
    pub(crate) fn address_of(&self, name: &Path) -> Option<SocketAddrUnix> {
        let by_path = || address::of_path(&self.path.with_file_name(name));
        self.if_fixed(by_path).or_else(|| self.folder.address_of(name))
    }

    /// Where neither the path nor `/proc` led to the folder: the other of the two, from now on.
    pub(crate) fn other_address_of(&self, name: &Path) -> Option<SocketAddrUnix> {
        if self.folder.is_in_proc() {
            self.note_moved();
            self.folder.address_of(name)
        } else {
            address::of_path(&self.path.with_file_name(name))
        }
    }

    fn if_fixed<T>(&self, value: impl FnOnce() -> Option<T>) -> Option<T> {
        if self.fixed.load(Ordering::Relaxed) { value() } else { None }
    }

    /// A socket that was bound at the path is not in the folder: somebody has moved that.
    pub(crate) fn note_moved(&self) {
        self.fixed.store(false, Ordering::Relaxed);
    }

    /// Whether no other user could rename files of ours in the folder when the lock was named.
    pub(crate) fn is_private(&self) -> bool {
        self.is_private
    }

    /// Looks at the path; `None` if nothing is there.
    pub(crate) fn look(&self) -> Result<Option<Look>> {
        look_in(self.folder.as_fd(), &self.name)
    }

    /// Whether the path is that inode.
    pub(crate) fn is(&self, inode: Inode) -> Result<bool> {
        Ok(self.look()?.is_some_and(|found| found.inode == inode))
    }

    /// Pins what is at the path; `None` if nothing is there.
    pub(crate) fn pin(&self) -> Result<Option<Pin>> {
        Pin::new_in(self.folder.as_fd(), &self.name)
    }

    /// Removes what is at the path.
    pub(crate) fn unlink(&self) -> Result<()> {
        unlinkat(self.folder.as_fd(), &self.name, AtFlags::empty())
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
