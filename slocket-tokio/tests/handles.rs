//! Handles of one lock for blocking and for asynchronous code.

use std::time::{Duration, Instant};

use slocket_os::{Lock, Session};
use slocket_tokio::{ErrorKind, LockName, Slocket, TryAcquireError};

/// They convert into each other, and stand in one queue: so a process has one connection to the outside, whatever its handles are.
#[tokio::test]
async fn handles_of_one_lock_share_one_queue() {
    let folder = tempfile::tempdir().unwrap();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    let blocking = slocket_sync::Slocket::from(&slocket);
    let again = Slocket::from(&blocking);
    assert_eq!((blocking.name(), again.name()), (slocket.name(), slocket.name()));

    let guard = slocket.acquire().await.unwrap();
    assert!(matches!(blocking.try_acquire(), Err(TryAcquireError::WouldBlock)));
    // All of them wait inside the process, where another handle of the path would go outside.
    for (handle, is_inside) in [
        (blocking.as_ref(), true),
        (again.as_ref(), true),
        (Slocket::new(slocket.path().unwrap()).unwrap().as_ref(), false),
    ] {
        assert_eq!(Session::acquire(handle, None).is_inside(), is_inside);
    }
    let waiter = tokio::spawn(async move { again.acquire().await.unwrap().release().unwrap() });
    let thread = std::thread::spawn(move || blocking.acquire().unwrap().release().unwrap());
    while !guard.contended() {
        tokio::task::yield_now().await;
    }
    guard.release().unwrap();
    waiter.await.unwrap();
    tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap();
    // By value, too.
    let lock = Lock::from(slocket);
    drop(slocket_sync::Slocket::from(lock).acquire().unwrap());
}

#[test]
fn blocking_needs_no_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    let guard = slocket.acquire_blocking().unwrap();
    assert!(slocket.try_acquire().unwrap_err().is_would_block());
    guard.release().unwrap();
    slocket.try_acquire().unwrap().release().unwrap();
    assert_eq!(slocket.holder().unwrap(), None);
}

#[tokio::test]
async fn a_deadline_and_a_body() {
    let folder = tempfile::tempdir().unwrap();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    // A lock that is free is acquired even when the deadline is over.
    let guard = slocket.acquire_until(Instant::now()).await.unwrap();
    let error = slocket.acquire_until(Instant::now() + Duration::from_millis(5)).await.unwrap_err();
    assert!(error.is_timed_out(), "{error}");
    guard.release().unwrap();
    let held = slocket.with_lock(async || slocket.try_acquire().unwrap_err().is_would_block()).await.unwrap();
    assert!(held, "the body runs without the lock");
    drop(slocket.try_acquire().expect("the body is over"));
}

/// A command of Tokio's keeps the lock, and nothing else that is started has it.
#[tokio::test]
async fn a_command_of_tokio() {
    let folder = tempfile::tempdir().unwrap();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    let guard = slocket.acquire().await.unwrap();
    let mut command = tokio::process::Command::new("test");
    let number = guard.pass_to(command.as_std_mut()).unwrap();
    command.args(["-S", &format!("/proc/self/fd/{number}")]);
    assert!(command.status().await.unwrap().success(), "it has not inherited the lock");
    let mut other = tokio::process::Command::new("test");
    other.args(["-e", &format!("/proc/self/fd/{number}")]);
    assert_eq!(other.status().await.unwrap().code(), Some(1), "another command has inherited the lock");
    drop(command);
    guard.release().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_abstract_name_has_no_mode() {
    let name = LockName::abstract_name(format!("slocket-handles-{}", std::process::id()));
    let error = Slocket::builder(&name).mode(0o600).build().unwrap_err();
    assert_eq!((error.kind(), error.name()), (ErrorKind::InvalidMode, &name));
    assert_eq!(Slocket::builder(&name).build().unwrap().name(), &name);
}
