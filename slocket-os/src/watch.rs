//! Watching a path: a descriptor that becomes readable when something happens to it.

use std::ffi::OsString;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;

use crate::address::proc_path;
use crate::at_path::AtPath;

/// A watch on one name in a folder (inotify(7)). It lasts until it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    inotify: OwnedFd,
    name: OsString,
}

impl Watch {
    /// Watches a lock's path; `None` if the system has no watch to give (`max_user_instances`, `max_user_watches`,
    /// a folder that may not be read): timed re-checks must do then.
    pub(crate) fn new(at: &AtPath) -> Option<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        let to_names = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVED_FROM | WatchFlags::MOVED_TO;
        let to_itself = WatchFlags::ATTRIB | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        let flags = to_names | to_itself | WatchFlags::ONLYDIR;
        match inotify::add_watch(&inotify, proc_path(at.folder().as_fd()), flags) {
            // Where /proc does not lead to the folder, its path does.
            Err(Errno::NOENT) => inotify::add_watch(&inotify, at.path().parent()?, flags),
            added => added,
        }
        .ok()?;
        Some(Self { inotify, name: at.name().into() })
    }

    /// Whether something happened since the last call.
    pub(crate) fn take(&self) -> bool {
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.inotify, &mut space);
        let mut happened = false;
        loop {
            match events.next() {
                // What has no name happened to the folder itself, or there was more than the queue holds.
                Ok(event) => {
                    happened |= event.file_name().is_none_or(|name| name.to_bytes() == self.name.as_bytes());
                }
                Err(Errno::INTR) => {}
                Err(_) => return happened,
            }
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};

    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
    use tempfile::TempDir;

    use super::*;
    use crate::lock::{Builder, Lock};
    use crate::wait::Wait;

    fn named(path: PathBuf) -> Lock {
        Builder::new(path).build().unwrap()
    }

    fn watch(lock: &Lock) -> Watch {
        Watch::new(lock.at_path().unwrap()).expect("a watch")
    }

    /// A watch on `lock` in a fresh folder.
    fn watched() -> (TempDir, Watch) {
        let folder = TempDir::with_prefix("slocket-watch-").unwrap();
        let watch = watch(&named(folder.path().join("lock")));
        (folder, watch)
    }

    /// Waits until the watch has told of something; fails after a minute.
    #[track_caller]
    fn wakes(watch: &Watch) {
        let until = Instant::now() + Duration::from_secs(60);
        while !watch.take() {
            assert!(Instant::now() < until, "the watch tells of nothing");
            Wait { descriptor: Some(watch.as_fd()), until: Some(until), ..Wait::default() }.block();
        }
    }

    /// Whether the watch has told of nothing by the time at which it tells of a removal, which is later.
    fn told_nothing_before(watched: &Watch, folder: &Path, name: &Path) -> bool {
        let other = watch(&named(folder.join(name)));
        fs::write(folder.join(name), "").unwrap();
        wakes(&other);
        !watched.take()
    }

    #[test]
    fn it_wakes_when_the_path_comes_changes_its_mode_is_replaced_and_goes() {
        let (folder, watch) = watched();
        let (path, other) = (folder.path().join("lock"), folder.path().join("other"));
        let listener = UnixListener::bind(&path).unwrap();
        wakes(&watch);
        named(path.clone()).at_path().unwrap().pin().unwrap().expect("a socket").set_mark(true).unwrap();
        wakes(&watch);
        fs::rename(&path, &other).unwrap();
        wakes(&watch);
        fs::rename(&other, &path).unwrap();
        wakes(&watch);
        drop(listener);
        fs::remove_file(&path).unwrap();
        wakes(&watch);
    }

    /// Who finds a socket that does not listen yet pauses and comes again; it does not wait for the watch.
    #[test]
    fn it_does_not_wake_when_a_socket_listens_is_connected_to_or_closed() {
        let (folder, _) = watched();
        let path = folder.path().join("lock");
        let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        let watch = watch(&named(path.clone()));
        listen(&socket, 1).unwrap();
        drop(UnixStream::connect(&path).unwrap());
        drop(socket);
        assert!(told_nothing_before(&watch, folder.path(), Path::new("another")));
    }

    #[test]
    fn it_does_not_wake_for_another_name() {
        let (folder, watch) = watched();
        fs::write(folder.path().join("another"), "").unwrap();
        assert!(told_nothing_before(&watch, folder.path(), Path::new("a third")));
    }
}
