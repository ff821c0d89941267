//! A try that is dropped while it pauses, for its temporary name was taken, with a clone waiting behind it.

use std::fs::File;
use std::io::{self, Write};
use std::process::Command;

use slocket_os::Session;
use slocket_tokio::Slocket;

const PATH: &str = "SLOCKET_TRY_DROPPED";

#[test]
fn a_try_that_is_dropped_leaves_no_place_behind() {
    if let Some(path) = std::env::var_os(PATH) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(drop_a_try(&Slocket::new(path).unwrap()));
    }
    if Command::new("strace").arg("-V").output().is_err() {
        let line = "a_try_that_is_dropped_leaves_no_place_behind: SKIPPED: no strace";
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{line}");
        // Past the capture of what tests write.
        return writeln!(io::stderr(), "{line}").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    // A stranger's lock on the folder makes it publish aside, under temporary names, of which the first six are "taken".
    let stranger = File::open(folder.path()).unwrap();
    rustix::fs::flock(&stranger, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let mut traced = Command::new("strace");
    traced.args(["-f", "-o", "/dev/null", "-e", "trace=bind", "-e", "inject=bind:error=EADDRINUSE:when=1..6"]);
    traced.arg(std::env::current_exe().unwrap()).args(["--exact", "a_try_that_is_dropped_leaves_no_place_behind"]);
    let output = traced.env(PATH, folder.path().join("lock")).output().expect("strace");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

async fn drop_a_try(slocket: &Slocket) {
    let mut attempt = Session::try_acquire(slocket.as_ref());
    let outcome = attempt.outcome();
    assert!(outcome.is_none(), "it does not pause: {outcome:?}");
    let behind = slocket.clone();
    let behind = tokio::spawn(async move { behind.acquire().await.unwrap().release().unwrap() });
    tokio::task::yield_now().await;
    // Another process is faster, so the lock is held when the pause is over: a try would end here, an acquire waits.
    let guard = Slocket::new(slocket.path().unwrap()).unwrap().acquire().await.unwrap();
    drop(attempt);
    while !guard.contended() {
        assert!(!behind.is_finished(), "{:?}", behind.await);
        tokio::task::yield_now().await;
    }
    guard.release().unwrap();
    behind.await.expect("the waiter behind it acquires");
}
