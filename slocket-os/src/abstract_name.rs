//! A lock at an abstract name instead of a path (protocol section 6): no file, and nothing to reclaim.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{SocketAddrUnix, bind, connect, listen};

use crate::error::{Doing, Error, Fault, What};
use crate::listener::{BACKLOG, Listener};
use crate::name::LockName;
use crate::publish::{Publication, stream_socket};

/// The longest name: `sun_path` less the NUL that an abstract address begins with (unix(7)).
const LONGEST: usize = 107;

/// A lock at an abstract name.
#[derive(Debug)]
pub(crate) struct AbstractName {
    name: LockName,
    address: SocketAddrUnix,
}

impl AbstractName {
    pub(crate) fn new(name: &OsStr) -> Result<Self, Error> {
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
        Ok(Self { name: lock, address })
    }

    pub(crate) fn name(&self) -> &LockName {
        &self.name
    }

    pub(crate) fn address(&self) -> &SocketAddrUnix {
        &self.address
    }

    /// Binds at the name and listens. The name is taken and the socket found by others in one instant, so there is nothing
    /// to guard; and a kill in between frees the name.
    pub(crate) fn publish(&self) -> Result<Publication, Fault> {
        let socket = stream_socket()?;
        match retry_on_intr(|| bind(&socket, &self.address)) {
            Ok(()) => {}
            Err(Errno::ADDRINUSE) => return Ok(Publication::InUse),
            Err(errno) => return Err(errno).doing("bind the socket"),
        }
        listen(&socket, BACKLOG).doing("listen")?;
        Ok(Publication::Ours(Listener::at_name(socket, &self.address)))
    }

    /// Connects `socket` to whoever listens.
    pub(crate) fn connect(&self, socket: BorrowedFd<'_>) -> rustix::io::Result<()> {
        retry_on_intr(|| connect(socket, &self.address))
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
