//! Watching a path: a descriptor that becomes readable when something happens to it.

use std::sync::Arc;
use std::time::Instant;

use crate::at_path::AtPath;
use crate::bell::Bell;
use crate::folder::FolderId;
use crate::process::Process;
use crate::wait::{Wait, block_on};
use crate::watcher;

/// A watch on a lock's path, to wait for a change without queueing. It lasts until it is dropped.
///
/// It reports a name that comes, goes or moves, and a mode, times or an owner that change: a reason to [`inspect`](crate::inspect)
/// the path again. It does not report that a process was killed, because the path does not change; nor, perhaps, changes that were not made
/// by this machine's calls. So look again now and then, even without a report.
#[derive(Debug)]
#[must_use = "a watch lasts until it is dropped"]
pub struct Watch {
    bell: Arc<Bell>,
    folder: FolderId,
    process: Process,
}

impl Watch {
    /// Blocks the thread until something has happened since the last call, or until that time.
    pub fn block(&self, until: Instant) {
        while !self.take() && Instant::now() < until {
            block_on(Wait { until: Some(until), ..self.wait() });
        }
    }

    /// Watches a lock's path; `None` if the system has no watch to give (no thread, `max_user_instances`,
    /// `max_user_watches`, a folder that may not be read, one in user space): timed re-checks must do then.
    pub(crate) fn new(at: &AtPath) -> Option<Self> {
        let process = Process::current();
        let (bell, folder) = watcher::add(at, process)?;
        Some(Self { bell, folder, process })
    }

    /// Waiting for something to happen.
    pub(crate) fn wait(&self) -> Wait<'_> {
        Wait::of_bell(&self.bell)
    }

    pub(crate) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Whether something happened since the last call.
    pub(crate) fn take(&self) -> bool {
        self.bell.take() == Ok(true)
    }
}

impl Drop for Watch {
    /// (A fork has a copy of the bell, and no watcher that would ring it.)
    fn drop(&mut self) {
        if self.process.is_current() {
            watcher::remove(&self.bell, &self.folder, self.process);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};

    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
    use tempfile::TempDir;

    use super::*;
    use crate::builder::Builder;
    use crate::lock::Lock;

    fn named(path: PathBuf) -> Lock {
        Builder::new(path).build().unwrap()
    }

    fn watch(lock: &Lock) -> Watch {
        Watch::new(lock.site().at_path().unwrap()).expect("a watch")
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
        watch.block(until);
        assert!(Instant::now() < until, "the watch tells of nothing");
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
        fs::set_permissions(&path, fs::Permissions::from_mode(0o1600)).unwrap();
        wakes(&watch);
        fs::rename(&path, &other).unwrap();
        wakes(&watch);
        fs::rename(&other, &path).unwrap();
        wakes(&watch);
        drop(listener);
        fs::remove_file(&path).unwrap();
        wakes(&watch);
    }

    #[test]
    fn a_watch_for_who_does_not_queue_tells_of_changes_and_ends_with_the_time() {
        let folder = TempDir::with_prefix("slocket-watch-").unwrap();
        let lock = named(folder.path().join("lock"));
        let watch = lock.watch().expect("a watch");
        watch.block(Instant::now());
        fs::write(lock.path().unwrap(), "").unwrap();
        wakes(&watch);
        fs::remove_file(lock.path().unwrap()).unwrap();
        wakes(&watch);
        let name: Lock = Builder::new(crate::LockName::abstract_name("slocket-watch")).build().unwrap();
        assert!(name.watch().is_none());
    }

    /// A process that finds a socket that does not listen yet pauses and comes again; it does not wait for the watch.
    #[test]
    fn it_does_not_wake_when_a_socket_listens_is_connected_to_or_closed() {
        // (Not one that was watched just now: the watcher lingers, and would tell of the bind.)
        let folder = TempDir::with_prefix("slocket-watch-").unwrap();
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

    /// A process that looks for the reason of an alarm opens the folder.
    #[test]
    fn it_does_not_wake_when_the_folder_is_opened_or_a_file_there_is_written() {
        let (folder, watch) = watched();
        fs::write(folder.path().join("lock"), "").unwrap();
        wakes(&watch);
        assert!(told_nothing_before(&watch, folder.path(), Path::new("a mark")));
        drop(fs::File::open(folder.path()).unwrap());
        fs::File::options().append(true).open(folder.path().join("lock")).unwrap().write_all(b"more").unwrap();
        assert!(told_nothing_before(&watch, folder.path(), Path::new("another")));
    }

    /// (inotify has one watch for both.)
    #[test]
    fn two_watches_in_one_folder_do_not_depend_on_each_other() {
        let (folder, first) = watched();
        let path = folder.path().join("lock");
        let second = watch(&named(path.clone()));
        drop(first);
        fs::write(&path, "").unwrap();
        wakes(&second);
        let third = watch(&named(path.clone()));
        fs::remove_file(&path).unwrap();
        wakes(&second);
        wakes(&third);
    }

    /// A number that is another folder's by now must not be taken for the first one's.
    #[test]
    fn the_descriptor_by_which_the_folder_was_named_may_be_closed() {
        // So that nothing else is closed meanwhile.
        let _standing = watched();
        let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let first = watch(&named(one.path().join("lock")));
        let second = watch(&named(other.path().join("lock")));
        fs::write(one.path().join("lock"), "").unwrap();
        wakes(&first);
        assert!(!second.take(), "told of another folder");
        drop(first);
        fs::write(other.path().join("lock"), "").unwrap();
        wakes(&second);
    }

    #[test]
    fn it_is_of_the_folder_that_was_named_whatever_is_exchanged_on_the_way() {
        let (folder, _) = watched();
        let (way, aside) = (folder.path().join("way"), folder.path().join("aside"));
        fs::create_dir_all(way.join("folder")).unwrap();
        let lock = named(way.join("folder/lock"));
        fs::rename(&way, &aside).unwrap();
        fs::create_dir_all(way.join("folder")).unwrap();
        let watch = watch(&lock);
        fs::write(way.join("folder/lock"), "of another folder").unwrap();
        assert!(told_nothing_before(&watch, &aside.join("folder"), Path::new("another")));
        fs::write(aside.join("folder/lock"), "").unwrap();
        wakes(&watch);
        fs::rename(aside.join("folder"), aside.join("moved")).unwrap();
        wakes(&watch);
        fs::remove_file(aside.join("moved/lock")).unwrap();
        wakes(&watch);
    }
}
