//! The mode of a lock's files. (No file carries the mark, which is that of sockets.)

use std::fs::Metadata;

use rustix::fs::{Mode, RawMode};

/// Whether a socket carries the mark of a lock. Linux only: `false` on other systems, where no lock is a socket.
#[must_use]
pub fn is_marked(_found: &Metadata) -> bool {
    false
}

/// The mode of a lock file: users who may write to it may read it, and no others, because any file that is open can be locked.
#[allow(clippy::useless_conversion, reason = "the types differ between systems")]
pub(crate) fn mode_of_file(mode: u32) -> Mode {
    Mode::from_raw_mode(RawMode::try_from(mode & 0o222 | (mode & 0o222) << 1).unwrap_or_default())
}
