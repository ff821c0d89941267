//! Trials of slocket with real processes.
//!
//! The actors are *players*: processes that take commands on stdin, one per line, and answer each with one line on
//! stdout. There is one for every adapter (the binary `player`) and one for the npm package (`interop/player.js`), and all
//! speak the same protocol, so that one trial runs against any mix of them. [`Player`] starts and commands one of either
//! kind.
//!
//! | command | answer |
//! |---|---|
//! | (start) | `ready PID` |
//! | `acquire` | `held`, or `held loan` as the client of a lending server |
//! | `acquire-for MS` | as `acquire`, or `timed-out PID` (`timed-out unknown`) |
//! | `acquire-until NS` | the same, with an instant of `CLOCK_MONOTONIC` in nanoseconds |
//! | `try` | as `acquire`, or `would-block` |
//! | `release` | `released` |
//! | `release-at NS` | `released`, as close to that instant of `CLOCK_MONOTONIC` as it can be |
//! | `release-at NS blindly` | the same; an event loop, if there is one, stands still for a millisecond before |
//! | `share`, `slot N` | `held shared`, `held slot INDEX`; `release` gives it back |
//! | `share-for MS`, `slot-for N MS` | the same, or `timed-out` |
//! | `try-share`, `try-slot N` | the same, or `would-block` |
//! | `downgrade` | `held shared`: the lock that is held is a shared one from now on |
//! | `flock FILE`, `unflock` | `held`, `released`: a file locked by flock(2), without the library |
//! | `contended` | `contended true`, `contended false` |
//! | `intact` | `intact true`, `intact false` |
//! | `holder` | `holder PID UID`, `holder unknown UID`, `holder none` |
//! | `witness COUNTER LOG` | `ok`; from here on every hold is seen by both witnesses |
//! | `rounds N HOLD_MICROS COUNTER LOG` | `done N` after N times acquire, both witnesses, release |
//! | | from Node `done N RESETS`: so often the npm package gave up as the server went away, and was asked again |
//! | `timeouts N MAX_MICROS COUNTER LOG` | `done HELD TIMED_OUT`: the same, each with a random time-out |
//! | `tries N COUNTER LOG` | `done N WOULD_BLOCK`: the same, each tried until it is held |
//! | `storm N MICROS COUNTER LOG` | `done HELD TIMED_OUT CANCELLED WOULD_BLOCK RESETS NANOS` after N times: acquire, now and |
//! | | then with a time-out, cancelled, or as a try; hold for MICROS at most, now and then for 16 times that |
//! | | NANOS is the longest wait for the lock; now and then it forks without exec while it holds |
//! | `mixed N MICROS SLOTS FOLDER NAME` | `done HELD TIMED_OUT CANCELLED WOULD_BLOCK NANOS` after N times: acquire the lock, a |
//! | | shared lock or a slot, as in `storm`; now and then make a shared lock of the lock |
//! | `witness-shares FOLDER NAME` | `ok`; from here on every hold, of a share too, is seen by the two witnesses of shares |
//! | `reads MICROS FOLDER NAME` | `done HELD REFUSED`: has a shared lock, again and again without pause, until there is a file |
//! | | `stop` in the folder |
//! | `once-marked` | `done 1`: acquires and releases between two marks in the system-call trace; `once-marked shared` |
//! | | and `once-marked N` a shared lock, and a slot |
//! | `marked N` | `done N`: the same N times, between two marks |
//! | `busy N COUNTER LOG` | `busy`; N threads acquire and release, seen by both witnesses, whatever comes |
//! | `busy-with share`, `busy-with slot N` | `busy`; a thread takes shares and gives them back, whatever comes |
//! | `pass N` | `passed PID OTHERS`: a program that was passed what is held, and N that other threads started meanwhile |
//! | `exec` | `exec`: the process becomes such a program |
//! | `idle` | `idle HELD`: they have ended, and held the lock that often |
//! | `fork SOCKET` | `forked PID`: a child, without exec, that connects to the socket, begins with `ready PID`, and takes |
//! | | these commands there, with a copy of whatever its parent had, the guard included |
//! | `forking lock drop SOCKET` | as `acquire`, of an asynchronous adapter; while its future waits, it forks such a child, which |
//! | | drops its copy of the future (`poll`: polls it before, and must be told `Forked`) |
//! | `forking slot N drop SOCKET` | the same, as `slot N` |
//! | `drop` | `dropped`: the guard, instead of a release |
//! | `try-beside`, `acquire-beside` | as `try` and `acquire`, while the guard that there is lives on, out of reach |
//! | `close-copies` | `closed`: what the parent had open |
//! | `disown`, `adopt` | `disowned`; `held`, by the first of all the children |
//! | `settle` | `settled` when every lock that was lent is back |
//! | `quit`, or the end of stdin | releases, settles, exits with 0 |
//!
//! Anything may be answered with `error KIND MESSAGE`. The npm package has no time-outs, no `try` and no questions; its
//! player answers those commands with `error Unsupported ...`.
//!
//! The adapter under trial, which [`UNDER_TRIAL`] names, plays our part in every trial that does not name another; so the
//! same trials run for each. Those of bad input and of threads use it inside the process that looks at itself, through
//! [`lock::Slocket`]: the calls of the blocking adapter, whichever adapter it is.
//!
//! Nothing here sleeps until something "should have happened": [`queue::wait_until_queued`] and [`process`] watch what the
//! kernel says. The only bound is [`PATIENCE`], for hangs. What goes wrong in a trial panics.
//!
//! All that is for Linux. On other systems there are [`witness`] and [`random`], for the binary `anywhere`.

#![allow(clippy::must_use_candidate, reason = "an answer that was expected needs no second look")]

#[cfg(target_os = "linux")]
pub mod adapter;
#[cfg(target_os = "linux")]
mod alone;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod calls;
#[cfg(target_os = "linux")]
pub mod fork;
#[cfg(target_os = "linux")]
pub mod lock;
#[cfg(target_os = "linux")]
pub mod mark;
#[cfg(target_os = "linux")]
pub mod needs;
#[cfg(target_os = "linux")]
pub mod node;
#[cfg(target_os = "linux")]
mod patience;
#[cfg(target_os = "linux")]
pub mod place;
#[cfg(target_os = "linux")]
pub mod player;
#[cfg(target_os = "linux")]
pub mod process;
#[cfg(target_os = "linux")]
pub mod queue;
pub mod random;
#[cfg(target_os = "linux")]
pub mod refusal;
#[cfg(target_os = "linux")]
pub mod sharing;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod stepper;
#[cfg(target_os = "linux")]
pub mod storm;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod sweep;
#[cfg(target_os = "linux")]
mod tell;
#[cfg(target_os = "linux")]
pub mod trace;
pub mod witness;

#[cfg(target_os = "linux")]
pub use adapter::{Adapter, UNDER_TRIAL};
#[cfg(target_os = "linux")]
pub use alone::{Alone, alone};
#[cfg(target_os = "linux")]
pub use fork::{Copied, Fork};
#[cfg(target_os = "linux")]
pub use needs::strace_or_skip;
#[cfg(target_os = "linux")]
pub use node::node_or_skip;
#[cfg(target_os = "linux")]
pub use patience::{PATIENCE, watch_for};
#[cfg(target_os = "linux")]
pub use place::Place;
#[cfg(target_os = "linux")]
pub use player::Player;
#[cfg(target_os = "linux")]
pub use queue::wait_until_queued;
pub use random::Random;
#[cfg(target_os = "linux")]
pub use tell::tell;

/// Makes a test of each trial twice: of a lock at a path, and of one at an abstract name.
#[macro_export]
macro_rules! at_path_and_name {
    ($($trial:ident)+) => {
        mod at_path {
            $(#[test] fn $trial() { super::$trial(&$crate::Place::new()); })+
        }
        mod at_name {
            $(#[test] fn $trial() { super::$trial(&$crate::Place::at_name()); })+
        }
    };
}

/// Makes a test of each trial twice: of a lock at a path, and of one that is a locked file.
#[macro_export]
macro_rules! at_path_and_in_file {
    ($($trial:ident)+) => {
        mod at_path {
            $(#[test] fn $trial() { super::$trial(&$crate::Place::new()); })+
        }
        $crate::in_file! { $($trial)+ }
    };
}

/// Makes a test of each trial, of a lock that is a locked file.
#[macro_export]
macro_rules! in_file {
    ($($trial:ident)+) => {
        mod in_file {
            $(#[test] fn $trial() { super::$trial(&$crate::Place::in_file()); })+
        }
    };
}
