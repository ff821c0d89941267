//! A lock at an abstract name instead of a path (protocol section 6): no file, and nothing to reclaim.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::marker::PhantomData;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::net::SocketAddrUnix;
use slocket_core::Hints;

use crate::error::{Error, What};
use crate::lock::{Home, Lock, OccupiedPolicy, Trust};
use crate::name::LockName;
use crate::waiting::{Hook, Waiting};

/// The longest name: `sun_path` less the NUL that an abstract address begins with (unix(7)).
const LONGEST: usize = 107;

/// Options for a lock at an abstract name, in every adapter: `build` gives the adapter's own type.
///
/// There is no mode, for an abstract name has no permissions, and no stale policy, for the kernel frees the name when its
/// socket is gone.
#[must_use = "options do nothing until `build`"]
#[derive(Clone)]
pub struct AbstractBuilder<L> {
    name: OsString,
    trust: Trust,
    hook: Option<Hook>,
    builds: PhantomData<fn() -> L>,
}

impl<L> fmt::Debug for AbstractBuilder<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, trust, hook, builds: _ } = self;
        write!(f, "AbstractBuilder {{ name: {name:?}, trust: {trust:?}, hook: {hook:?} }}")
    }
}

impl<L: From<Lock>> AbstractBuilder<L> {
    /// Starts with the default options.
    pub fn new(name: impl AsRef<OsStr>) -> Self {
        Self { name: name.as_ref().to_os_string(), trust: Trust::default(), hook: None, builds: PhantomData }
    }

    /// Whose servers are believed; [`Trust::Owner`] if not said. (Any user of this machine can take the name.)
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Calls `hook` once in each acquire that still waits after that long, as [`Builder::on_wait`](crate::Builder::on_wait) says.
    pub fn on_wait(mut self, after: Duration, hook: impl Fn(&Waiting<'_>) + Send + Sync + 'static) -> Self {
        self.hook = Some(Hook::new(after, hook));
        self
    }

    /// Checks the name. Touches nothing.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`](crate::ErrorKind::InvalidName) if the name is empty, is longer than 107 bytes, or contains a NUL byte.
    pub fn build(self) -> Result<L, Error> {
        let name = AbstractName::new(&self.name)?;
        Ok(L::from(Lock::new(Home::Name(name), OccupiedPolicy::Fail, self.trust, self.hook)))
    }
}

/// A lock at an abstract name.
#[derive(Debug)]
pub(crate) struct AbstractName {
    name: LockName,
    address: SocketAddrUnix,
    in_use: AtomicBool,
}

impl AbstractName {
    fn new(name: &OsStr) -> Result<Self, Error> {
        let lock = LockName::abstract_name(name);
        let invalid = |reason| Error::new(&lock, What::InvalidName(reason));
        let bytes = name.as_bytes();
        if bytes.is_empty() {
            return Err(invalid("the name is empty"));
        }
        if bytes.contains(&0) {
            return Err(invalid("it contains a NUL byte"));
        }
        if bytes.len() > LONGEST {
            return Err(invalid("the name is longer than 107 bytes"));
        }
        let address = SocketAddrUnix::new_abstract_name(bytes).map_err(|_| invalid("the system takes no such name"))?;
        Ok(Self { name: lock, address, in_use: AtomicBool::new(false) })
    }

    pub(crate) fn name(&self) -> &LockName {
        &self.name
    }

    /// What participants have learned of it.
    pub(crate) fn hints(&self) -> Hints {
        Hints { in_use: self.in_use.load(Ordering::Relaxed), ..Hints::default() }
    }

    pub(crate) fn set_hints(&self, hints: Hints) {
        self.in_use.store(hints.in_use, Ordering::Relaxed);
    }

    pub(crate) fn address(&self) -> &SocketAddrUnix {
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
