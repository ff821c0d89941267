//! Names: the socket's address, the badge, temporary names.

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::io::Result;
use rustix::net::SocketAddrUnix;

/// The longest path that fits an address: `sun_path` less its closing NUL (unix(7)).
const LONGEST: usize = 107;

/// What every badge begins with, after the NUL of an abstract address (protocol section 2, "the badge").
const BADGE: &str = "slocket/2/";

/// What every temporary name begins with (protocol section 2, "Aside").
const TEMPORARY: &str = ".slocket-";

/// The address of `path`, if it fits one.
pub(crate) fn of_path(path: &Path) -> Option<SocketAddrUnix> {
    if path.as_os_str().len() > LONGEST {
        return None;
    }
    SocketAddrUnix::new(path).ok()
}

/// The path of an open file, whatever its name is by now (proc(5), `/proc/pid/fd`).
pub(crate) fn proc_path(file: BorrowedFd<'_>) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// The badge that is made of a number.
pub(crate) fn badge(number: u64) -> Result<SocketAddrUnix> {
    SocketAddrUnix::new_abstract_name(format!("{BADGE}{number:016x}").as_bytes())
}

/// Whether a peer that is bound to `address` can take a listener.
pub(crate) fn is_badge(address: &SocketAddrUnix) -> bool {
    address.abstract_name().is_some_and(is_name_of_badge)
}

/// Whether that abstract name is a badge.
pub(crate) fn is_name_of_badge(name: &[u8]) -> bool {
    name.starts_with(BADGE.as_bytes())
}

/// The temporary name that is made of a number: of 64 random bits, for a process id and a counter collide across pid namespaces
/// and forks.
pub(crate) fn temporary_name(number: u64) -> CString {
    CString::new(format!("{TEMPORARY}{number:016x}")).unwrap_or_default()
}

/// The name of a file in the folder.
pub(crate) type FileName = CString;

/// A name, if files can have it; else the reason.
pub(crate) fn file_name(name: &OsStr) -> std::result::Result<FileName, &'static str> {
    CString::new(name.as_bytes()).map_err(|_| NUL)
}

/// Why a path that no system call takes is invalid.
const NUL: &str = "it contains a NUL byte";

/// The name of the FIFO of shared locks of a lock of that name, or of one of its slots.
pub(crate) fn name_of_share(lock: &CStr, slot: Option<u16>) -> CString {
    let ending = slot.map_or(".shared".to_owned(), |slot| format!(".slot-{slot}"));
    CString::new([b".", lock.to_bytes(), ending.as_bytes()].concat()).unwrap_or_default()
}

/// Whether that is the name of a share of such a lock, or of one that was removed.
pub(crate) fn is_name_of_share(lock: &[u8], name: &[u8]) -> bool {
    let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
    let Some(rest) = name.strip_prefix(b".").and_then(|rest| rest.strip_prefix(lock)) else { return false };
    rest == b".shared" || rest.strip_prefix(b".slot-").is_some_and(|slot| slot.iter().all(u8::is_ascii_digit))
}

/// A name as a path.
pub(crate) fn as_path(name: &CStr) -> &Path {
    Path::new(OsStr::from_bytes(name.to_bytes()))
}

/// The number that a temporary name is made of; `None` if it is none that [`temporary_name`] makes.
pub(crate) fn number_of_temporary_name(name: &[u8]) -> Option<u64> {
    let digits = name.strip_prefix(TEMPORARY.as_bytes())?;
    let is_one = digits.len() == 16 && digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_one.then(|| str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, 16).ok()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_is_told_from_other_addresses() {
        assert!(is_badge(&badge(7).unwrap()));
        assert!(!is_badge(&SocketAddrUnix::new_abstract_name(b"slocket/1/x").unwrap()));
        assert!(!is_badge(&SocketAddrUnix::new("/slocket/2/x").unwrap()));
        assert!(!is_badge(&SocketAddrUnix::new_unnamed()));
    }

    #[test]
    fn a_temporary_name_is_told_from_other_names() {
        for number in [0, 7, u64::MAX] {
            assert_eq!(number_of_temporary_name(temporary_name(number).as_bytes()), Some(number));
        }
        for other in [".slocket-", ".slocket-0123456789abcde", ".slocket-0123456789abcdefg", "slocket-0123456789abcdef"]
        {
            assert_eq!(number_of_temporary_name(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn shares_are_beside_their_lock() {
        assert_eq!(name_of_share(c"build.lock", None).as_c_str(), c".build.lock.shared");
        assert_eq!(name_of_share(c"build.lock", Some(12)).as_c_str(), c".build.lock.slot-12");
        let is_one = |name: &CStr| is_name_of_share(b"build.lock", name.to_bytes());
        assert!(
            [None, Some(0), Some(12)].map(|slot| name_of_share(c"build.lock", slot)).iter().all(|name| is_one(name))
        );
        assert!(is_one(c".build.lock.slot-3 (deleted)"));
        assert!(
            ![c"build.lock.shared", c".build.lock", c".build.lock.slot-x", c".other.shared"]
                .map(is_one)
                .contains(&true)
        );
    }

    #[test]
    fn the_longest_path_that_fits() {
        assert!(of_path(Path::new(&"x".repeat(107))).is_some());
        assert!(of_path(Path::new(&"x".repeat(108))).is_none());
    }
}
