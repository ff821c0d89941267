//! The lock in tasks of async-std, by its timers.

use std::time::{Duration, Instant};

use async_std::task;
use slocket_async_std::{ErrorKind, Slocket};

/// A time-out is over when its time is, and not before; the task is asleep until then.
#[test]
fn a_time_out_is_told_by_async_std() {
    task::block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let guard = Slocket::new(&path).unwrap().acquire().await.unwrap();
        let waits = Slocket::new(&path).unwrap();
        let (start, timeout) = (Instant::now(), Duration::from_millis(50));
        let waiter = task::spawn(async move { waits.acquire_timeout(timeout).await });
        assert_eq!(waiter.await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(start.elapsed() >= timeout, "after {:?}", start.elapsed());
        guard.release().unwrap();
    });
}

/// Clones wait inside the process, others outside; each gets its turn, whatever thread of async-std's it runs on.
#[test]
fn tasks_take_turns() {
    task::block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let clones = Slocket::new(&path).unwrap();
        let guard = clones.acquire().await.unwrap();
        let waiters: Vec<_> = (0..20)
            .map(|number| {
                let slocket = if number % 2 == 0 { clones.clone() } else { Slocket::new(&path).unwrap() };
                task::spawn(async move { slocket.acquire_timeout(Duration::from_secs(60)).await.unwrap().release() })
            })
            .collect();
        task::yield_now().await;
        guard.release().unwrap();
        for waiter in waiters {
            waiter.await.unwrap();
        }
        assert!(!path.exists());
    });
}
