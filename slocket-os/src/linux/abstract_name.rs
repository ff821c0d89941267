//! A lock at an abstract name instead of a path (protocol section 6): no file, and nothing to reclaim.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::net::SocketAddrUnix;
use slocket_core::Hints;

/// The longest name: `sun_path` less the NUL that an abstract address begins with (unix(7)).
const LONGEST: usize = 107;

/// A lock at an abstract name.
#[derive(Debug)]
pub(crate) struct AbstractName {
    address: Arc<SocketAddrUnix>,
    in_use: AtomicBool,
}

impl AbstractName {
    /// # Errors
    /// Why there is no such name.
    #[inline]
    pub(crate) fn new(name: &OsStr) -> Result<Self, &'static str> {
        let bytes = name.as_bytes();
        if bytes.is_empty() {
            return Err("the name is empty");
        }
        if bytes.contains(&0) {
            return Err("it contains a NUL byte");
        }
        if bytes.len() > LONGEST {
            return Err("the name is longer than 107 bytes");
        }
        let address = SocketAddrUnix::new_abstract_name(bytes).map_err(|_| "the system takes no such name")?;
        Ok(Self { address: Arc::new(address), in_use: AtomicBool::new(false) })
    }

    /// What participants have learned about it.
    pub(crate) fn hints(&self) -> Hints {
        Hints { in_use: self.in_use.load(Ordering::Relaxed), ..Hints::default() }
    }

    pub(crate) fn set_hints(&self, hints: Hints) {
        self.in_use.store(hints.in_use, Ordering::Relaxed);
    }

    pub(crate) fn address(&self) -> &Arc<SocketAddrUnix> {
        &self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["x", "@", "../x", "ü", &"x".repeat(107)] {
            assert!(AbstractName::new(OsStr::new(name)).is_ok(), "{name}");
        }
        for name in ["", "a\0b", "\0", &"x".repeat(108)] {
            assert!(AbstractName::new(OsStr::new(name)).is_err(), "{name}");
        }
    }
}
