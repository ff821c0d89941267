//! Whose processes can see the sockets of a file system.

use std::os::fd::AsFd;

use rustix::fs::fstatfs;
use rustix::io::Result;

/// Whether all processes that can see a file system's sockets run under one kernel (protocol section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// They do.
    Local,
    /// They do not: a live holder on another host looks dead here.
    Network(&'static str),
    /// It cannot be told.
    Unknown(u64),
}

/// A file system in user space.
const FUSE: u64 = 0x6573_5546;

impl Place {
    /// Where the files of an open folder live.
    #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
    pub(crate) fn of_folder(folder: impl AsFd) -> Result<Self> {
        Ok(Self::of(u64::from_ne_bytes((fstatfs(folder)?.f_type as i64).to_ne_bytes())))
    }

    /// Whether calls about it are answered by the kernel, rather than by a process, which can let them wait for ever (FUSE).
    pub(crate) fn answers_in_time(&self) -> bool {
        *self != Self::Unknown(FUSE)
    }

    /// The kind of file system, if other machines may see its files, but not its sockets.
    pub(crate) fn shared_by(&self) -> Option<&'static str> {
        match *self {
            Self::Network(name) => Some(name),
            Self::Unknown(FUSE) => Some("FUSE"),
            Self::Local | Self::Unknown(_) => None,
        }
    }

    /// What the `f_type` of statfs(2) says.
    fn of(magic: u64) -> Self {
        match magic & 0xffff_ffff {
            // ext2/3/4, XFS, Btrfs, tmpfs, ramfs, overlayfs, F2FS, ZFS, bcachefs, JFS, NILFS, ReiserFS, UBIFS, eCryptfs
            0xef53 | 0x5846_5342 | 0x9123_683e | 0x0102_1994 | 0x8584_58f6 | 0x794c_7630 | 0xf2f5_2010
            | 0x2fc1_2fc1 | 0xca45_1a4e | 0x3153_464a | 0x3434 | 0x5265_4973 | 0x2405_1905 | 0xf15f => Self::Local,
            0x6969 => Self::Network("NFS"),
            0x517b | 0xff53_4d42 | 0xfe53_4d42 => Self::Network("SMB"),
            0x0102_1997 => Self::Network("9P"),
            0x5346_414f | 0x6b41_4653 => Self::Network("AFS"),
            0x00c3_6400 => Self::Network("Ceph"),
            0x7375_7245 => Self::Network("Coda"),
            0x564c => Self::Network("NCP"),
            0x0bd0_0bd0 => Self::Network("Lustre"),
            0x0116_1970 => Self::Network("GFS2"),
            0x7461_636f => Self::Network("OCFS2"),
            0x4750_4653 => Self::Network("GPFS"),
            other => Self::Unknown(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_name() {
        assert_eq!(Place::of(0xef53), Place::Local);
        assert_eq!(Place::of(0x6969), Place::Network("NFS"));
        assert_eq!(Place::of(0xffff_ffff_ff53_4d42), Place::Network("SMB"), "sign-extended by the kernel");
        assert_eq!(Place::of(FUSE), Place::Unknown(FUSE), "FUSE may be anything");
    }
}
