//! Futures that are dropped at any await point, and guards that are dropped anywhere: the lock, the order and the
//! descriptors are kept, on every runtime.

mod background;
mod host;
mod in_file;
mod loans;
mod losers;
mod noted;
mod order;
mod points;
mod races;
mod shares;
mod shutdown;
mod storm;
mod threads;
mod waiter;
mod wakers;

use std::fs;

use trials::queue::queued;
use trials::{Place, watch_for};

use crate::host::Host;
use crate::waiter::{Lock, Waiter, lock};

/// How many descriptors the library and the runtimes have open: what belongs to players and to the tests is left out.
fn descriptors() -> usize {
    let open = fs::read_dir("/proc/self/fd").expect("/proc/self/fd").flatten();
    let kinds = open.filter_map(|entry| Some(fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned()));
    kinds.filter(|kind| ["socket:", "anon_inode:", "slocket-trial-"].iter().any(|ours| kind.contains(ours))).count()
}

/// Waits until no more descriptors are open than before. (Those of a watch, and those that are left to the background
/// thread, are closed soon, not at once.)
#[track_caller]
fn wait_until_descriptors_are(before: usize) {
    watch_for(&format!("no more than {before} descriptors"), || (descriptors() <= before).then_some(()));
}

/// A lock that was held and waited for: what the library and the runtime open on their first use is open.
fn used_once<H: Host>(host: &H, place: &Place) -> Lock<H> {
    let slocket = lock::<H>(place);
    let guard = host.block_on(slocket.acquire()).expect("acquire");
    drop(Waiter::asked(host, &lock::<H>(place)));
    drop(guard);
    slocket
}

/// Fails unless the lock is as if it had never been used: for the clones of `slocket`, and for all others.
#[track_caller]
fn assert_unused<H: Host>(place: &Place, slocket: &Lock<H>, descriptors_before: usize) {
    assert_eq!(place.leftovers(), [""; 0], "left in the folder");
    assert_eq!(queued(&place.lock()), 0, "still queued");
    for slocket in [slocket, &lock::<H>(place)] {
        let guard = slocket.try_acquire().expect("it is neither held nor waited for");
        assert!(!guard.contended(), "a waiter is there");
        guard.release().expect("release");
    }
    assert_eq!(place.leftovers(), [""; 0], "left in the folder");
    wait_until_descriptors_are(descriptors_before);
}
