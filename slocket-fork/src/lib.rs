//! Tells a process from the processes that it was forked from, without a system call.
//!
//! A child that was forked without exec has a copy of its parent's memory. A lock that the parent holds must not be released by the child's
//! copy of its guard. So slocket asks at each acquire and each release: is this the process that made the value? [`generation()`] answers
//! with one load from memory.
//!
//! ```
//! let made_in = slocket_fork::generation();
//! // Later, perhaps in a process that was forked meanwhile:
//! if made_in != slocket_fork::generation() {
//!     println!("a copy of what our parent has");
//! }
//! ```
//!
//! # How it works
//!
//! The number is kept in a page that the kernel fills with zeros in every child: `MADV_WIPEONFORK` of madvise(2), since Linux
//! 4.14. A child that finds the zero takes the next number. The kernel does so whatever call made the child: `fork`, `_Fork`,
//! or a bare clone(2), which `pthread_atfork(3)` does not notice. Numbers only grow from parent to child, so a process id that
//! is used again does not matter. Nor does a parent and child that both have the id 1, each in its own pid namespace.
//!
//! # Comparison
//!
//! `std::process::id()` is a system call, and a parent and its child can have the same id in two pid namespaces. `pthread_atfork(3)` misses
//! a bare clone(2).
//!
//! # How often a process was forked
//!
//! The page tells a parent nothing. [`forks()`] counts its calls of fork(3), by `pthread_atfork(3)`, so that it can tell whether a child may
//! have a copy of a descriptor. It counts before the child is made, and when it has been made: another thread may open the descriptor in
//! between. A bare clone(2) is not counted.
//!
//! # Processes that share memory share the number
//!
//! A child of vfork(2), or of clone(2) with `CLONE_VM`, writes to its parent's memory until it calls exec or ends. Nothing in memory can tell
//! the two apart. Such a child must not use values that its parent made. (vfork(2) forbids this in any case.)
//!
//! # The one `unsafe` block
//!
//! No other crate of slocket contains `unsafe` code. Here it is one block of three calls. Two are of madvise(2): the advice
//! empties memory behind the compiler's back, if only in a child, so no safe function offers it. It is sound because the memory
//! is a static variable that fills whole pages and holds only an atomic number, for which zero is as good as any other.
//! The third is `pthread_atfork(3)`, which takes a function that can be called at any time. It is sound because that function
//! only adds one to an atomic number.
//!
//! # Platform support
//!
//! Linux. The number is the process id, from getpid(2) each time, where the kernel cannot empty the page: on Linux before 4.14, in gVisor, in
//! emulators without the advice (also those that accept every advice and do nothing), on processors whose page size is not known
//! here, and on other systems. Rust 1.88 or later.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod page;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod page {
    pub(crate) fn generation() -> Option<u64> {
        None
    }

    pub(crate) fn forks() -> Option<u64> {
        None
    }
}

/// Returns the number of this process. It stays the same for the life of the process, in all of its threads, and differs from that of each
/// process that it was forked from.
///
/// The number is not zero. Two processes of which neither was forked from the other can have the same number.
///
/// One load from memory. Where [the kernel cannot empty the page](crate#platform-support), it is the process id, and a system call.
#[must_use]
#[inline]
pub fn generation() -> u64 {
    page::generation().unwrap_or_else(|| u64::from(std::process::id()))
}

/// Returns a number that grows with each call of fork(3), by this process and by those that it was forked from. `None` where forks are not
/// counted: on other systems than Linux, and if `pthread_atfork(3)` failed.
///
/// A child can have a copy of what this process opens only if fork(3) returns after that. Then the number is not the one that was returned
/// before it was opened, neither in this process nor in that child. So keep the number, open, and compare later. A bare clone(2) is not
/// counted, nor are children that share this process's memory until they call exec (vfork(2), `posix_spawn(3)`).
///
/// Two loads from memory.
///
/// # Examples
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// let before = slocket_fork::forks();
/// assert!(before.is_some());
/// // Nothing was forked since: no child has a copy.
/// assert_eq!(slocket_fork::forks(), before);
/// # }
/// ```
#[must_use]
pub fn forks() -> Option<u64> {
    page::forks()
}
