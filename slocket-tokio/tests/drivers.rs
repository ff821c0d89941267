//! A runtime without what the adapter waits with is told so at once, not when another process holds the lock for the first time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use slocket_tokio::Slocket;
use tokio::runtime::Builder;

/// What a panic says of an acquire, and of one with a time-out, of a lock that is free. (A try needs no runtime.)
fn panics(mut run: impl FnMut(&Slocket, bool)) -> [String; 2] {
    let folder = tempfile::tempdir().unwrap();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    let said = [false, true].map(|is_timed| {
        let panic = catch_unwind(AssertUnwindSafe(|| run(&slocket, is_timed))).expect_err("it needs the driver");
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "left in the folder");
    said
}

async fn lock(slocket: &Slocket, is_timed: bool) {
    if is_timed {
        drop(slocket.acquire_timeout(Duration::MAX).await);
    } else {
        drop(slocket.acquire().await);
    }
}

#[test]
fn a_runtime_without_the_io_driver() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    for said in panics(|slocket, is_timed| runtime.block_on(lock(slocket, is_timed))) {
        assert!(said.contains("enable_io"), "{said}");
    }
}

#[test]
fn a_runtime_without_the_time_driver() {
    let runtime = Builder::new_current_thread().enable_io().build().unwrap();
    for said in panics(|slocket, is_timed| runtime.block_on(lock(slocket, is_timed))) {
        assert!(said.contains("enable_time"), "{said}");
    }
}

#[test]
fn no_runtime() {
    for said in panics(|slocket, is_timed| {
        let mut future = Box::pin(lock(slocket, is_timed));
        let _ = future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    }) {
        assert!(said.contains("Tokio 1.x runtime"), "{said}");
    }
}

#[test]
fn one_runtime_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    let run = |builder: &mut Builder| {
        catch_unwind(AssertUnwindSafe(|| builder.build().unwrap().block_on(lock(&slocket, false)))).is_ok()
    };
    assert!(run(Builder::new_current_thread().enable_all()));
    assert!(!run(Builder::new_current_thread().enable_time()), "it is another one");
    assert!(run(Builder::new_current_thread().enable_all()));
}
