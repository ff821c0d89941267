//! What the kernel's tables say at an instant, and how one finds a lock in them.

use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{major, minor};

use crate::diag::{Socket, Table};
use crate::processes::{Process, Processes};

/// What every badge begins with (protocol section 2, "the badge").
const BADGE: &[u8] = b"\0slocket/2/";

/// What the name begins with under which a socket is made that is moved to its path afterwards (section 2, "Aside").
const TEMPORARY: &[u8] = b".slocket-";

/// Both tables.
pub(super) struct View {
    table: io::Result<Table>,
    pub(super) processes: Processes,
}

impl View {
    /// Looks at the sockets; their processes are looked up when first asked for.
    pub(super) fn take(processes: Processes) -> Self {
        Self { table: Table::read(), processes }
    }

    pub(super) fn table(&self) -> Result<&Table, &io::Error> {
        self.table.as_ref()
    }

    /// The sockets bound to what was found at a path: the listener, and the connections that it has accepted. And whether it is
    /// certain that they are.
    pub(super) fn at(&self, path: &Path, found: &Metadata) -> (Vec<&Socket>, bool) {
        let inode = found.ino() as u32;
        let device = (major(found.dev()) << 20) | minor(found.dev());
        let exact = self.all(|socket| socket.file == Some((inode, device)));
        if !exact.is_empty() {
            // Of a longer number the kernel tells a part, which another may have, too.
            return (exact, u32::try_from(found.ino()).is_ok());
        }
        // Some file systems, such as Btrfs, tell another device than the kernel's. Then the name must do.
        let name = path.file_name().unwrap_or_default().as_bytes();
        let is_its_name = |socket: &Socket| {
            let bound = socket.name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            bound == name || bound.starts_with(TEMPORARY)
        };
        (self.all(|socket| socket.file.is_some_and(|(i, _)| i == inode) && is_its_name(socket)), false)
    }

    /// The processes that were handed a lock and have not taken it yet, such as a stopped one. The kernel does not tell which lock it
    /// is.
    pub(super) fn slow(&self) -> Vec<(&Socket, Process)> {
        let granted = self.all(|socket| has_badge(socket) && socket.unread);
        let owners = granted.iter().flat_map(|&socket| {
            // The first one did not inherit it.
            self.processes.who_has(socket.number).into_iter().take(1).map(move |process| (socket, process))
        });
        owners.collect()
    }

    /// The sockets of an abstract name.
    pub(super) fn named(&self, name: &[u8]) -> Vec<&Socket> {
        self.all(|socket| matches!(&socket.name[..], [0, rest @ ..] if rest == name) && socket.streams)
    }

    fn all(&self, wanted: impl Fn(&Socket) -> bool) -> Vec<&Socket> {
        self.table.iter().flat_map(Table::sockets).filter(|socket| wanted(socket)).collect()
    }
}

/// Whether it can take a listener.
pub(super) fn has_badge(socket: &Socket) -> bool {
    socket.name.starts_with(BADGE)
}
