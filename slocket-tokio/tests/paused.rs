//! A runtime whose clock stands still, as tests have it (`tokio::time::pause`): it jumps to the next timer when nothing else is
//! left to do.

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use slocket_tokio::Slocket;
use tempfile::TempDir;

/// Longer than the test may take.
const LONG: Duration = Duration::from_secs(120);

/// A folder, and a lock in it.
fn lock() -> (TempDir, Slocket) {
    let folder = tempfile::tempdir().unwrap();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    (folder, slocket)
}

/// The time that goes by for the runtime while the lock is waited for in vain.
async fn times_out(slocket: &Slocket, timeout: Duration) -> Duration {
    let (begin, real) = (tokio::time::Instant::now(), Instant::now());
    let error = slocket.acquire_timeout(timeout).await.unwrap_err();
    assert!(error.is_timed_out(), "{error}");
    assert!(real.elapsed() < LONG, "it waited on another clock");
    begin.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_time_out_is_over_when_the_clock_says_so() {
    let (_folder, slocket) = lock();
    let guard = slocket.acquire().await.unwrap();
    // In the queue inside the process, and outside.
    for waiter in [slocket.clone(), Slocket::new(slocket.path().unwrap()).unwrap()] {
        let waited = times_out(&waiter, LONG).await;
        assert!(waited >= LONG && waited < 2 * LONG, "{waited:?}");
    }
    guard.release().unwrap();
    slocket.acquire_timeout(LONG).await.unwrap().release().unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_waiting_hook_is_called_when_the_clock_says_so() {
    let (_folder, slocket) = lock();
    let guard = slocket.acquire().await.unwrap();
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let real = Instant::now();
    let hook = move |_: &slocket_tokio::Waiting<'_>| send.send(tokio::time::Instant::now()).unwrap();
    let waiter: Slocket = Slocket::builder(slocket.path().unwrap()).on_wait(LONG, hook).build().unwrap();
    let begin = tokio::time::Instant::now();
    let waiting = tokio::spawn(async move { waiter.acquire().await.unwrap().release().unwrap() });
    assert!(receive.recv().await.unwrap() - begin >= LONG);
    assert!(real.elapsed() < LONG, "it waited on another clock");
    guard.release().unwrap();
    waiting.await.unwrap();
}

/// What has to be looked at now and then is looked at by the clock on the wall: other processes know no other.
#[tokio::test(start_paused = true)]
async fn looks_now_and_then_do_not_spin() {
    let (folder, slocket) = lock();
    // A dead socket of another program's: nothing tells when it is gone, if the folder cannot be watched.
    drop(UnixListener::bind(slocket.path().unwrap()).unwrap());
    let waiter = slocket.clone();
    let waiting = tokio::spawn(async move { waiter.acquire().await.unwrap().release().unwrap() });
    let cpu = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    let (real, used) = (Instant::now(), cpu());
    // Not to wait for anything: this is the span that is looked at. (A blocking task would keep the clock from jumping.)
    let (over, span) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(3));
        over.send(()).unwrap();
    });
    span.await.unwrap();
    let share = (cpu() - used).as_secs_f64() / real.elapsed().as_secs_f64();
    assert!(share < 0.1, "{:.0} % of a processor", share * 100.0);
    std::fs::remove_file(slocket.path().unwrap()).unwrap();
    waiting.await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
