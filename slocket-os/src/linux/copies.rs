//! The copies that a fork has of sockets and shares which its parent had not listed: those that a thread of the parent was making,
//! opening, accepting, receiving or closing in that very instant. They are found among all descriptors of the process.
//!
//! They are closed by their numbers. So no other file may be taken for one, nor a descriptor that other code of this process closes itself.
//! Each of our descriptors is closed on exec and never blocks; and it is a FIFO with the name of a share of a lock that this process has
//! named, open for writing; or a regular file with the name of a lock that is a locked file, or of a share of one, open for writing; or it
//! is bound to a badge; or it is a socket at a lock that this process has named: a listener at a path has
//! the mode of the mark, which no other socket has, from before it is bound.

use std::fs;
use std::io::ErrorKind;
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::process::parent_id;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{UnixAddr, getpeername, getsockname};
use rustix::net::SocketAddrUnix;
use slocket_core::Inode;

use crate::address;
use crate::site::{Home, Site};
use crate::sys::{files, found};

/// How long it waits, at the most, for the parent to bind or close a socket that it was making.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first pause of that, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(20));

/// A socket that is bound to nothing: it may be that of a lock, which its maker is about to bind. (That is another process: but
/// what it binds is the same socket.)
#[derive(Debug)]
pub(crate) struct Unbound {
    number: RawFd,
    /// By which it is known: the number may be another file's by now.
    inode: u64,
}

/// What a descriptor is.
enum Kind {
    Ours,
    Unbound(Unbound),
    Other,
}

/// Closes all copies that can be told from other files; what is not bound yet is given out.
pub(crate) fn close_all(sites: &[Arc<Site>]) -> Vec<Unbound> {
    numbers().into_iter().filter_map(|number| close(number, sites, |_| true)).collect()
}

/// Waits until the maker has bound or closed them, and closes those that are bound. What is neither for long stays in the list, to
/// be [looked at again](close_bound).
pub(crate) fn await_bound(unbound: &mut Vec<Unbound>, sites: &[Arc<Site>], maker: Option<u32>) {
    let start = Instant::now();
    let (mut pause, longest) = PAUSES;
    close_bound(unbound, sites, maker);
    while !unbound.is_empty() && start.elapsed() < PATIENCE {
        thread::sleep(pause);
        pause = longest.min(pause * 2);
        close_bound(unbound, sites, maker);
    }
}

/// Closes those that are bound by now, and forgets those that never will be: the maker, if it is known and this process's parent,
/// has closed them.
pub(crate) fn close_bound(unbound: &mut Vec<Unbound>, sites: &[Arc<Site>], maker: Option<u32>) {
    // (Before it is seen whether they are bound: the maker may bind one and close it.)
    let made = maker.and_then(sockets_of_parent);
    *unbound = unbound
        .drain(..)
        .filter_map(|Unbound { number, inode }| close(number, sites, |found| found == inode))
        .filter(|Unbound { inode, .. }| made.as_ref().is_none_or(|made| made.contains(inode)))
        .collect();
}

/// The inodes of all sockets that the parent of this process has open; `None` if that cannot be told, or it has another parent.
fn sockets_of_parent(parent: u32) -> Option<Vec<u64>> {
    // (Of another pid namespace, `/proc` has other ids.)
    if fs::read_link("/proc/self").ok()?.to_str() != Some(&std::process::id().to_string()) {
        return None;
    }
    let mut sockets = Vec::new();
    for entry in fs::read_dir(format!("/proc/{parent}/fd")).ok()? {
        let file = match fs::read_link(entry.ok()?.path()) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(_) => return None,
        };
        let inode =
            file.to_str().and_then(|file| file.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok());
        sockets.extend(inode);
    }
    // (As long as it is the parent, no other process has its id.)
    (parent_id() == parent).then_some(sockets)
}

/// Closes what is ours, if it is of such an inode.
fn close(number: RawFd, sites: &[Arc<Site>], is_it: impl FnOnce(u64) -> bool) -> Option<Unbound> {
    match kind(number, sites, is_it) {
        Kind::Ours => {
            let _ = nix::unistd::close(number);
            None
        }
        Kind::Unbound(unbound) => Some(unbound),
        Kind::Other => None,
    }
}

/// All numbers that are in use; none where `/proc` does not tell.
fn numbers() -> Vec<RawFd> {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn kind(number: RawFd, sites: &[Arc<Site>], is_it: impl FnOnce(u64) -> bool) -> Kind {
    // (In this order: one that has been connected since is not taken for one that is never bound.)
    let is_connected = getpeername::<UnixAddr>(number) != Err(Errno::ENOTCONN);
    let address = getsockname::<UnixAddr>(number);
    let Ok(file) = fs::metadata(format!("/proc/self/fd/{number}")) else { return Kind::Other };
    if !is_it(file.ino()) || !has_our_flags(number) {
        return Kind::Other;
    }
    if file.file_type().is_fifo() {
        return if is_share(number, sites) { Kind::Ours } else { Kind::Other };
    }
    if file.file_type().is_file() {
        return if is_lock_file(number, sites) { Kind::Ours } else { Kind::Other };
    }
    let Ok(address) = address else { return Kind::Other };
    let is_ours = match (address.as_abstract(), address.path()) {
        (Some(name), _) => address::is_name_of_badge(name) || sites.iter().any(|site| is_name_of(site, name)),
        // (An accepted connection has the address of the listener.)
        (None, Some(path)) => {
            (is_connected || file.mode() & STICKY != 0) && sites.iter().any(|site| is_address_of(site, path))
        }
        (None, None) if is_connected => false,
        (None, None) => return Kind::Unbound(Unbound { number, inode: file.ino() }),
    };
    if is_ours { Kind::Ours } else { Kind::Other }
}

/// The mark in the mode of a listener.
const STICKY: u32 = 0o1000;

/// Whether it is closed on exec and never blocks.
fn has_our_flags(number: RawFd) -> bool {
    flags(number).is_some_and(|flags| flags & OURS == OURS)
}

/// Close on exec, and never block.
const OURS: u32 = 0o2_004_000;
/// Open for writing, too.
const WRITES: u32 = 0o3;

fn flags(number: RawFd) -> Option<u32> {
    files::flags(Path::new(&format!("/proc/self/fdinfo/{number}")))
}

/// Whether that is a socket that is bound to that address.
pub(crate) fn is_bound_to(number: RawFd, address: &SocketAddrUnix) -> bool {
    getsockname::<UnixAddr>(number).is_ok_and(|found| {
        let path = found.path().map(|path| path.as_os_str().as_bytes());
        path == address.path_bytes() && found.as_abstract() == address.abstract_name()
    })
}

/// Which file it is.
pub(crate) fn inode(file: BorrowedFd<'_>) -> Option<Inode> {
    files::stat_file(file).ok().map(|stat| found::inode(&stat))
}

/// Whether a FIFO is a share of a lock of this process's. (One that is only open for reading is none, and may be the copy of a
/// session that waits for it, which closes it itself.)
fn is_share(number: RawFd, sites: &[Arc<Site>]) -> bool {
    has_name(number, |path| sites.iter().any(|site| is_share_of(site, path)))
}

/// Whether a file is the turn, or a share, of a lock of this process's that is a locked file.
fn is_lock_file(number: RawFd, sites: &[Arc<Site>]) -> bool {
    let is_of = |site: &Site, path: &Path| site.lock_file().is_some() && (is_at(site, path) || is_share_of(site, path));
    has_name(number, |path| sites.iter().any(|site| is_of(site, path)))
}

/// Whether a file that is open for writing has, or had, such a name.
fn has_name(number: RawFd, is_it: impl FnOnce(&Path) -> bool) -> bool {
    flags(number).is_some_and(|flags| flags & WRITES != 0)
        && fs::read_link(format!("/proc/self/fd/{number}")).is_ok_and(|path| is_it(&path))
}

fn is_at(site: &Site, path: &Path) -> bool {
    let name = path.as_os_str().as_bytes();
    site.path().is_some_and(|lock| lock.as_os_str().as_bytes() == name.strip_suffix(REMOVED).unwrap_or(name))
}

/// What the kernel says after the name of a file that was removed.
const REMOVED: &[u8] = b" (deleted)";

fn is_share_of(site: &Site, path: &Path) -> bool {
    let Some(lock) = site.path() else { return false };
    let (Some(folder), Some(name), Some(lock_folder), Some(lock_name)) =
        (path.parent(), path.file_name(), lock.parent(), lock.file_name())
    else {
        return false;
    };
    // (Of one that was removed the kernel says so, after its name.)
    folder == lock_folder && address::is_name_of_share(lock_name.as_bytes(), name.as_bytes())
}

fn is_name_of(site: &Site, name: &[u8]) -> bool {
    matches!(site.home(), Home::Name(own) if own.address().abstract_name() == Some(name))
}

/// Whether a socket of the lock, published in place or aside, may be bound there: in its folder, by path or by way of some
/// process's open one.
fn is_address_of(site: &Site, path: &Path) -> bool {
    let Home::Path(at) = site.home() else { return false };
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return false };
    let is_name =
        name.as_bytes() == at.name().to_bytes() || address::number_of_temporary_name(name.as_bytes()).is_some();
    is_name && (Some(folder) == at.path().parent() || folder.parent() == Some(Path::new("/proc/self/fd")))
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, AsRawFd, IntoRawFd};
    use std::os::unix::net::{UnixListener, UnixStream};

    use rustix::fs::{Mode, fchmod};
    use rustix::io::{FdFlags, fcntl_setfd};
    use rustix::net::{SocketAddrUnix, acceptfrom_with, bind, listen};
    use slocket_core::Access;
    use tempfile::TempDir;

    use super::*;
    use crate::at_path::Which;
    use crate::builder::Builder;
    use crate::lock::Lock;
    use crate::sys::{fifos, lock_files, sockets};

    fn is_ours(file: impl AsFd, lock: &Lock) -> bool {
        matches!(kind(file.as_fd().as_raw_fd(), std::slice::from_ref(lock.site()), |_| true), Kind::Ours)
    }

    fn place() -> (TempDir, Lock) {
        let folder = TempDir::with_prefix("slocket-copies-").unwrap();
        let lock = Builder::new(folder.path().join("lock")).build().unwrap();
        (folder, lock)
    }

    /// A listener as publishing makes it.
    fn published(path: &Path) -> std::os::fd::OwnedFd {
        let socket = sockets::socket(slocket_core::Kind::Stream).unwrap();
        fchmod(&socket, Mode::from_raw_mode(0o1600)).unwrap();
        bind(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
        listen(&socket, 1).unwrap();
        socket
    }

    /// The tests run beside each other, and perhaps beside those of another process.
    fn own_badge(number: u64) -> rustix::io::Result<SocketAddrUnix> {
        address::badge(u64::from(std::process::id()) << 8 | number)
    }

    #[test]
    fn what_is_a_locks_is_found() {
        let (folder, lock) = place();
        let listener = published(lock.path().unwrap());
        assert!(is_ours(&listener, &lock));
        assert!(is_ours(published(&folder.path().join(address::as_path(&address::temporary_name(7)))), &lock));
        let _client = UnixStream::connect(lock.path().unwrap()).unwrap();
        let flags = rustix::net::SocketFlags::CLOEXEC | rustix::net::SocketFlags::NONBLOCK;
        assert!(is_ours(acceptfrom_with(&listener, flags).unwrap().0, &lock));

        let badge = sockets::socket(slocket_core::Kind::Stream).unwrap();
        let made = kind(badge.as_raw_fd(), &[], |_| true);
        let Kind::Unbound(unbound) = made else { panic!("it is not bound yet") };
        bind(&badge, &own_badge(7).unwrap()).unwrap();
        assert!(is_ours(&badge, &lock));
        assert!(matches!(kind(badge.as_raw_fd(), &[], |inode| inode == unbound.inode), Kind::Ours));
        assert!(matches!(kind(badge.as_raw_fd(), &[], |inode| inode != unbound.inode), Kind::Other), "another file");
    }

    #[test]
    fn what_is_not_bound_is_waited_for_as_long_as_its_maker_has_it() {
        let made = sockets::socket(slocket_core::Kind::Stream).unwrap();
        let unbound = || match kind(made.as_raw_fd(), &[], |_| true) {
            Kind::Unbound(unbound) => vec![unbound],
            Kind::Ours | Kind::Other => panic!("it is not bound yet"),
        };
        let mut list = unbound();
        close_bound(&mut list, &[], Some(std::process::id()));
        assert_eq!(list.len(), 1, "this process is not its own parent");
        close_bound(&mut list, &[], None);
        assert_eq!(list.len(), 1, "its maker is unknown");
        // The parent of this one has it not.
        close_bound(&mut list, &[], Some(parent_id()));
        assert!(list.is_empty());

        let mut list = unbound();
        let copy = made.try_clone().unwrap().into_raw_fd();
        let inode = list[0].inode;
        list[0].number = copy;
        bind(&made, &address::badge(8).unwrap()).unwrap();
        await_bound(&mut list, &[], Some(parent_id()));
        assert!(list.is_empty());
        // (The number may be another file's by now.)
        let found = fs::metadata(format!("/proc/self/fd/{copy}")).map(|file| file.ino());
        assert!(found.is_err() || found.unwrap() != inode, "it is closed");
    }

    #[test]
    fn a_share_is_found_and_whoever_waits_for_it_is_not() {
        let (folder, lock) = place();
        let open_folder = std::fs::File::open(folder.path()).unwrap();
        for (name, is_of_lock) in [(c".lock.shared", true), (c".lock.slot-3", true), (c".other.shared", false)] {
            fifos::make(open_folder.as_fd(), name, Mode::RUSR | Mode::WUSR);
            let open = |access| fifos::open(open_folder.as_fd(), name, access).unwrap();
            let (share, look) = (open(Access::Both), open(Access::Read));
            assert_eq!(is_ours(&share, &lock), is_of_lock, "{name:?}");
            // (A number that was another file's may be that of a share of this process's own by now.)
            let sought = kind(share.as_raw_fd(), std::slice::from_ref(lock.site()), |_| false);
            assert!(matches!(sought, Kind::Other), "another file");
            assert!(!is_ours(look, &lock), "{name:?}");
            fs::remove_file(folder.path().join(name.to_str().unwrap())).unwrap();
            assert_eq!(is_ours(&share, &lock), is_of_lock, "{name:?}, which was removed");
            fcntl_setfd(&share, FdFlags::empty()).unwrap();
            assert!(!is_ours(share, &lock), "left open on exec, on purpose");
        }
    }

    #[test]
    fn a_lock_file_is_found_where_the_lock_is_one() {
        let (folder, socket) = place();
        let file: Lock = Builder::new(socket.path().unwrap()).home(crate::Home::File).build().unwrap();
        let other = Builder::new(folder.path().join("other")).home(crate::Home::File).build().unwrap();
        for (lock, which, is_of_lock) in [
            (&file, Which::Lock, true),
            (&file, Which::Share(None), true),
            (&file, Which::Share(Some(3)), true),
            (&other, Which::Lock, false),
        ] {
            let at = lock.site().at_path().unwrap();
            let name = at.name_of(which);
            let made = lock_files::make(at, which).unwrap();
            assert_eq!(is_ours(&made, &file), is_of_lock, "{name:?}");
            assert!(!is_ours(&made, &socket), "{name:?}, where the lock is a socket");
            let of_the_program = std::fs::File::options().write(true).open(folder.path().join(as_str(&name))).unwrap();
            assert!(!is_ours(of_the_program, &file), "{name:?}, opened by the program");
            fs::remove_file(folder.path().join(as_str(&name))).unwrap();
            assert_eq!(is_ours(&made, &file), is_of_lock, "{name:?}, which was removed");
        }
    }

    fn as_str(name: &std::ffi::CStr) -> &str {
        name.to_str().unwrap()
    }

    #[test]
    fn nothing_else_is_taken_for_a_locks() {
        let (folder, lock) = place();
        let server = UnixListener::bind(lock.path().unwrap()).unwrap();
        server.set_nonblocking(true).unwrap();
        assert!(!is_ours(&server, &lock), "it has not the mark");
        let client = UnixStream::connect(lock.path().unwrap()).unwrap();
        client.set_nonblocking(true).unwrap();
        assert!(!is_ours(&client, &lock));
        assert!(!is_ours(published(&folder.path().join("other")), &lock));
        assert!(!is_ours(UnixStream::pair().unwrap().0, &lock));
        assert!(!is_ours(std::fs::File::open(folder.path()).unwrap(), &lock));
        let badge = sockets::socket(slocket_core::Kind::Stream).unwrap();
        bind(&badge, &own_badge(8).unwrap()).unwrap();
        fcntl_setfd(&badge, FdFlags::empty()).unwrap();
        assert!(!is_ours(&badge, &lock), "left open on exec, on purpose");
    }
}
