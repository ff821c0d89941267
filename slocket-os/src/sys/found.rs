//! What stat(2) says of a file, as facts of the protocol.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FileType, Mode, Stat};
use rustix::io::{Errno, Result};
use slocket_core::{FileKind, Found, Inode, Links, ModeFit, Owner, StatResult, TimesFound};

use super::code;
use crate::mark::{STICKY, Times};

/// Which file it is.
#[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types differ between systems")]
pub(crate) fn inode(stat: &Stat) -> Inode {
    Inode { device: stat.st_dev as u64, number: stat.st_ino as u64 }
}

/// What a file was when it was looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) found: Found,
    pub(crate) uid: u32,
    pub(crate) mode: Mode,
}

/// For how long the mark that bind left is not relied upon. A chmod in the tick of the kernel's clock in which a socket was bound
/// leaves its two times alike; so an administrator's can put the bit on npm's socket, which looks dead until it is registered.
const RECENT: Duration = Duration::from_millis(50);

impl Seen {
    /// `asked` is the mode that a published socket gets; `owner` tells whose a file of a user is.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types differ between systems")]
    pub(crate) fn of(stat: &Stat, asked: Mode, owner: impl FnOnce(u32) -> Owner) -> Self {
        let mode = Mode::from_raw_mode(stat.st_mode);
        let times = Times::of(stat);
        let found = Found {
            inode: inode(stat),
            kind: match FileType::from_raw_mode(stat.st_mode) {
                FileType::Socket => FileKind::Socket,
                FileType::Fifo => FileKind::Fifo,
                FileType::RegularFile if stat.st_size == 0 => FileKind::EmptyFile,
                _ => FileKind::Other,
            },
            owner: owner(stat.st_uid),
            links: match stat.st_nlink as u64 {
                0 => Links::None,
                1 => Links::One,
                _ => Links::More,
            },
            is_sticky: mode.contains(STICKY),
            owner_writes: mode.contains(Mode::WUSR),
            mode: match mode {
                _ if mode == asked => ModeFit::Exact,
                _ if asked.contains(mode) => ModeFit::Fewer,
                _ => ModeFit::Other,
            },
            times: match () {
                () if times.is_magic() => TimesFound::Marked,
                () if times.are_alike() => TimesFound::Alike,
                () => TimesFound::Apart,
            },
            // (Of interest where the mark is that of bind.)
            is_recent: mode.contains(STICKY) && times.are_alike() && is_recent(&times),
        };
        Self { found, uid: stat.st_uid, mode }
    }
}

/// What came of a stat(2). (A file system in user space may know nothing of a file that is open and was removed since; a server of
/// another machine may say that it is stale.)
pub(crate) fn result(seen: &Result<Seen>) -> StatResult {
    match seen {
        Ok(seen) => StatResult::Found(seen.found),
        // (Of the name of a share that is too long there is none.)
        Err(Errno::NOENT | Errno::STALE | Errno::NAMETOOLONG) => StatResult::Missing,
        Err(errno) => StatResult::Failed(code(*errno)),
    }
}

/// Whether the inode was changed less than [`RECENT`] ago. (A time in the future was set by another clock.)
fn is_recent(times: &Times) -> bool {
    let (seconds, nanos) = times.changed();
    let since = u64::try_from(seconds).ok().zip(u32::try_from(nanos).ok()).map(|(s, n)| Duration::new(s, n));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    now.zip(since).and_then(|(now, since)| now.checked_sub(since)).is_some_and(|age| age < RECENT)
}
