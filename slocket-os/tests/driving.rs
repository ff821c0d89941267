//! A loop that drives a session, as the crate's documentation has it, serves one that waits inside the process, too.

use std::thread;

use slocket_os::{Builder, Error, Guard, Lock, Outcome, Session};

/// The loop of the documentation.
fn acquire(lock: &Lock) -> Result<Guard, Error> {
    let mut session = Session::acquire(lock, None);
    loop {
        match session.outcome() {
            Some(Ok(Outcome::Acquired(guard))) => return Ok(guard),
            Some(Ok(Outcome::WouldBlock)) => unreachable!("this is not a try"),
            Some(Err(error)) => return Err(error),
            None => {
                session.block(); // until the lock, a time, or the turn of this handle among its clones comes
                session.wake();
            }
        }
    }
}

#[test]
fn the_loop_is_that_of_the_documentation() {
    let text = |source: &str| {
        let code = source.split("fn acquire(lock: &Lock)").nth(1).expect("the loop").lines();
        let code = code.map(|line| line.trim_start_matches("//!").trim()).take_while(|line| *line != "#[test]");
        code.take_while(|line| !line.starts_with('#')).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(text(include_str!("driving.rs")), text(include_str!("../src/lib.rs")));
}

#[test]
fn the_loop_serves_the_waiters_inside_and_outside() {
    let folder = tempfile::tempdir().unwrap();
    let lock = Builder::new(folder.path().join("lock")).build().unwrap();
    let other = Builder::new(folder.path().join("lock")).build().unwrap();
    let guard = acquire(&lock).unwrap();
    assert!(Session::acquire(&lock, None).is_inside(), "clones wait inside");
    assert!(!Session::acquire(&other, None).is_inside(), "others wait outside");
    thread::scope(|scope| {
        let waiters: Vec<_> = [&lock, &lock, &other, &lock, &other]
            .into_iter()
            .map(|lock| scope.spawn(|| acquire(lock).unwrap().release().unwrap()))
            .collect();
        while !guard.contended() {
            thread::yield_now();
        }
        guard.release().unwrap();
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
