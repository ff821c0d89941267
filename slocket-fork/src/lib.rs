//! Tells a process from those that it was forked from, without a system call.
//!
//! A child that was forked without exec has a copy of all that its parent had in memory. A lock that the parent holds must not be
//! released by the child's copy of its guard, so slocket asks at each acquire and each release: is this the process that made
//! the value? [`generation()`] answers with one load from memory.
//!
//! # How it works
//!
//! The number is kept in a page that the kernel fills with zeros in every child: `MADV_WIPEONFORK` of madvise(2), since Linux
//! 4.14. A child that finds the zero takes the next number. The kernel does so whatever call made the child: `fork`, `_Fork`,
//! or a bare clone(2), of which `pthread_atfork(3)` learns nothing. As numbers only grow from parent to child, a process id that
//! is used again does not matter, nor does a process that is the first of a pid namespace inside another, where both have the
//! id 1.
//!
//! # Where the kernel cannot do it
//!
//! The number is the process id then, asked for by getpid(2) each time: on Linux before 4.14, in gVisor, in emulators that do
//! not implement the advice (also those that accept every advice and do nothing), on processors whose page size is not known
//! here, and on other systems than Linux.
//!
//! # How often a process was forked
//!
//! A parent learns nothing from that page. [`forks()`] counts, by `pthread_atfork(3)`, how often it called fork(3): so that it
//! can tell whether there may be a child with a copy of a descriptor. A bare clone(2) is not counted.
//!
//! # What shares memory shares the number
//!
//! A child of vfork(2), or of clone(2) with `CLONE_VM`, writes to its parent's memory until it calls exec or ends. It is told
//! from its parent by nothing that is in memory, and must not use what its parent made. (vfork(2) allows it nothing of the kind
//! in any case.)
//!
//! # The one `unsafe` block
//!
//! No other crate of slocket contains `unsafe` code. Here it is one block of three calls. Two are of madvise(2): the advice
//! empties memory behind the compiler's back, if only in a child, so no safe function offers it. It is sound because the memory
//! is a static variable that fills whole pages and holds nothing but an atomic number, for which zero is as good as any other.
//! The third is `pthread_atfork(3)`, which takes a function that may be called at any time. It is sound because that function
//! adds one to an atomic number, and does nothing else.

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

/// The number of this process: the same for as long as it lives, in all of its threads, and another one than that of each process
/// that it was forked from.
///
/// It is not zero. It says nothing about processes of which neither was forked from the other: those can have the same.
///
/// One load from memory. Where [the kernel cannot do it](crate#where-the-kernel-cannot-do-it) it is the process id, and a system
/// call.
///
/// # Examples
///
/// ```
/// let made_in = slocket_fork::generation();
/// // Later, perhaps in a process that was forked meanwhile:
/// if made_in != slocket_fork::generation() {
///     println!("not ours: a copy of what our parent has");
/// }
/// ```
#[must_use]
pub fn generation() -> u64 {
    page::generation().unwrap_or_else(|| u64::from(std::process::id()))
}

/// How often this process has called fork(3), and those that it was forked from before it; counted from the first use of this
/// crate. `None` where that is not counted: outside of Linux, and if `pthread_atfork(3)` failed.
///
/// It is another number as soon as a child may have a copy of what this process has open now, and in that child. Not counted are
/// a bare clone(2), and children that share this process's memory until they call exec (vfork(2), `posix_spawn(3)`).
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
