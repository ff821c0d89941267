//! What callers may rely on of the types, and the ways to acquire that are made of others.

use std::collections::HashSet;
use std::error::Error as _;
use std::hash::Hash;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use slocket_sync::{
    Builder, Disowned, Error, ErrorKind, Guard, Holder, LockName, OccupiedPolicy, Slocket, StalePolicy, Trust,
    TryAcquireError,
};

#[test]
fn the_types_are_what_a_user_expects() {
    fn can_be_sent<T: Send + Sync + 'static + std::fmt::Debug>() {}
    fn unwinds<T: UnwindSafe + RefUnwindSafe>() {}
    fn is_value<T: Clone + Eq + Hash>() {}
    can_be_sent::<Slocket>();
    can_be_sent::<Builder>();
    can_be_sent::<Guard>();
    can_be_sent::<Disowned>();
    can_be_sent::<Error>();
    can_be_sent::<TryAcquireError>();
    unwinds::<Slocket>();
    unwinds::<Guard>();
    unwinds::<Error>();
    is_value::<ErrorKind>();
    is_value::<LockName>();
    is_value::<Holder>();
    is_value::<OccupiedPolicy>();
    is_value::<StalePolicy>();
    is_value::<Trust>();
    assert_eq!(size_of::<Error>(), size_of::<usize>(), "an error is as small as a pointer");
    assert_eq!(HashSet::from([ErrorKind::Io, ErrorKind::Io]).len(), 1);
}

#[test]
fn an_error_goes_through_a_question_mark() {
    fn acquire() -> io::Result<Guard> {
        Ok(Slocket::new("/no/such/folder/lock")?.try_acquire()?)
    }
    let error = acquire().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).expect("the error itself");
    assert_eq!(inner.kind(), ErrorKind::ParentMissing);
    assert!(inner.source().is_some(), "what the system said");
    assert_eq!(io::Error::from(TryAcquireError::WouldBlock).kind(), io::ErrorKind::WouldBlock);
}

fn lock() -> (tempfile::TempDir, Slocket) {
    let folder = tempfile::tempdir().unwrap();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    (folder, slocket)
}

#[test]
fn a_deadline() {
    let (folder, slocket) = lock();
    // A lock that is free is acquired even when the deadline is over.
    let guard = slocket.acquire_until(Instant::now()).unwrap();
    assert_eq!((guard.name(), guard.path()), (slocket.name(), slocket.path()));
    let error = slocket.acquire_until(Instant::now() + Duration::from_millis(5)).unwrap_err();
    assert!(error.is_timed_out(), "{error}");
    guard.release().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_body_holds_the_lock_and_releases_it() {
    let (folder, slocket) = lock();
    let other = Slocket::new(slocket.path().unwrap()).unwrap();
    let held = slocket.with_lock(|| other.try_acquire().unwrap_err().is_would_block()).unwrap();
    assert!(held, "the body runs without the lock");
    drop(other.try_acquire().expect("the body is over"));
    // So it does when the body panics.
    catch_unwind(|| slocket.with_lock(|| panic!("as it is to"))).unwrap_err();
    drop(other.try_acquire().expect("the body is over"));
    // And what it protects may be spoiled if the path was taken away meanwhile.
    let lost = slocket.with_lock(|| std::fs::remove_file(slocket.path().unwrap()).unwrap()).unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::LockLost);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// By whatever handle: the path is the same.
#[test]
fn a_thread_that_waits_for_itself_is_told_so() {
    let (_folder, slocket) = lock();
    let other = Slocket::new(slocket.path().unwrap()).unwrap();
    for again in [&slocket, &slocket.clone(), &other] {
        let refused =
            slocket.with_lock(|| (again.acquire().unwrap_err(), again.with_lock(|| ()).unwrap_err())).unwrap();
        assert_eq!((refused.0.kind(), refused.1.kind()), (ErrorKind::Deadlock, ErrorKind::Deadlock));
    }
    // Another lock is not a deadlock, nor is what ends in time, nor another thread, nor what comes after.
    let (_folder, another) = lock();
    slocket.with_lock(|| another.with_lock(|| ()).unwrap()).unwrap();
    let timed = slocket.with_lock(|| other.acquire_timeout(Duration::from_millis(5)).unwrap_err()).unwrap();
    assert!(timed.is_timed_out(), "{timed}");
    std::thread::scope(|scope| {
        let waiter = slocket.with_lock(|| scope.spawn(|| other.with_lock(|| ()))).unwrap();
        waiter.join().unwrap().unwrap();
    });
    slocket.with_lock(|| ()).unwrap();
}
