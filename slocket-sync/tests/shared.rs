//! Shared locks and permits, within one process.

use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use slocket_sync::{ErrorKind, Semaphore, Slocket, TryAcquireError};
use tempfile::TempDir;

const NEVER: Duration = Duration::from_secs(60);
const AT_ONCE: Duration = Duration::ZERO;

fn place() -> (TempDir, Slocket) {
    let folder = TempDir::with_prefix("slocket-shared-").unwrap();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    (folder, slocket)
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn pid() -> Option<u32> {
    Some(std::process::id())
}

#[test]
fn readers_together_and_the_writer_alone() {
    let (folder, slocket) = place();
    let readers: Vec<_> = (0..3).map(|_| slocket.acquire_shared().unwrap()).collect();
    assert!(matches!(slocket.try_acquire(), Err(TryAcquireError::WouldBlock)));
    let error = slocket.acquire_timeout(AT_ONCE).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(
        error.sharers().iter().map(|sharer| (sharer.process.pid, sharer.slot)).collect::<Vec<_>>(),
        [(pid(), None)]
    );
    assert!(error.to_string().contains(&format!("it is shared by pid {}", std::process::id())), "{error}");
    drop(readers);
    let writer = slocket.try_acquire().unwrap();
    assert_eq!(names(&folder), ["lock"]);
    assert!(matches!(slocket.try_acquire_shared(), Err(TryAcquireError::WouldBlock)));
    let reader = writer.downgrade().unwrap();
    let other = slocket.try_acquire_shared().unwrap();
    assert!(matches!(slocket.try_acquire(), Err(TryAcquireError::WouldBlock)));
    reader.release().unwrap();
    assert_eq!(names(&folder), [".lock.shared"]);
    other.release().unwrap();
    assert_eq!(names(&folder), [""; 0]);
}

#[test]
fn each_permit_has_a_number_of_its_own() {
    let (folder, slocket) = place();
    let semaphore = slocket.semaphore(3).unwrap();
    let mut permits: Vec<_> = (0..3).map(|_| semaphore.acquire().unwrap()).collect();
    assert_eq!(permits.iter().map(slocket_sync::Permit::index).collect::<Vec<_>>(), [0, 1, 2]);
    let sharers = slocket.sharers().unwrap();
    assert_eq!(
        sharers.iter().map(|sharer| (sharer.process.pid, sharer.slot)).collect::<Vec<_>>(),
        [(pid(), Some(0)), (pid(), Some(1)), (pid(), Some(2))]
    );
    assert!(matches!(semaphore.try_acquire(), Err(TryAcquireError::WouldBlock)));
    let error = semaphore.acquire_timeout(AT_ONCE).unwrap_err();
    assert_eq!((error.kind(), error.sharers().len()), (ErrorKind::TimedOut, 3));
    permits.remove(1).release().unwrap();
    let again = semaphore.try_acquire().unwrap();
    assert_eq!(again.index(), 1, "the one that is free");
    // A process that says fewer takes one of the first alone; a process that says more has more.
    assert!(matches!(slocket.semaphore(2).unwrap().try_acquire(), Err(TryAcquireError::WouldBlock)));
    assert_eq!(slocket.semaphore(4).unwrap().try_acquire().unwrap().index(), 3);
    // A shared lock and a permit do not exclude each other; the lock itself is excluded by both.
    let reader = slocket.try_acquire_shared().unwrap();
    drop((permits, again));
    assert!(matches!(slocket.try_acquire(), Err(TryAcquireError::WouldBlock)));
    drop(reader);
    slocket.try_acquire().unwrap().release().unwrap();
    assert_eq!(names(&folder), [""; 0]);
}

#[test]
fn threads_queue_and_are_served_in_order() {
    let (folder, slocket) = place();
    let semaphore = slocket.semaphore(1).unwrap();
    let first = semaphore.acquire().unwrap();
    let (tell, told) = mpsc::channel();
    let mut requests: Vec<_> = (0..20).map(|_| semaphore.request()).collect();
    let exclusive = slocket.request();
    let threads: Vec<_> = requests
        .drain(..)
        .enumerate()
        .map(|(number, mut request)| {
            let tell = tell.clone();
            thread::spawn(move || {
                let permit = request.wait_timeout(NEVER).unwrap().unwrap();
                tell.send(number).unwrap();
                permit.release().unwrap();
            })
        })
        .collect();
    first.release().unwrap();
    let guard = exclusive.wait().unwrap();
    assert_eq!(told.try_iter().collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    guard.release().unwrap();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(names(&folder), [""; 0]);
}

/// A reader that comes later than a writer waits behind it.
#[test]
fn a_writer_that_waits_is_not_overtaken_by_readers() {
    let (folder, slocket) = place();
    // Handles of their own, as other processes have.
    let handle = || Slocket::new(folder.path().join("lock")).unwrap();
    let reader = slocket.acquire_shared().unwrap();
    let mut writer = handle().request();
    let mut later = handle().request_shared();
    assert!(matches!(handle().try_acquire_shared(), Err(TryAcquireError::WouldBlock)));
    assert!(writer.wait_timeout(AT_ONCE).unwrap().is_none() && later.wait_timeout(AT_ONCE).unwrap().is_none());
    // The writer waits itself: it is not the holder.
    let error = handle().acquire_timeout(AT_ONCE).unwrap_err();
    assert_eq!((error.sharers().len(), error.holder()), (1, None));
    let text = error.to_string();
    assert!(
        text.contains("it is shared by pid ") && text.contains(", for which pid ") && text.ends_with(" waits first"),
        "{text}"
    );
    reader.release().unwrap();
    let guard = writer.wait_timeout(NEVER).unwrap().expect("its turn");
    assert!(later.wait_timeout(AT_ONCE).unwrap().is_none());
    guard.release().unwrap();
    later.wait_timeout(NEVER).unwrap().expect("its turn").release().unwrap();
    assert_eq!(names(&folder), [""; 0]);
}

/// What waits inside the process keeps its place, whichever gives up.
#[test]
fn a_place_goes_to_the_next_only_if_it_wants_the_same() {
    let (folder, slocket) = place();
    let other = Slocket::new(folder.path().join("lock")).unwrap();
    for pass_the_same in [true, false] {
        let guard = other.acquire().unwrap();
        let outside = slocket.request();
        let same = pass_the_same.then(|| slocket.request());
        let shared = slocket.request_shared();
        drop(outside);
        guard.release().unwrap();
        if let Some(same) = same {
            same.wait().unwrap().release().unwrap();
        }
        shared.wait().unwrap().release().unwrap();
        assert_eq!(names(&folder), [""; 0]);
    }
}

/// The lock is passed on inside the process only to one that wants the lock.
#[test]
fn the_lock_is_not_taken_for_a_share() {
    let (folder, slocket) = place();
    let guard = slocket.acquire().unwrap();
    let (shared, permit) = (slocket.request_shared(), slocket.semaphore(1).unwrap().request());
    guard.release().unwrap();
    let (shared, permit) = (shared.wait().unwrap(), permit.wait().unwrap());
    assert_eq!(permit.index(), 0);
    assert!(matches!(slocket.try_acquire(), Err(TryAcquireError::WouldBlock)));
    drop((shared, permit));
    assert_eq!(names(&folder), [""; 0]);
}

#[test]
fn a_waiter_for_shares_says_so() {
    let (_folder, slocket) = place();
    let (tell, told) = mpsc::channel();
    let asking = Slocket::builder(slocket.path().unwrap())
        .on_wait(AT_ONCE, move |waiting| tell.send((waiting.to_string(), waiting.sharers.clone())).unwrap())
        .build()
        .unwrap();
    let permit = slocket.semaphore(2).unwrap().acquire().unwrap();
    asking.acquire_timeout(Duration::from_millis(1)).unwrap_err();
    let (text, sharers) = told.recv_timeout(NEVER).unwrap();
    assert_eq!((sharers[0].process.pid, sharers[0].slot), (pid(), Some(0)));
    assert!(text.contains("lock, shared by pid ") && text.ends_with(" in slot 0"), "{text}");
    drop(permit);
}

#[test]
fn what_cannot_be_had_is_said() {
    let (folder, slocket) = place();
    for permits in [0, 65_536] {
        let error = Semaphore::new(folder.path().join("lock"), permits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPermits);
        assert!(error.to_string().ends_with(&format!("a semaphore has from 1 to 65,535 permits, not {permits}")));
    }
    assert_eq!(Semaphore::new(folder.path().join("lock"), 65_535).unwrap().permits(), 65_535);

    let named = Slocket::abstract_name(format!("slocket-shared-{}", std::process::id())).unwrap();
    assert_eq!(named.acquire_shared().unwrap_err().kind(), ErrorKind::NoShares);
    assert_eq!(named.semaphore(1).unwrap().acquire().unwrap_err().kind(), ErrorKind::NoShares);
    let not_downgraded = named.acquire().unwrap().downgrade().unwrap_err();
    assert_eq!(not_downgraded.error().kind(), ErrorKind::NoShares);
    not_downgraded.into_guard().expect("it is held as before").release().unwrap();

    fs::write(folder.path().join(".lock.shared"), "").unwrap();
    for error in [slocket.acquire().unwrap_err(), slocket.acquire_shared().unwrap_err()] {
        assert_eq!((error.kind(), error.detail()), (ErrorKind::Occupied, Some(".lock.shared")));
    }
    assert_eq!(names(&folder), [".lock.shared"]);
}
