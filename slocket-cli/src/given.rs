//! What the tool was given by its parent, seen before Rust's runtime changes it, which is before `main`: the runtime ignores
//! SIGPIPE, and opens /dev/null where descriptor 0, 1 or 2 is closed (or aborts, if there is no /dev/null).

use std::fs;
use std::mem;
use std::sync::OnceLock;

use nix::sys::signal::Signal;
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, fcntl_getfd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::stdio::{stderr, stdin, stdout};

/// The signals that were ignored, signal N as bit N-1; `None` if the system does not tell.
static IGNORED: OnceLock<Option<u64>> = OnceLock::new();

#[ctor::ctor]
fn look() {
    keep_closed();
    let _ = IGNORED.set(ignored());
}

/// Fills the number of a closed descriptor with something that exec closes again, so that nothing else gets the number, and
/// the command has it closed, too. (What is written there is lost: it is open to read, or not connected.)
fn keep_closed() {
    for descriptor in [stdin(), stdout(), stderr()] {
        if fcntl_getfd(descriptor) == Err(Errno::BADF) {
            let folder = rustix::fs::open("/", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
            let filler =
                folder.or_else(|_| socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None));
            mem::forget(filler);
        }
    }
}

fn ignored() -> Option<u64> {
    let status = fs::read("/proc/self/status").ok()?;
    let status = String::from_utf8_lossy(&status);
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

/// Whether that signal was ignored when the tool was started; `None` if that is not known.
pub(crate) fn was_ignored(signal: Signal) -> Option<bool> {
    let ignored = (*IGNORED.get()?)?;
    Some(ignored & (1 << (signal as i32 - 1)) != 0)
}
