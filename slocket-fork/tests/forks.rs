//! What is opened while another thread forks: the child may have a copy.
#![cfg(target_os = "linux")]

use std::io::{Read, Write, pipe};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use fork::{Fork, fork, waitpid};
use rustix::process::{Signal, getpid, kill_process};

/// The last number that the other thread was told. A child has the one that its parent's thread had been told when the child was made.
static TOLD: AtomicU64 = AtomicU64::new(0);

fn number() -> u64 {
    slocket_fork::forks().expect("forks are counted")
}

/// What is opened after the number was told, and before the child is made, has a copy in the child.
#[test]
fn no_number_that_was_told_before_a_fork_is_told_after_it() {
    let ends = AtomicBool::new(false);
    TOLD.store(number(), Ordering::SeqCst);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ends.load(Ordering::SeqCst) {
                TOLD.store(number(), Ordering::SeqCst);
            }
        });
        let stale: Vec<_> = (0..300).filter(|_| is_told_again()).collect();
        ends.store(true, Ordering::SeqCst);
        assert_eq!(stale, [0; 0], "in these rounds the number did not change when the child had been made");
    });
}

/// Forks. Is the number now the one that had been told when the child was made?
fn is_told_again() -> bool {
    let (mut answer, mut send) = pipe().unwrap();
    match fork().unwrap() {
        Fork::Child => {
            // (No more than that: the other thread may have had hold of anything.)
            let _ = send.write_all(&TOLD.load(Ordering::SeqCst).to_ne_bytes());
            let _ = kill_process(getpid(), Signal::KILL);
            unreachable!("it is killed");
        }
        Fork::Parent(child) => {
            let after = number();
            drop(send);
            let mut told = [0; 8];
            answer.read_exact(&mut told).unwrap();
            let _ = waitpid(child);
            u64::from_ne_bytes(told) == after
        }
    }
}
