//! Names: the socket's address, the badge, temporary names.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};

use rustix::io::{Errno, Result};
use rustix::net::SocketAddrUnix;
use rustix::rand::{GetRandomFlags, getrandom};

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

/// A fresh badge.
pub(crate) fn badge() -> Result<SocketAddrUnix> {
    SocketAddrUnix::new_abstract_name(format!("{BADGE}{:016x}", random()?).as_bytes())
}

/// Whether a peer that is bound to `address` can take a listener.
pub(crate) fn is_badge(address: &SocketAddrUnix) -> bool {
    address.abstract_name().is_some_and(is_name_of_badge)
}

/// Whether that abstract name is a badge.
pub(crate) fn is_name_of_badge(name: &[u8]) -> bool {
    name.starts_with(BADGE.as_bytes())
}

/// A fresh temporary name. (64 random bits: a process id and a counter collide across pid namespaces and forks.)
pub(crate) fn temporary_name() -> Result<String> {
    Ok(format!("{TEMPORARY}{:016x}", random()?))
}

/// Whether `name` is one that [`temporary_name`] makes.
pub(crate) fn is_temporary_name(name: &[u8]) -> bool {
    name.strip_prefix(TEMPORARY.as_bytes())
        .is_some_and(|rest| rest.len() == 16 && rest.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

/// 64 random bits of the kernel's.
pub(crate) fn random() -> Result<u64> {
    let mut bytes = [0; 8];
    match getrandom(&mut bytes, GetRandomFlags::empty())? {
        8 => Ok(u64::from_ne_bytes(bytes)),
        _ => Err(Errno::INTR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_is_told_from_other_addresses() {
        assert!(is_badge(&badge().unwrap()));
        assert!(!is_badge(&SocketAddrUnix::new_abstract_name(b"slocket/1/x").unwrap()));
        assert!(!is_badge(&SocketAddrUnix::new("/slocket/2/x").unwrap()));
        assert!(!is_badge(&SocketAddrUnix::new_unnamed()));
    }

    #[test]
    fn a_temporary_name_is_told_from_other_names() {
        let name = temporary_name().unwrap();
        assert!(is_temporary_name(name.as_bytes()));
        assert_ne!(name, temporary_name().unwrap());
        for other in [".slocket-", ".slocket-0123456789abcde", ".slocket-0123456789abcdefg", "slocket-0123456789abcdef"]
        {
            assert!(!is_temporary_name(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn the_longest_path_that_fits() {
        assert!(of_path(Path::new(&"x".repeat(107))).is_some());
        assert!(of_path(Path::new(&"x".repeat(108))).is_none());
    }
}
