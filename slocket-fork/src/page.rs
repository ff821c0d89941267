//! The page that is empty in every child, and the count of forks.

use std::ptr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use rustix::mm::{Advice, madvise};

/// Whether the largest page that Linux has on this processor is known here.
const IS_SIZE_KNOWN: bool = cfg!(any(
    target_arch = "x86_64",
    target_arch = "x86",
    target_arch = "riscv64",
    target_arch = "s390x",
    target_arch = "aarch64",
    target_arch = "arm",
    target_arch = "loongarch64",
    target_arch = "powerpc64",
));

/// What the kernel empties: whole pages, of whatever size they are. (Only the first is ever touched.)
#[cfg_attr(
    any(target_arch = "aarch64", target_arch = "arm", target_arch = "loongarch64", target_arch = "powerpc64"),
    repr(C, align(65536))
)]
#[cfg_attr(
    not(any(target_arch = "aarch64", target_arch = "arm", target_arch = "loongarch64", target_arch = "powerpc64")),
    repr(C, align(4096))
)]
struct Page {
    /// Zero in a process that has not asked yet.
    generation: AtomicU64,
}

static PAGE: Page = Page { generation: AtomicU64::new(0) };

/// The last number that was taken, here or by a process that this one was forked from. Not emptied.
static LAST: AtomicU64 = AtomicU64::new(0);

/// Goes up with each call of fork(3), here and by the processes that this one was forked from. Not emptied.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// What the system does for us: [`KNOWN`], and what else is so. (A lock that a thread has while another one forks would be locked in
/// the child for ever, so everything here does without.)
static FOUND: AtomicU8 = AtomicU8::new(0);

const KNOWN: u8 = 1;
/// The page is emptied in each child.
const WIPES: u8 = 2;
/// Forks are counted.
const COUNTS: u8 = 4;

/// The number of this process, if the kernel empties the page of each child.
#[inline]
pub(crate) fn generation() -> Option<u64> {
    match PAGE.generation.load(Ordering::Acquire) {
        0 => begin(),
        generation => Some(generation),
    }
}

/// Takes the next number. Other threads may be about to take one for the same process: the first counts.
#[cold]
fn begin() -> Option<u64> {
    if found() & WIPES == 0 {
        return None;
    }
    let next = LAST.fetch_add(1, Ordering::AcqRel) + 1;
    let begun = PAGE.generation.compare_exchange(0, next, Ordering::AcqRel, Ordering::Acquire);
    Some(begun.map_or_else(|generation| generation, |_| next))
}

/// What forks have been counted to, if they are.
pub(crate) fn forks() -> Option<u64> {
    (found() & COUNTS != 0).then(|| FORKS.load(Ordering::Acquire))
}

/// Has the page emptied in each child from now on, and forks counted. What was found first stays: the numbers of a process and
/// of its children must all be of one kind. (Two threads that are first at once have each fork counted for both, which is as well.)
fn found() -> u8 {
    match FOUND.load(Ordering::Acquire) {
        0 => {
            let found = KNOWN | ask();
            FOUND.compare_exchange(0, found, Ordering::AcqRel, Ordering::Acquire).map_or_else(|known| known, |_| found)
        }
        known => known,
    }
}

/// Asks the kernel to empty the page in each child, and the C library to count forks. The kernel cannot, too, if it only says that
/// it can: an advice for an address inside a page must be refused, and is not by an emulator that answers "done" to every advice.
#[expect(unsafe_code, reason = "no safe function has the kernel empty memory, or a function called at each fork")]
fn ask() -> u8 {
    let page = ptr::from_ref(&PAGE).cast_mut().cast();
    let inside = ptr::from_ref(&PAGE).cast_mut().cast::<u8>().wrapping_add(1).cast();
    // SAFETY: The range of the advice is PAGE as a whole and nothing else: it begins at the beginning of a page and its size is a
    // multiple of the page size. The page becomes, in a child alone, the zero that it began with, a valid value of all that
    // it contains, which is atomic: no code has a reference to it that promises that it does not change. The first call is
    // refused; were it not, it would do the same as the second. `count` may be called by any thread at any time.
    let (wipes, counts) = unsafe {
        (
            IS_SIZE_KNOWN
                && madvise(inside, 1, Advice::LinuxWipeOnFork).is_err()
                && madvise(page, size_of::<Page>(), Advice::LinuxWipeOnFork).is_ok(),
            libc::pthread_atfork(Some(count), Some(count), Some(count)) == 0,
        )
    };
    (if wipes { WIPES } else { 0 }) | (if counts { COUNTS } else { 0 })
}

/// Called by fork(3), before there is a child; and again in both processes, when there is one. (Between the two, another thread may open
/// what the child has a copy of. It is told the first number, and later another one.)
extern "C" fn count() {
    FORKS.fetch_add(1, Ordering::AcqRel);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    /// Several threads that ask for the first time (such as in a child, whose page is empty) get one number, which is new.
    #[test]
    fn the_threads_of_a_process_find_the_same() {
        if found() & WIPES == 0 {
            assert_eq!(generation(), None);
            return;
        }
        let mut known = generation().expect("a number");
        for _ in 0..1000 {
            PAGE.generation.store(0, Ordering::Release);
            let found: BTreeSet<_> = thread::scope(|scope| {
                let threads = [(); 4].map(|()| scope.spawn(generation));
                threads.into_iter().map(|thread| thread.join().expect("no panic").expect("a number")).collect()
            });
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found.first() > Some(&known), "{found:?} after {known}");
            known = generation().expect("a number");
        }
    }

    #[test]
    fn the_page_is_whole_pages() {
        assert_eq!(ptr::from_ref(&PAGE).addr() % rustix::param::page_size(), 0);
        assert_eq!(size_of::<Page>() % rustix::param::page_size(), 0);
    }
}
