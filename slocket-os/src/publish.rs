//! Publishing the socket: in place under the shared guard, or aside (protocol section 2, "Publishing the socket").

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, RenameFlags, fchmod, linkat, renameat_with, statat, unlinkat};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};

use crate::address;
use crate::at_path::AtPath;
use crate::error::{Doing, Fault};
use crate::folder::Folder;
use crate::inode::{Look, Pin, look, look_in, published_mode};
use crate::listener::{BACKLOG, Listener};

/// How publishing ended.
#[derive(Debug)]
pub(crate) enum Publication {
    /// Our socket is at the path, marked, and listens.
    Ours(Listener),
    /// Something is at the path already.
    InUse,
    /// Our temporary name was swept, or our socket removed, while we were at it.
    Swept,
}

/// Publishes a listening, marked socket at a path.
pub(crate) fn publish(at: &AtPath) -> Result<Publication, Fault> {
    // Where the lock is contended, to look takes one call and to try in vain takes seven.
    if at.was_in_use() && look(at.path()).doing("look at the path")?.is_some() {
        return Ok(Publication::InUse);
    }
    let published = try_to_publish(at)?;
    at.note_in_use(matches!(published, Publication::InUse));
    Ok(published)
}

fn try_to_publish(at: &AtPath) -> Result<Publication, Fault> {
    let socket = stream_socket()?;
    let folder = Folder::open(at.folder()).doing("open the folder")?;
    let address = at.address(folder.as_fd());
    // Where nobody removes dead sockets no guard is needed; and a file system in user space (FUSE) may give a socket that is
    // moved to the path another inode, at which nobody reaches it.
    let is_safe_in_place =
        !at.umask_spoils_mode() && folder.guard_shared() || !folder.is_local().doing("ask for the file system")?;
    match address {
        Some(address) if is_safe_in_place => in_place(at, socket, folder, &address),
        _ => aside(at, socket, &folder),
    }
}

/// A stream socket, closed on exec, that never blocks.
pub(crate) fn stream_socket() -> Result<OwnedFd, Fault> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).doing("make a socket")
}

/// Binds at the path itself. The guard is held until the socket is registered: before that, a probe calls it dead.
fn in_place(at: &AtPath, socket: OwnedFd, folder: Folder, address: &SocketAddrUnix) -> Result<Publication, Fault> {
    fchmod(&socket, published_mode(at.mode())).doing("set the socket's mode")?;
    if !bind_in(folder.as_fd(), at.name(), &socket, address)? {
        return Ok(Publication::InUse);
    }
    let found = match look_in(folder.as_fd(), at.name()).doing("look at the new socket") {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Publication::Swept),
        Err(fault) => {
            // Nobody removes a living socket: what has the name is ours.
            let _ = unlinkat(folder, at.name(), AtFlags::empty());
            return Err(fault);
        }
    };
    let settled = settle_mode(folder.as_fd(), at.name(), &found, at);
    drop(folder);
    let listening = settled.and_then(|is_there| listen(&socket, BACKLOG).doing("listen").map(|()| is_there));
    let listener = Listener::at_path(socket, found.inode);
    match listening {
        Ok(true) => Ok(Publication::Ours(listener)),
        Ok(false) => Ok(Publication::Swept),
        Err(fault) => {
            listener.close_out(at.path());
            Err(fault)
        }
    }
}

/// Binds and listens under a temporary name, and moves the socket to the path without replacing anything: what is
/// visible is alive, so no guard is needed.
fn aside(at: &AtPath, socket: OwnedFd, folder: &Folder) -> Result<Publication, Fault> {
    if look(at.path()).doing("look at the path")?.is_some() {
        return Ok(Publication::InUse);
    }
    folder.sweep(at.folder());
    let name = address::temporary_name().doing("choose a temporary name")?;
    let address = address::of_path(&at.folder().join(&name))
        .or_else(|| address::of_name(folder.as_fd(), Path::new(&name)))
        .ok_or(Fault::too_long())?;
    fchmod(&socket, published_mode(at.mode())).doing("set the socket's mode")?;
    if !bind_in(folder.as_fd(), Path::new(&name), &socket, &address)? {
        return Ok(Publication::Swept);
    }
    let published = (|| {
        listen(&socket, BACKLOG).doing("listen")?;
        let name = Path::new(&name);
        let Some(found) = look_in(folder.as_fd(), name).doing("look at the new socket")? else {
            return Ok(Err(Errno::NOENT));
        };
        if !settle_mode(folder.as_fd(), name, &found, at)? {
            return Ok(Err(Errno::NOENT));
        }
        Ok(move_without_replacing(folder.as_fd(), name, at.name()).map(|()| found))
    })();
    if !matches!(published, Ok(Ok(_))) {
        // A name that somebody has swept meanwhile is gone already.
        let _ = unlinkat(folder, name.as_str(), AtFlags::empty());
    }
    match published? {
        Ok(found) => Ok(Publication::Ours(Listener::at_path(socket, found.inode))),
        Err(Errno::EXIST) => Ok(Publication::InUse),
        Err(Errno::NOENT) => Ok(Publication::Swept),
        Err(errno) => Err(errno).doing("move the socket to the path"),
    }
}

/// Binds at a name in the folder; `false` if it is taken.
fn bind_in(folder: BorrowedFd<'_>, name: &Path, socket: &OwnedFd, address: &SocketAddrUnix) -> Result<bool, Fault> {
    match retry_on_intr(|| bind(socket, address)) {
        Ok(()) => Ok(true),
        Err(Errno::ADDRINUSE) => Ok(false),
        Err(Errno::IO) if made_a_file_instead(folder, name) => {
            // Whoever found it would wait for it to go.
            let _ = unlinkat(folder, name, AtFlags::empty());
            Err(Errno::OPNOTSUPP).doing("bind the socket")
        }
        Err(errno) => Err(errno).doing("bind the socket"),
    }
}

/// Whether the file system has made an empty file where we asked for a socket, as some in user space (FUSE) do. (The name
/// was free, or bind would have said that it is taken: so the file is that of our bind.)
fn made_a_file_instead(folder: BorrowedFd<'_>, name: &Path) -> bool {
    statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_size == 0)
}

/// Makes the mode exact if the umask took bits away; `false` if the socket is gone. (From then on such a socket is
/// published aside, where nobody sees it before its mode is right.)
fn settle_mode(folder: BorrowedFd<'_>, name: &Path, found: &Look, at: &AtPath) -> Result<bool, Fault> {
    let mode = published_mode(at.mode());
    if found.mode == mode {
        return Ok(true);
    }
    at.note_spoiled_mode();
    match Pin::new_in(folder, name).doing("look at the new socket")? {
        Some(pin) if pin.look.inode == found.inode => pin.set_mode(mode).doing("set the socket's mode").map(|()| true),
        _ => Ok(false),
    }
}

/// Renames within the folder; `EXIST` if the new name is taken.
fn move_without_replacing(folder: BorrowedFd<'_>, from: &Path, to: &Path) -> rustix::io::Result<()> {
    match renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
        // The file system cannot: a second name, then without the first, does the same.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            linkat(folder, from, folder, to, AtFlags::empty())?;
            // The path is ours from here on. A sweeper that has looked early may have removed the other name already.
            let _ = unlinkat(folder, from, AtFlags::empty());
            Ok(())
        }
        result => result,
    }
}
