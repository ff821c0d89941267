//! The watch of a waiter at a lock file.
//!
//! On Linux the waiter reads the events of inotify(7) itself: so a release wakes the waiter, and no thread of the watcher in between. And only of
//! what can mean that the lock is free: a watcher is woken by each open, each write and each close besides, in every process that waits.
//!
//! A user has few instances of inotify. So a process has one at most for this, and lends it to one waiter at a time; the others have the watcher of the
//! process. To end one takes the kernel some milliseconds, which is not the time of the waiter that holds the lock by then: a thread does that, as soon as
//! no waiter has used it for a while.

use std::ffi::CString;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, PoisonError};
use std::thread;

use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init, remove_watch};
use rustix::io::Errno;

use crate::at_path::AtPath;
use crate::closing::start_thread;
use crate::process::{Inherit, PerProcess, Process};
use crate::wait::Wait;
use crate::watch::Watch;
use crate::watcher::LINGERS;

/// The watch of a waiter at a lock file.
#[derive(Debug)]
pub(crate) enum FileWatch {
    Own(Own),
    OfWatcher(Watch),
}

impl FileWatch {
    /// Watches a lock's path; `None` if the system has no watch to give.
    pub(crate) fn new(at: &AtPath) -> Option<Self> {
        Own::new(at).map(Self::Own).or_else(|| Watch::new(at).map(Self::OfWatcher))
    }

    /// Waiting for something to happen.
    pub(crate) fn wait(&self) -> Wait<'_> {
        match self {
            Self::Own(own) => Wait { descriptor: Some(own.inotify.as_fd()), ..Wait::default() },
            Self::OfWatcher(watch) => watch.wait(),
        }
    }

    /// Whether something happened since the last call.
    pub(crate) fn take(&self) -> bool {
        match self {
            Self::Own(own) => own.take(),
            Self::OfWatcher(watch) => watch.take(),
        }
    }
}

/// What can mean that the lock is free: its file is removed, renamed, replaced or touched; or that of the folder. (Not that a file is made: until
/// then there was none, and the waiter made it.)
const CHANGES: WatchFlags = WatchFlags::DELETE
    .union(WatchFlags::MOVE)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// A watch of which the waiter reads the events.
#[derive(Debug)]
pub(crate) struct Own {
    inotify: Arc<OwnedFd>,
    watch: i32,
    name: CString,
    process: Process,
}

impl Own {
    fn new(at: &AtPath) -> Option<Self> {
        at.folder().watchable()?;
        let process = Process::current();
        let (inotify, former) = borrow(process)?;
        let folder = at.folder().keep();
        let ways = folder.iter().flat_map(|folder| at.ways(folder));
        match ways.map(|way| add_watch(&*inotify, way, CHANGES)).find(|added| *added != Err(Errno::NOENT)) {
            Some(Ok(watch)) => {
                if let Some(former) = former.filter(|former| *former != watch) {
                    let _ = remove_watch(&*inotify, former);
                }
                Some(Self { inotify, watch, name: at.name().to_owned(), process })
            }
            Some(Err(_)) | None => {
                give_back(process, former);
                None
            }
        }
    }

    /// Reads all that has come. (What was of an earlier watch is of another number.)
    fn take(&self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 1024];
        let mut events = Reader::new(&*self.inotify, &mut buffer);
        let mut has_changed = false;
        loop {
            match events.next() {
                Ok(event) => {
                    let is_of_path =
                        event.wd() == self.watch && event.file_name().is_none_or(|name| name == &*self.name);
                    has_changed |= is_of_path || event.events().contains(ReadFlags::QUEUE_OVERFLOW);
                }
                Err(Errno::INTR) => {}
                Err(_) => return has_changed,
            }
        }
    }
}

impl Drop for Own {
    /// (A fork has a copy of the instance, whose watch is the parent's.)
    fn drop(&mut self) {
        if self.process.is_current() {
            give_back(self.process, Some(self.watch));
        }
    }
}

static INSTANCE: PerProcess<Instance> = PerProcess::new();

/// The instance of inotify that is lent to one waiter at a time.
struct Instance {
    /// While there is one, there is a thread that ends it.
    inotify: Option<Arc<OwnedFd>>,
    is_lent: bool,
    /// The watch that it had when it was lent last: the next waiter ends it, or the thread. (That takes a while, too.)
    watch: Option<i32>,
    /// Tells that thread that it is back; there from the first loan on.
    is_back: Option<Arc<Condvar>>,
}

impl Inherit for Instance {
    const NEW: Self = Self { inotify: None, is_lent: false, watch: None, is_back: None };

    /// It is the parent's. (It is not closed: a daemon may have done so, and its number may be another file's by now.)
    fn inherit(&mut self) {
        mem::forget(self.inotify.take());
        *self = Self::NEW;
    }
}

fn borrow(here: Process) -> Option<(Arc<OwnedFd>, Option<i32>)> {
    let mut instance = INSTANCE.lock(here);
    if instance.is_lent {
        return None;
    }
    let inotify = match &instance.inotify {
        Some(inotify) => Arc::clone(inotify),
        None => {
            let inotify = Arc::new(init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?);
            let is_back = Arc::clone(instance.is_back.get_or_insert_default());
            start_thread("slocket-watch", move || end_when_idle(&is_back, here)).ok()?;
            instance.inotify = Some(Arc::clone(&inotify));
            inotify
        }
    };
    instance.is_lent = true;
    Some((inotify, instance.watch))
}

fn give_back(here: Process, watch: Option<i32>) {
    let mut instance = INSTANCE.lock(here);
    instance.is_lent = false;
    instance.watch = watch;
    if let Some(is_back) = &instance.is_back {
        is_back.notify_one();
    }
}

/// Ends the instance when no waiter has it, and none has had it at the end of a pause.
fn end_when_idle(is_back: &Condvar, here: Process) {
    let ended = loop {
        drop(
            is_back
                .wait_while(INSTANCE.lock(here), |instance| instance.is_lent)
                .unwrap_or_else(PoisonError::into_inner),
        );
        thread::sleep(LINGERS);
        let mut instance = INSTANCE.lock(here);
        if !instance.is_lent {
            instance.watch = None;
            break instance.inotify.take();
        }
    };
    drop(ended);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, Instant};

    use rustix::event::{PollFd, PollFlags, poll};

    use super::*;
    use crate::{Builder, Home, Lock};

    /// Waits until the watch tells of something; fails after a minute.
    #[track_caller]
    fn wakes(watch: &FileWatch) {
        let descriptor = watch.wait().descriptor.expect("a descriptor");
        let within = rustix::event::Timespec { tv_sec: 60, tv_nsec: 0 };
        while !watch.take() {
            let ready = poll(&mut [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)], Some(&within));
            assert_ne!(ready, Ok(0), "the watch tells of nothing");
        }
    }

    /// (There is one instance, and tests are threads of one process.)
    #[test]
    fn one_waiter_reads_the_events_itself_and_others_have_the_watcher() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock: Lock = Builder::new(&path).home(Home::File).build().unwrap();
        let at = lock.site().at_path().unwrap();
        fs::write(&path, "").unwrap();
        let first = FileWatch::new(at).expect("a watch");
        assert!(matches!(first, FileWatch::Own(_)));
        let second = FileWatch::new(at).expect("a watch");
        assert!(matches!(second, FileWatch::OfWatcher(_)));

        // What tells nothing of a lock.
        fs::write(&path, "more").unwrap();
        drop(fs::File::open(&path).unwrap());
        fs::write(folder.path().join("another"), "").unwrap();
        fs::remove_file(folder.path().join("another")).unwrap();
        assert!(!first.take());

        crate::sys::lock_files::touch(fs::File::open(&path).unwrap().as_fd()).unwrap();
        wakes(&first);
        wakes(&second);
        fs::rename(&path, folder.path().join("another")).unwrap();
        wakes(&first);
        fs::write(&path, "").unwrap();
        assert!(!first.take(), "it tells of a file that is made");
        fs::rename(folder.path().join("another"), &path).unwrap();
        wakes(&first);
        fs::remove_file(&path).unwrap();
        wakes(&first);
        wakes(&second);
        drop(first);

        // It is used again, for another folder.
        let other = tempfile::tempdir().unwrap();
        let path = other.path().join("lock");
        let lock: Lock = Builder::new(&path).home(Home::File).build().unwrap();
        fs::write(&path, "").unwrap();
        let third = FileWatch::new(lock.site().at_path().unwrap()).expect("a watch");
        assert!(matches!(third, FileWatch::Own(_)));
        fs::remove_dir_all(folder.path()).unwrap();
        assert!(!third.take(), "the watch of the first folder has ended");
        fs::remove_file(&path).unwrap();
        wakes(&third);
        drop(third);

        let here = Process::current();
        let begin = Instant::now();
        while INSTANCE.lock(here).inotify.is_some() {
            assert!(begin.elapsed() < Duration::from_secs(60), "the instance stays");
            thread::yield_now();
        }
    }
}
