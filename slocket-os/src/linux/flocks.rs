//! The processes that have a file locked by flock(2). One that has a lock's folder locked keeps a crash from being repaired: any user with
//! read permission can do that.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use slocket_core::Inode;

use crate::address::proc_path;
use crate::at_path::AtPath;
use crate::peer::{Holder, program};

/// Another process that has a file or a folder locked by flock(2); `None` if none is known. If it is the folder of a lock, that process keeps
/// all others from removing a dead socket there ([protocol section 2, "Reclaim"][protocol]).
///
/// Processes that use locks in a folder have it locked for microseconds. From `proc_locks(5)`: `None` as well if the process
/// is in another pid namespace, or where `/proc` is not mounted.
///
/// [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#reclaim
#[must_use]
pub fn who_locks(path: &Path) -> Option<Holder> {
    let found = fs::metadata(path).ok()?;
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let ours = std::process::id();
    let pid = owners(&locks, found.dev(), found.ino()).into_iter().find(|pid| *pid != ours)?;
    let uid = fs::metadata(format!("/proc/{pid}")).ok()?.uid();
    Some(Holder { pid: Some(pid), uid, program: program(pid), host: None })
}

/// All processes that have a file locked, as far as they are known.
pub(crate) fn all_who_lock(inode: Inode) -> Vec<u32> {
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    owners(&locks, inode.device, inode.number)
}

/// The same of a lock's folder, if there is a dead socket to remove.
pub(crate) fn who_prevents_repair(at: &AtPath) -> Option<Holder> {
    let seen = at.look().ok().flatten()?;
    if seen.found.is_socket() && seen.found.is_marked() { who_locks(&proc_path(at.folder().as_fd())) } else { None }
}

/// The processes with an flock on the file. (By its inode alone, if no line has its device: stat(2) tells another one
/// than the kernel's own on some file systems.)
fn owners(locks: &str, device: u64, inode: u64) -> Vec<u32> {
    let held: Vec<_> = locks.lines().filter_map(flock).collect();
    let ends = format!(":{inode}");
    let id = format!("{:02x}:{:02x}{ends}", rustix::fs::major(device), rustix::fs::minor(device));
    let all = |is_it: &dyn Fn(&str) -> bool| -> Vec<u32> {
        held.iter().filter(|(_, file)| is_it(file)).map(|(pid, _)| *pid).collect()
    };
    let exact = all(&|file| file == id);
    if exact.is_empty() { all(&|file| file.ends_with(&ends)) } else { exact }
}

/// The process and the file of a line, if it is of an flock that is held.
fn flock(line: &str) -> Option<(u32, &str)> {
    let mut words = line.split_whitespace().skip(1);
    let (Some("FLOCK"), _, _, Some(pid), Some(file)) =
        (words.next(), words.next(), words.next(), words.next(), words.next())
    else {
        return None;
    };
    pid.parse().ok().filter(|pid| *pid != 0).map(|pid| (pid, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKS: &str = "1: FLOCK  ADVISORY  WRITE 700 00:1a:12 0 EOF\n\
                         2: POSIX  ADVISORY  READ  701 08:01:34 128 128\n\
                         2: -> FLOCK  ADVISORY  WRITE 702 08:01:34 0 EOF\n\
                         3: FLOCK  ADVISORY  READ  703 08:01:34 0 EOF\n\
                         4: FLOCK  ADVISORY  READ  -1 08:01:35 0 EOF\n\
                         5: FLOCK  ADVISORY  READ  0 08:01:35 0 EOF\n";

    #[test]
    fn the_owners_of_an_flock() {
        let disk = rustix::fs::makedev(8, 1);
        assert_eq!(owners(LOCKS, disk, 34), [703]);
        assert_eq!(owners(LOCKS, rustix::fs::makedev(0, 0x99), 12), [700], "another device");
        assert_eq!(owners(LOCKS, disk, 35), [], "out of sight");
        assert_eq!(owners(LOCKS, disk, 2), []);
    }

    #[test]
    fn an_flock_of_our_own_is_not_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = fs::File::open(folder.path()).unwrap();
        file.lock().unwrap();
        assert_eq!(who_locks(folder.path()), None);
    }
}
