//! Threads that use the lock all the while, whatever else the player does.

use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use trials::lock::{Kind, Patience, Slocket};
use trials::witness::Witness;

/// Some such threads.
pub(crate) struct Busy {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<u64>>,
}

impl Busy {
    /// Starts them. What they hold is seen by both witnesses; each has a log of its own.
    pub(crate) fn start(count: u64, slocket: &Slocket, counter: &Path, log: &Path) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let start = |number: u64| {
            let (slocket, over) = (slocket.clone(), Arc::clone(&over));
            let mut witness = Witness::open(counter, &log.with_extension(format!("{number}.log")));
            thread::spawn(move || {
                let mut holds = 0;
                while !over.load(Ordering::Relaxed) {
                    let guard = slocket.acquire().expect("the lock");
                    let hold = witness.begin();
                    thread::yield_now();
                    witness.end(hold);
                    guard.release().expect("a release");
                    holds += 1;
                }
                holds
            })
        };
        Self { threads: (0..count).map(start).collect(), over }
    }

    /// Starts one that takes shares, and has each for as long as it took to take it. (The witnesses see none of them.)
    pub(crate) fn share(kind: Kind, slocket: &Slocket) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (slocket, is_over) = (slocket.clone(), Arc::clone(&over));
        let thread = thread::spawn(move || {
            let mut holds = 0;
            while !is_over.load(Ordering::Relaxed) {
                let start = Instant::now();
                let held = slocket.ask(kind, Patience::Endless).expect("a share").expect("the waiter has it");
                let took = start.elapsed();
                while start.elapsed() < took * 2 {
                    thread::yield_now();
                }
                held.release().expect("a release");
                holds += 1;
            }
            holds
        });
        Self { over, threads: vec![thread] }
    }

    /// Ends them; how often they held the lock.
    pub(crate) fn end(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        self.threads.into_iter().map(|thread| thread.join().expect("a thread")).sum()
    }

    /// In a forked child there are none of them.
    pub(crate) fn forget(self) {
        mem::forget(self);
    }
}
