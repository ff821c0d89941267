//! A child that a player of the storm forks while it holds the lock, without exec. It has a copy of all that its parent has
//! open, and no part in its parent's lock.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::process::{WaitOptions, wait};
use slocket_os::{ErrorKind, Lock, depart};
use trials::lock::{Guard, Slocket, settle};
use trials::witness::Witness;
use trials::{Adapter, Random};

use crate::answer::{Refusal, refusal};
use crate::round::one_round;

/// How long a child may have its copies at the most, in microseconds.
const MOST: u64 = 5000;
/// How long it waits for an npm server to take note that it has gone.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long it waits for the lock itself.
const PATIENCE: Duration = Duration::from_millis(500);

/// The files of the two witnesses.
pub(crate) struct Notes<'a> {
    pub(crate) counter: &'a Path,
    pub(crate) log: &'a Path,
}

impl Notes<'_> {
    /// Those of a child: its holds are its own.
    fn of_child(&self) -> Witness {
        let log: PathBuf = self.log.with_file_name(format!("fork-{}.log", std::process::id()));
        Witness::open(self.counter, &log)
    }
}

/// Forks; gives the guard back to the parent. The child ends by itself.
pub(crate) fn make(lock: &Lock, guard: Guard, notes: &Notes) -> Result<Guard, Refusal> {
    match fork::fork().map_err(|error| refusal("Fork", &error.to_string()))? {
        fork::Fork::Parent(_) => Ok(guard),
        fork::Fork::Child => {
            let lived = live(lock, guard, notes);
            if let Err(error) = &lived {
                eprintln!("child: Error: {} {}", error.kind, error.message);
            }
            std::process::exit(i32::from(lived.is_err()));
        }
    }
}

fn live(lock: &Lock, guard: Guard, notes: &Notes) -> Result<(), Refusal> {
    let mut random = Random::new(u64::from(std::process::id()));
    let time = Duration::from_micros(random.below(MOST));
    match random.below(3) {
        // It keeps what it has copies of for a while, and ends without a word.
        0 => {
            thread::park_timeout(time);
            std::mem::forget(guard);
        }
        // It drops its copy of the guard, which its parent still holds.
        1 => drop(guard),
        // It wants the lock itself, and has nothing any more that could keep others waiting.
        _ => {
            drop(guard);
            match Slocket::of(Adapter::Sync, lock.clone()).acquire_timeout(PATIENCE) {
                Ok(guard) => one_round(guard, 0, &mut notes.of_child())?,
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(error) => return Err(error.into()),
            }
            // What it has lent to npm's is lost if it ends before that is back; and npm's server dies of a client that has just gone.
            settle();
            depart(FAREWELL);
        }
    }
    Ok(())
}

/// Looks after those that have ended: each must have ended well.
pub(crate) fn bury() -> Result<(), Refusal> {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((_, status))) if status.exit_status() == Some(0) => {}
            Ok(Some((pid, status))) => {
                return Err(refusal("Child", &format!("child {pid:?} ended with {status:?}")));
            }
            // None has ended, or there is none.
            Ok(None) | Err(_) => return Ok(()),
        }
    }
}
