//! The mark: "handed over only, dead means free" (protocol section 2, "the mark").

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{Mode, Stat, Timespec, Timestamps};

/// The bit that a marked socket has from bind on.
pub(crate) const STICKY: Mode = Mode::SVTX;

/// The time of modification of a marked socket: 2014-04-14 21:12:35 UTC. Whole seconds, in the past, and below 2^31, so that
/// every file system keeps it, and not set by chance.
const MAGIC: i64 = 1_397_509_955;

/// That of a socket that is lent.
const LENT: i64 = MAGIC + 1;

/// When a file was modified, and when its inode was changed: seconds and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Times {
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types differ between systems")]
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        }
    }

    /// When the inode was changed.
    pub(crate) fn changed(&self) -> (i64, i64) {
        self.changed
    }

    pub(crate) fn are_alike(&self) -> bool {
        self.modified == self.changed
    }

    pub(crate) fn is_magic(&self) -> bool {
        self.modified == (MAGIC, 0)
    }
}

/// Whether a socket carries the mark, which says that its owner hands the lock over and never lends it: if the socket is dead,
/// the lock is free ([protocol section 2, "The mark"][protocol]).
///
/// [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#the-mark
#[must_use]
pub fn is_marked(found: &Metadata) -> bool {
    let times = Times { modified: (found.mtime(), found.mtime_nsec()), changed: (found.ctime(), found.ctime_nsec()) };
    has_mark(Mode::from_raw_mode(found.mode()), &times)
}

/// Whether a socket carries the mark: by its time, or, if nothing has changed it since bind, by its sticky bit.
///
/// The bit alone does not count. An administrator's `chmod -R` strips it; and as chmod writes by name a mode that it read
/// before, it can write the bit of our socket to another that has come to the path since. But it changes the inode, so that
/// the two times differ from then on, unless it comes in the tick of bind.
fn has_mark(mode: Mode, times: &Times) -> bool {
    times.is_magic() || mode.contains(STICKY) && times.are_alike()
}

/// The mode that a published socket gets: what the user asked for, and the mark.
pub(crate) fn published_mode(mode: u32) -> Mode {
    Mode::from_raw_mode(mode) | STICKY
}

/// The mode of the FIFO of a share: users who may write to the socket may read and write there.
///
/// It has the sticky bit, as the socket has, because systemd-tmpfiles skips such files. Otherwise it would remove a FIFO that is older than
/// the allowed age of files in its folder: it does not see that a process has a share.
pub(crate) fn mode_of_fifo(mode: u32) -> Mode {
    Mode::from_raw_mode(mode | (mode & 0o222) << 1) | STICKY
}

/// The mode of a lock file: users who may write to the socket may read and write there. Others may not even read it: any file that is open
/// can be locked.
pub(crate) fn mode_of_file(mode: u32) -> Mode {
    mode_of_fifo(mode & 0o222)
}

/// Both times of a marked, or of a lent socket.
pub(crate) fn times(times: slocket_core::Times) -> Timestamps {
    let seconds = match times {
        slocket_core::Times::Marked => MAGIC,
        slocket_core::Times::Lent => LENT,
    };
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_write_to_the_lock_may_look_at_its_shares_and_cleaners_leave_them_alone() {
        for (mode, fifo) in [(0o600, 0o1600), (0o620, 0o1660), (0o666, 0o1666), (0o644, 0o1644)] {
            assert_eq!(mode_of_fifo(mode), Mode::from_raw_mode(fifo), "{mode:o}");
        }
    }

    #[test]
    fn a_lock_file_may_be_read_only_by_users_who_may_write() {
        for (mode, file) in [(0o600, 0o1600), (0o620, 0o1660), (0o666, 0o1666), (0o644, 0o1600), (0o755, 0o1600)] {
            assert_eq!(mode_of_file(mode), Mode::from_raw_mode(file), "{mode:o}");
        }
    }

    #[test]
    fn what_counts_as_a_mark() {
        let (plain, sticky) = (Mode::from_raw_mode(0o600), Mode::from_raw_mode(0o1600));
        let (born, later) = ((1_800_000_000, 5), (1_800_000_000, 6));
        let times = |modified, changed| Times { modified, changed };
        for (mode, times, marked) in [
            (sticky, times(born, born), true),
            (plain, times(born, born), false),
            (sticky, times(born, later), false),
            (plain, times((MAGIC, 0), later), true),
            (sticky, times((MAGIC, 0), later), true),
            (sticky, times((MAGIC, 1), later), false),
            (sticky, times((LENT, 0), later), false),
            (plain, times((LENT, 0), later), false),
        ] {
            assert_eq!(has_mark(mode, &times), marked, "{mode:?} {times:?}");
        }
    }
}
