//! A lock at a path: its folder, its name there, and the options that only a path has.
//!
//! The folder is resolved once, when the lock is named, and kept open: every call about the lock is relative to it. So
//! the owner of a parent folder can replace that by another one, and changes nothing there.

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::fs::{FileType, Stat};
use rustix::io::{Errno, Result};
use rustix::net::SocketAddrUnix;
use slocket_core::{Hints, Home, Inode, Owner, Platform, Stale, Way, Ways, file_lock};

use crate::folder::{Folder, Kept};
use crate::mark::{mode_of_fifo, published_mode};
use crate::policy::StalePolicy;
use crate::resolve::Resolved;
use crate::sys::files;
use crate::sys::found::Seen;
use crate::{address, kernel, peer};

/// A lock at a path.
#[derive(Debug)]
pub(crate) struct AtPath {
    /// For messages, and for where `/proc` is not mounted.
    path: PathBuf,
    folder: Folder,
    name: CString,
    /// The name of the FIFO of shared locks, which each acquire looks for.
    shared: CString,
    /// What the folder was when the lock was named, and our user then.
    resolved: Stat,
    user: u32,
    /// The address of the path, if it fits one.
    address: Option<Arc<SocketAddrUnix>>,
    /// Which addresses fit.
    ways: (Ways, Ways),
    is_private: bool,
    mode: u32,
    stale: StalePolicy,
    unfixed: AtomicBool,
    spoiled: AtomicBool,
    in_use: AtomicBool,
    /// What its files can do, if the lock is a locked file rather than a socket.
    lock_file: Option<file_lock::Platform>,
}

/// A name in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The lock's.
    Lock,
    /// A temporary one, made of a number.
    Temporary(u64),
    /// That of the FIFO of shared locks, or of a slot.
    Share(Option<u16>),
}

impl AtPath {
    /// `path`, which is `name` in `folder`.
    pub(crate) fn new(
        path: PathBuf,
        resolved: &Resolved,
        folder: Folder,
        name: CString,
        mode: u32,
        stale: StalePolicy,
        lock_file: Option<file_lock::Platform>,
    ) -> Self {
        let ways = |name: &Path| Ways {
            path: address::of_path(&path.with_file_name(name)).is_some(),
            proc: folder.address_of(name).is_some(),
        };
        Self {
            address: address::of_path(&path).map(Arc::new),
            ways: (ways(address::as_path(&name)), ways(address::as_path(&address::temporary_name(0)))),
            resolved: resolved.folder,
            user: resolved.user,
            unfixed: AtomicBool::new(!resolved.is_fixed),
            is_private: resolved.is_private,
            path,
            folder,
            shared: address::name_of_share(&name, None),
            name,
            mode,
            stale,
            // A mode of which others get nothing is spoiled by an odd umask only: to look for one is not worth the time.
            spoiled: AtomicBool::new(mode & 0o077 != 0 && umask().is_some_and(|umask| mode & umask != 0)),
            in_use: AtomicBool::new(false),
            lock_file,
        }
    }

    /// What its files can do, if the lock is a locked file rather than a socket.
    pub(crate) fn lock_file(&self) -> Option<file_lock::Platform> {
        self.lock_file
    }

    /// What the core needs to know.
    pub(crate) fn platform(&self) -> Platform {
        Platform {
            home: Home::Path,
            is_private: self.is_private,
            lock: self.ways.0,
            temporary: self.ways.1,
            probe: kernel::known(self.device()),
            shares: true,
        }
    }

    /// What participants have learned.
    pub(crate) fn hints(&self) -> Hints {
        Hints {
            in_use: self.in_use.load(Ordering::Relaxed),
            unfixed: self.unfixed.load(Ordering::Relaxed),
            spoiled: self.spoiled.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn set_hints(&self, hints: Hints) {
        self.in_use.store(hints.in_use, Ordering::Relaxed);
        // (Others may have learned these meanwhile.)
        self.unfixed.fetch_or(hints.unfixed, Ordering::Relaxed);
        self.spoiled.fetch_or(hints.spoiled, Ordering::Relaxed);
    }

    /// Whether no other user could rename our files in the folder when the lock was named.
    pub(crate) fn is_private(&self) -> bool {
        self.is_private
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The paths that lead to the folder, of which that is a descriptor. Whatever is exchanged on the way to it, the first leads there; where
    /// `/proc` does not, its path does.
    pub(crate) fn ways(&self, folder: &Kept) -> impl Iterator<Item = PathBuf> + use<> {
        [Some(address::proc_path(folder.as_fd())), self.path.parent().map(Path::to_path_buf)].into_iter().flatten()
    }

    /// What the folder was when the lock was named.
    pub(crate) fn resolved(&self) -> &Stat {
        &self.resolved
    }

    /// The device that it is on.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types differ between systems")]
    pub(crate) fn device(&self) -> u64 {
        self.resolved.st_dev as u64
    }

    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }

    /// A name in the folder.
    pub(crate) fn name_of(&self, which: Which) -> Cow<'_, CStr> {
        match which {
            Which::Lock => Cow::Borrowed(&self.name),
            Which::Temporary(number) => Cow::Owned(address::temporary_name(number)),
            Which::Share(None) => Cow::Borrowed(&self.shared),
            Which::Share(slot) => Cow::Owned(address::name_of_share(&self.name, slot)),
        }
    }

    /// The path of that.
    pub(crate) fn path_of(&self, which: Which) -> Cow<'_, Path> {
        match which {
            Which::Lock => Cow::Borrowed(&self.path),
            Which::Temporary(_) | Which::Share(_) => {
                Cow::Owned(self.path.with_file_name(address::as_path(&self.name_of(which))))
            }
        }
    }

    /// The address of that.
    pub(crate) fn address(&self, which: Which, way: Way) -> Result<Arc<SocketAddrUnix>> {
        match way {
            Way::Path if which == Which::Lock => self.address.clone(),
            Way::Path => address::of_path(&self.path_of(which)).map(Arc::new),
            Way::Proc => self.folder.address_of(address::as_path(&self.name_of(which))).map(Arc::new),
            Way::Abstract => None,
        }
        .ok_or(Errno::NAMETOOLONG)
    }

    /// Looks at the path; `None` if nothing is there.
    pub(crate) fn look(&self) -> Result<Option<Seen>> {
        match files::stat_name(self.folder.as_fd(), self.name.as_c_str()) {
            Ok(stat) => Ok(Some(self.seen(&stat, peer::user))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// What a file in the folder is; `user` returns our user.
    pub(crate) fn seen(&self, stat: &Stat, user: impl FnOnce() -> u32) -> Seen {
        let asked = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Fifo => mode_of_fifo(self.mode),
            _ => published_mode(self.mode),
        };
        Seen::of(stat, asked, |uid| self.owner(uid, user))
    }

    /// The owner of a file of that user; `user` returns our user.
    pub(crate) fn owner(&self, uid: u32, user: impl FnOnce() -> u32) -> Owner {
        match () {
            // Where no other user can put files, the current user need not be asked for.
            () if self.is_private && uid == self.user => Owner::Us,
            () if uid != user() => Owner::Other,
            () if peer::is_anybody(uid) => Owner::Nameless,
            () => Owner::Us,
        }
    }

    /// Whether the path is that inode.
    pub(crate) fn is(&self, inode: Inode) -> Result<bool> {
        Ok(self.look()?.is_some_and(|seen| seen.found.inode == inode))
    }

    pub(crate) fn mode(&self) -> u32 {
        self.mode
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

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::{Builder, Lock};

    #[test]
    fn what_one_has_learned_another_does_not_forget() {
        let folder = TempDir::with_prefix("slocket-at-path-").unwrap();
        let lock: Lock = Builder::new(folder.path().join("lock")).build().unwrap();
        let at = lock.site().at_path().unwrap();
        at.set_hints(Hints { in_use: true, unfixed: true, spoiled: true });
        // One that began before that has met no other process.
        at.set_hints(Hints::default());
        assert_eq!(at.hints(), Hints { in_use: false, unfixed: true, spoiled: true });
    }
}
