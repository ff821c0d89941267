//! A process of one thread, which the harness of tests is not: the lock that this thread holds cannot be released while it waits.

use std::sync::mpsc::channel;
use std::time::Duration;

use slocket_sync::{ErrorKind, Slocket};

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    let guard = slocket.acquire().unwrap();
    for again in [slocket.acquire(), slocket.clone().acquire()] {
        assert_eq!(again.unwrap_err().kind(), ErrorKind::Deadlock);
    }
    // A wait that ends in time is not a deadlock.
    assert!(slocket.acquire_timeout(Duration::from_millis(5)).unwrap_err().is_timed_out());
    drop(guard);

    // There is no upgrade.
    let shared = slocket.acquire_shared().unwrap();
    let error = slocket.acquire().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadlock);
    assert!(
        error
            .to_string()
            .ends_with("this process has a share of the lock, and would wait for itself; release that first")
    );
    assert!(format!("{error:?}").contains(&format!("{:?}", error.to_string())), "{error:?}");
    drop(shared);

    // With a second thread it cannot be known: that may release it.
    let guard = slocket.acquire().unwrap();
    let (send, receive) = channel();
    let thread = std::thread::spawn(move || {
        let guard = receive.recv().unwrap();
        drop(guard);
    });
    send.send(guard).unwrap();
    slocket.acquire().unwrap().release().unwrap();
    thread.join().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    // As the harness says it: for programs that count tests.
    println!("test a_process_of_one_thread_is_told_that_it_waits_for_itself ... ok");
    println!("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
}
