//! The process that keeps a crash from being repaired: any user with read permission for the folder can lock it by flock(2).

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::address::proc_path;
use crate::at_path::AtPath;
use crate::peer::{Holder, program};

/// The process that has a folder locked by flock(2), and so keeps all others from removing a dead socket there
/// ([protocol section 2, "Reclaim"][protocol]); `None` if none is known.
///
/// Processes that use locks in that folder have it locked for microseconds. From `proc_locks(5)`: `None` as well if the process
/// is in another pid namespace, or where `/proc` is not mounted.
///
/// [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#reclaim
#[must_use]
pub fn who_locks(folder: &Path) -> Option<Holder> {
    let folder = fs::metadata(folder).ok()?;
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let pid = owner(&locks, &folder_id(folder.dev(), folder.ino()), folder.ino(), std::process::id())?;
    let uid = fs::metadata(format!("/proc/{pid}")).ok()?.uid();
    Some(Holder { pid: Some(pid), uid, program: program(pid), host: None })
}

/// The same of a lock's folder, if there is a dead socket to remove.
pub(crate) fn who_prevents_repair(at: &AtPath) -> Option<Holder> {
    let seen = at.look().ok().flatten()?;
    if seen.found.is_socket() && seen.found.is_marked() { who_locks(&proc_path(at.folder().as_fd())) } else { None }
}

fn folder_id(device: u64, inode: u64) -> String {
    format!("{:02x}:{:02x}:{inode}", rustix::fs::major(device), rustix::fs::minor(device))
}

/// The first other process with an flock on the folder. (By its inode alone, if no line has its device: stat(2) tells another one
/// than the kernel's own on some file systems.)
fn owner(locks: &str, id: &str, inode: u64, ours: u32) -> Option<u32> {
    let held = || {
        locks.lines().filter_map(move |line| {
            let mut words = line.split_whitespace().skip(1);
            let (Some("FLOCK"), _, _, Some(pid), Some(file)) =
                (words.next(), words.next(), words.next(), words.next(), words.next())
            else {
                return None;
            };
            pid.parse().ok().filter(|pid| *pid != 0 && *pid != ours).map(|pid| (pid, file))
        })
    };
    let ends = format!(":{inode}");
    let exact = held().find(|(_, file)| *file == id);
    exact.or_else(|| held().find(|(_, file)| file.ends_with(&ends))).map(|(pid, _)| pid)
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
    fn the_owner_of_an_flock() {
        assert_eq!(owner(LOCKS, "08:01:34", 34, 1), Some(703));
        assert_eq!(owner(LOCKS, "08:01:34", 34, 703), None, "our own");
        assert_eq!(owner(LOCKS, "00:99:12", 12, 1), Some(700), "another device");
        assert_eq!(owner(LOCKS, "08:01:35", 35, 1), None, "out of sight");
        assert_eq!(owner(LOCKS, "08:01:2", 2, 1), None);
    }

    #[test]
    fn an_flock_of_our_own_is_not_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = fs::File::open(folder.path()).unwrap();
        file.lock().unwrap();
        assert_eq!(who_locks(folder.path()), None);
    }
}
