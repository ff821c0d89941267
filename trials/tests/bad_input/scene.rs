//! A folder with a lock, and what the tests look at.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;
use trials::lock::{Error, ErrorKind, Guard, Slocket};
use trials::mark;

use crate::census::threads;

/// Only for what hangs.
pub(crate) const HANG: Duration = Duration::from_secs(90);

/// Long enough to tell waiting from spinning.
pub(crate) const WHILE: Duration = Duration::from_millis(400);

/// A folder of a test's own.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::with_prefix("slocket-bad-").expect("a temporary folder") }
    }

    /// With other permissions than its owner's alone.
    pub(crate) fn with_mode(mode: u32) -> Self {
        let scene = Self::new();
        scene.set_mode(mode);
        scene
    }

    pub(crate) fn set_mode(&self, mode: u32) {
        fs::set_permissions(self.path(), fs::Permissions::from_mode(mode)).expect("the folder is ours");
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the lock is.
    pub(crate) fn lock(&self) -> PathBuf {
        self.path().join("lock")
    }

    pub(crate) fn slocket(&self) -> Slocket {
        Slocket::new(self.lock()).expect("a good path")
    }

    /// Puts something at the lock's path that is waited for until it goes: a stale socket, or a file.
    pub(crate) fn occupy(&self, stale: bool) {
        if stale {
            leave_dead(&self.lock(), false, 0o600);
        } else {
            fs::write(self.lock(), "").expect("a free path");
        }
    }

    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        self.assert_left(&[]);
    }

    /// These files are in the folder, and no others.
    #[track_caller]
    pub(crate) fn assert_left(&self, names: &[&str]) {
        assert_left(self.path(), names);
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // A folder that may not be read cannot be removed. (If it is gone, so much the better.)
        let _ = fs::set_permissions(self.path(), fs::Permissions::from_mode(0o700));
    }
}

/// These files are in the folder, and no others.
#[track_caller]
pub(crate) fn assert_left(folder: &Path, names: &[&str]) {
    let entries = fs::read_dir(folder).expect("the folder exists");
    let mut left: Vec<_> = entries.map(|entry| entry.expect("it exists").file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, names, "in {}", folder.display());
}

/// Leaves a socket behind that no process has open; with the mark or without.
pub(crate) fn leave_dead(path: &Path, marked: bool, mode: u32) {
    drop(UnixListener::bind(path).expect("a free path"));
    // A process that is being started has it open, too, until it runs its program.
    eventually(|| UnixStream::connect(path).is_err(), || "a process has it open".to_owned());
    mark::set(path, marked, mode);
}

/// The same lock as another process would have it: without the queue that clones share inside a process.
pub(crate) fn another(slocket: &Slocket) -> Slocket {
    Slocket::new(slocket.name()).expect("it is one already")
}

/// The lock works at `path`: it is taken, refused to a second, waited for, handed over, given back.
#[track_caller]
pub(crate) fn assert_works(slocket: &Slocket) {
    let guard = slocket.acquire().expect("the lock is free");
    assert!(guard.is_intact().unwrap());
    assert!(another(slocket).try_acquire().expect("nothing is wrong").is_none(), "two holders");
    let holder = slocket.holder().unwrap().expect("we listen");
    assert_eq!(holder.pid, Some(std::process::id()));
    let second = hand_over(slocket, guard).expect("the lock was handed over");
    assert!(second.is_intact().unwrap() && !second.is_loan());
    second.release().expect("it is ours");
    // (A lock file stays where another machine may see it.)
    let left = fs::symlink_metadata(slocket.name().to_string());
    assert!(left.is_err() || left.is_ok_and(|left| left.is_file()), "left behind");
}

/// Gives the lock to a second thread, which was in the queue. (What [`Slocket::holder`] left in it is passed over.)
#[track_caller]
pub(crate) fn hand_over(slocket: &Slocket, guard: Guard) -> Result<Guard, Error> {
    let other = another(slocket);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| named("waiter", || other.acquire_timeout(HANG)));
        until_asleep("waiter");
        guard.release().expect("it is ours");
        waiter.join().expect("no panic")
    })
}

/// Waits for a lock that the other process holds, which is told when that has begun and when it is over.
#[track_caller]
pub(crate) fn wait_and_tell(slocket: &Slocket, mut tell: impl FnMut(&str)) {
    thread::scope(|scope| {
        let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
        until_asleep("waiter");
        tell("waits");
        waiter.join().unwrap().unwrap().release().unwrap();
    });
    tell("released");
}

/// Runs `body` on this thread under a name.
pub(crate) fn named<T>(name: &str, body: impl FnOnce() -> T) -> T {
    fs::write("/proc/thread-self/comm", name).expect("a thread may be renamed");
    body()
}

/// Waits until the thread of that name is blocked in the kernel.
#[track_caller]
pub(crate) fn until_asleep(name: &str) {
    until_one_is_asleep(&[name]);
}

/// Waits until a thread of one of these names is blocked in the kernel; its name.
#[track_caller]
pub(crate) fn until_one_is_asleep<'a>(names: &[&'a str]) -> &'a str {
    let mut asleep = None;
    let look = || {
        let threads = threads();
        asleep = names.iter().copied().find(|name| threads.contains(&format!("{name} S")));
        asleep.is_some()
    };
    eventually(look, || format!("{:?}", threads()));
    asleep.expect("one was found")
}

/// Waits until the thread of that name is blocked in the kernel, or is over; whether it is blocked.
#[track_caller]
pub(crate) fn asleep_or_over(name: &str) -> bool {
    let mut is_asleep = false;
    let look = || {
        let threads = threads();
        is_asleep = threads.contains(&format!("{name} S"));
        is_asleep || !threads.iter().any(|thread| thread.starts_with(name))
    };
    eventually(look, || format!("{:?}", threads()));
    is_asleep
}

/// Waits for a condition that no event announces.
#[track_caller]
pub(crate) fn eventually(mut condition: impl FnMut() -> bool, otherwise: impl FnOnce() -> String) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < HANG / 3, "still: {}", otherwise());
        thread::yield_now();
    }
}

/// The process takes next to no CPU while `body` runs, which takes a while.
#[track_caller]
pub(crate) fn idle<T>(body: impl FnOnce() -> T) -> T {
    let (start, before) = (Instant::now(), cpu());
    let result = body();
    let (elapsed, used) = (start.elapsed(), cpu() - before);
    assert!(used * 10 < elapsed, "{used:?} of CPU in {elapsed:?}");
    result
}

fn cpu() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().expect("a positive time")
}

/// Waiting for `slocket` times out, without spinning; the holder's process, if one is named.
#[track_caller]
pub(crate) fn assert_times_out(slocket: &Slocket) -> Option<u32> {
    match idle(|| slocket.acquire_timeout(WHILE)) {
        Err(error) if error.is_timed_out() => {
            assert_eq!(error.name(), slocket.name());
            error.holder().and_then(|holder| holder.pid)
        }
        other => panic!("{other:?}"),
    }
}

/// The system's own error code in an error of the kind [`Io`](ErrorKind::Io), whose text says what was being done.
#[track_caller]
pub(crate) fn io_code(error: &Error) -> i32 {
    assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
    let (text, doing) = (error.to_string(), error.detail().expect("what was being done"));
    assert!(text.contains(doing) && text.contains(&error.name().to_string()), "{text}");
    error.io_error().and_then(std::io::Error::raw_os_error).expect("an error of the system")
}
