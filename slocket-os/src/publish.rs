//! Publishing the socket: in place under the shared guard, or aside (protocol section 2, "Publishing the socket").

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, RenameFlags, fchmod, linkat, renameat_with, statat, unlinkat};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};

use crate::address;
use crate::at_path::AtPath;
use crate::error::{Doing, Fault};
use crate::folder::FolderGuard;
use crate::inode::{Inode, Look, Pin, look_in, published_mode};
use crate::kernel;
use crate::listener::{BACKLOG, Listener};
use crate::mark::{self, STICKY};
use crate::sweep::sweep;

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
    if at.was_in_use() && at.look().doing("look at the path")?.is_some() {
        return Ok(Publication::InUse);
    }
    let published = try_to_publish(at)?;
    at.note_in_use(matches!(published, Publication::InUse));
    Ok(published)
}

fn try_to_publish(at: &AtPath) -> Result<Publication, Fault> {
    let socket = stream_socket()?;
    // Where the umask takes bits away, the mode is made right before anybody sees the socket.
    let guard = if at.umask_spoils_mode() { None } else { at.folder().guard_shared() };
    match (at.address(), guard) {
        (Some(address), Some(guard)) => in_place(at, socket, Some(guard), &address),
        // Where nobody removes dead sockets no guard is needed; and a file system in user space (FUSE) may give a socket that
        // is moved to the path another inode, at which nobody reaches it.
        (Some(address), None) if !at.folder().is_local().doing("ask for the file system")? => {
            in_place(at, socket, None, &address)
        }
        _ => aside(at, socket),
    }
}

/// A stream socket, closed on exec, that never blocks.
pub(crate) fn stream_socket() -> Result<OwnedFd, Fault> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).doing("make a socket")
}

/// Binds at the path itself, and listens. The guard is held until then: before it is registered a probe calls the socket
/// dead, and before it listens the probe by connection does.
fn in_place(
    at: &AtPath,
    socket: OwnedFd,
    guard: Option<FolderGuard>,
    address: &SocketAddrUnix,
) -> Result<Publication, Fault> {
    fchmod(&socket, published_mode(at.mode())).doing("set the socket's mode")?;
    if !bind_in(at, at.name(), &socket, address)? {
        return Ok(Publication::InUse);
    }
    let inode = match settle(at, at.name()) {
        Ok(Some(inode)) => inode,
        Ok(None) => {
            at.note_moved();
            return Ok(Publication::Swept);
        }
        Err(fault) => {
            discard(at, at.name());
            return Err(fault);
        }
    };
    let listening = listen(&socket, BACKLOG).doing("listen");
    drop(guard);
    let listener = Listener::at_path(socket, address, inode);
    match listening {
        Ok(()) => Ok(Publication::Ours(listener)),
        Err(fault) => {
            listener.close_out(Some(at));
            Err(fault)
        }
    }
}

/// Binds and listens under a temporary name, and moves the socket to the path without replacing anything: what is
/// visible is alive, so no guard is needed.
fn aside(at: &AtPath, socket: OwnedFd) -> Result<Publication, Fault> {
    if at.look().doing("look at the path")?.is_some() {
        return Ok(Publication::InUse);
    }
    let folder = at.folder().as_fd();
    sweep(at, kernel::known_of(at));
    let name = address::temporary_name().doing("choose a temporary name")?;
    let name = Path::new(&name);
    let address = at.address_of(name).ok_or(Fault::too_long())?;
    fchmod(&socket, published_mode(at.mode())).doing("set the socket's mode")?;
    if !bind_in(at, name, &socket, &address)? {
        return Ok(Publication::Swept);
    }
    let published = (|| {
        let Some(inode) = settle(at, name)? else {
            at.note_moved();
            return Ok(Err(Errno::NOENT));
        };
        listen(&socket, BACKLOG).doing("listen")?;
        if let Err(errno) = move_without_replacing(folder, name, at.name()) {
            return Ok(Err(errno));
        }
        // Whoever may rename in the folder can have put another file in its place, which is at the path now.
        let is_there = at.is_private() || at.is(inode).doing("look at the new socket")?;
        Ok(if is_there { Ok(inode) } else { Err(Errno::NOENT) })
    })();
    if !matches!(published, Ok(Ok(_))) {
        discard(at, name);
    }
    match published? {
        Ok(inode) => Ok(Publication::Ours(Listener::at_path(socket, &address, inode))),
        Err(Errno::EXIST) => Ok(Publication::InUse),
        Err(Errno::NOENT) => Ok(Publication::Swept),
        Err(errno) => Err(errno).doing("move the socket to the path"),
    }
}

/// Removes a socket that was bound in vain, unless somebody has swept it. (Nobody else removes a living socket; but whoever may
/// rename in the folder can have put another file in its place: none of ours has the sticky bit by chance.)
fn discard(at: &AtPath, name: &Path) {
    let folder = at.folder().as_fd();
    // (At the path, one that is marked already is another process's lock: the folder was moved.)
    let is_ours = |found: Look| {
        (found.mode.contains(STICKY) || at.is_private())
            && if name == at.name() { found.is_our_unmarked_socket() } else { found.is_our_socket() }
    };
    if look_in(folder, name).map_or(at.is_private(), |found| found.is_some_and(is_ours)) {
        let _ = unlinkat(folder, name, AtFlags::empty());
    }
}

/// Binds at a name in the folder; `false` if it is taken.
fn bind_in(at: &AtPath, name: &Path, socket: &OwnedFd, address: &SocketAddrUnix) -> Result<bool, Fault> {
    let bind_at = |address: &SocketAddrUnix| retry_on_intr(|| bind(socket, address));
    let bound = match bind_at(address) {
        // The folder was moved, or /proc does not lead to it: it is reached the other way, if at all.
        Err(Errno::NOENT) => match at.other_address_of(name) {
            Some(other) => bind_at(&other),
            None => Err(Errno::NOENT),
        },
        bound => bound,
    };
    let folder = at.folder().as_fd();
    match bound {
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

/// Gives a new socket the times of the mark, and the mode that was asked for if the umask took bits away; `None` if it is gone.
/// (From then on such a socket is published aside, where nobody sees it before its mode is right.)
///
/// Whoever may rename in the folder can have put another file in its place: only a new socket of ours is touched, and where
/// there can be such a user it is pinned first. One whose owner the file system makes up keeps the mark that bind gave it.
fn settle(at: &AtPath, name: &Path) -> Result<Option<Inode>, Fault> {
    let folder = at.folder().as_fd();
    let mode = published_mode(at.mode());
    if at.is_private() {
        match look_in(folder, name).doing("look at the new socket")? {
            None => return Ok(None),
            Some(found) if found.is_our_new_socket(mode) && found.mode == mode => {
                // Where the system does not do it, the socket carries the mark that bind gave it.
                let _ = mark::set_times_of(folder, name);
                return Ok(Some(found.inode));
            }
            Some(_) => {}
        }
    }
    let Some(pin) = Pin::new_in(folder, name).doing("look at the new socket")? else { return Ok(None) };
    // (Where nobody can have put another there, the kernel may have its own way with the mode.)
    let is_ours = pin.look.is_our_new_socket(mode) || at.is_private() && pin.look.is_our_unmarked_socket();
    if !is_ours {
        let makes_up_owners = pin.look.is_socket && !at.folder().is_local().doing("ask for the file system")?;
        return Ok(makes_up_owners.then_some(pin.look.inode));
    }
    let _ = pin.set_times(true);
    if pin.look.mode != mode {
        at.note_spoiled_mode();
        if let Err(errno) = pin.set_mode(mode) {
            let _ = unlinkat(folder, name, AtFlags::empty());
            return Err(errno).doing("set the socket's mode");
        }
    }
    Ok(Some(pin.look.inode))
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
