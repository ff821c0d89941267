//! What stat(2) says of a file.

use rustix::fs::Stat;
use slocket_core::Inode;

/// Which file it is.
#[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types differ between systems")]
pub(crate) fn inode(stat: &Stat) -> Inode {
    Inode { device: stat.st_dev as u64, number: stat.st_ino as u64 }
}

/// What a file was when it was looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) uid: u32,
}
