//! Watching a path: a descriptor that becomes readable when something happens to it.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

/// A watch on one name in a folder. It lasts until it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    signal: UnixStream,
    /// Keeps the watch. Its thread is the one thing that waits beside the caller.
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Watches `name` in `folder`; `None` if the system has no watch to give (`max_user_instances`, `max_user_watches`,
    /// a folder that may not be read): timed re-checks must do then.
    pub(crate) fn new(folder: &Path, name: &Path) -> Option<Self> {
        let (signal, wake) = UnixStream::pair().ok()?;
        signal.set_nonblocking(true).ok()?;
        wake.set_nonblocking(true).ok()?;
        let name = OsString::from(name);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let matters = event.map_or(true, |event| {
                event.need_rescan()
                    || (!matches!(event.kind, EventKind::Access(_))
                        && (event.paths.is_empty() || event.paths.iter().any(|path| path.file_name() == Some(&name))))
            });
            if matters {
                // A full buffer is readable already, which is all that matters.
                let _ = (&wake).write(&[0]);
            }
        })
        .ok()?;
        watcher.watch(folder, RecursiveMode::NonRecursive).ok()?;
        Some(Self { signal, _watcher: watcher })
    }

    /// Whether something happened since the last call.
    pub(crate) fn take(&self) -> bool {
        let mut bytes = [0; 64];
        let mut happened = false;
        while matches!((&self.signal).read(&mut bytes), Ok(count) if count > 0) {
            happened = true;
        }
        happened
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signal.as_fd()
    }
}
