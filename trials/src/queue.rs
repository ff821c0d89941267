//! The waiters at a lock, as the kernel sees them.
//!
//! `/proc/net/unix` (`proc_net(5)`) lists every socket with the address it is bound to; a connection that a listener has not
//! accepted yet, and one that it has, carry the listener's. So a waiter is seen the instant it is queued, with whatever
//! adapter, without asking it. At a lock that is a locked file, `queue/files.rs` tells it.

use std::fs;
use std::path::Path;

use crate::lock::in_file;
use crate::patience::watch_for;
use crate::process;

mod files;

/// Waits until at least `count` waiters are queued at the lock.
///
/// A waiter that died stays in the count until the holder passes it over; the client that a server has lent the lock to
/// counts as one too.
///
/// # Panics
/// After [`PATIENCE`](crate::patience::PATIENCE).
#[track_caller]
pub fn wait_until_queued(lock: &Path, count: usize) {
    watch_for(&format!("{count} waiters at {}", lock.display()), || (queued(lock) >= count).then_some(()));
}

/// How many connections there are to the lock: those in its listener's queue, and those that an npm server or a lender has
/// accepted.
///
/// # Panics
/// If `/proc/net/unix` cannot be read.
#[must_use]
pub fn queued(lock: &Path) -> usize {
    if let Some(file) = in_file(lock) {
        return files::waiting(file, None);
    }
    let unaccepted_or_accepted = ["02", "03"];
    sockets(lock).iter().filter(|socket| unaccepted_or_accepted.contains(&socket.state.as_str())).count()
}

/// How many connections are in the queue of the lock's listener. Unlike [`queued`] it leaves out clients that have been served: a
/// server that hands over closes that connection an instant after the new holder acquires the lock.
///
/// # Panics
/// If `/proc/net/unix` cannot be read.
#[must_use]
pub fn unaccepted(lock: &Path) -> usize {
    if in_file(lock).is_some() {
        return queued(lock);
    }
    sockets(lock).iter().filter(|socket| socket.state == "02").count()
}

/// How many connections an npm server has accepted. (Those that it has not are reset when it closes.)
///
/// # Panics
/// If `/proc/net/unix` cannot be read.
#[must_use]
pub fn accepted(lock: &Path) -> usize {
    sockets(lock).iter().filter(|socket| socket.state == "03").count()
}

/// Whether a process waits at the lock: with the lock in hand, for others' shares to end; or in the queue, with a connection from
/// its badge.
///
/// # Panics
/// If `/proc/net/unix` cannot be read.
#[must_use]
pub fn waits(pid: u32, lock: &Path) -> bool {
    if let Some(file) = in_file(lock) {
        return files::waiting(file, Some(pid)) > 0 || files::awaits_shares(file, pid);
    }
    let table = fs::read("/proc/net/unix").expect("/proc/net/unix");
    let table = String::from_utf8_lossy(&table);
    let sockets: Vec<_> = table.lines().filter_map(badge).chain(listener(lock)).collect();
    process::descriptors(pid).iter().any(|file| sockets.contains(file))
}

/// The socket of a line of the table, if it is connected and has a badge for its address.
fn badge(line: &str) -> Option<String> {
    let fields: Vec<_> = line.split_ascii_whitespace().collect();
    let [_number, _references, _protocol, _flags, _type, "03", inode, address] = fields[..] else { return None };
    address.starts_with("@slocket/").then(|| format!("socket:[{inode}]"))
}

/// The socket that listens at the lock, as the descriptors of its owner name it: `socket:[4711]`. Of a lock that is a locked file, its path,
/// while it is locked.
///
/// # Panics
/// If `/proc/net/unix` cannot be read.
#[must_use]
pub fn listener(lock: &Path) -> Option<String> {
    if let Some(file) = in_file(lock) {
        return files::is_locked(file).then(|| file.display().to_string());
    }
    let listens = |socket: &Socket| u32::from_str_radix(&socket.flags, 16).is_ok_and(|flags| flags & 0x10000 != 0);
    sockets(lock).into_iter().find(listens).map(|socket| format!("socket:[{}]", socket.inode))
}

/// Whether any socket has the lock's address.
///
/// # Panics
/// If `/proc/net/unix` cannot be read.
#[must_use]
pub fn is_in_use(lock: &Path) -> bool {
    !sockets(lock).is_empty()
}

/// One line of the table.
struct Socket {
    flags: String,
    state: String,
    inode: String,
}

/// All sockets that are bound to the lock's path, or to a temporary name in its folder: published aside, a
/// socket keeps the name that it was bound to. (So a folder must hold one lock only.) An abstract name stands in the table
/// as here, after an `@`.
fn sockets(lock: &Path) -> Vec<Socket> {
    let folder = lock.parent().expect("a lock has a folder");
    let temporary = folder.join(".slocket-");
    let (lock, temporary) = (lock.to_str().expect("UTF-8"), temporary.to_str().expect("UTF-8"));
    // Other programs' abstract addresses may be any bytes.
    let table = fs::read("/proc/net/unix").expect("/proc/net/unix");
    String::from_utf8_lossy(&table)
        .lines()
        .filter_map(|line| {
            let fields: Vec<_> = line.split_ascii_whitespace().collect();
            let [_number, _references, _protocol, flags, _type, state, inode, address] = fields[..] else {
                return None;
            };
            (address == lock || folder.is_absolute() && address.starts_with(temporary)).then(|| Socket {
                flags: flags.to_owned(),
                state: state.to_owned(),
                inode: inode.to_owned(),
            })
        })
        .collect()
}
