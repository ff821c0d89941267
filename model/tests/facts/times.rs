//! What bind, chmod and utimensat write into the times of a socket: the mark is made of that.

use std::fs::Permissions;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, statat, utimensat};
use tempfile::TempDir;

use crate::{Place, bound, path_of, pin, unlink};

/// A time that no clock says any more, in whole seconds.
const MAGIC: i64 = 1_397_509_955;

/// The mtime and the ctime.
fn times(path: &Path) -> [(i64, i64); 2] {
    let stat = statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).expect("something is there");
    let nanoseconds = |nanoseconds| i64::try_from(nanoseconds).expect("less than a second");
    [(stat.st_mtime, nanoseconds(stat.st_mtime_nsec)), (stat.st_ctime, nanoseconds(stat.st_ctime_nsec))]
}

fn are_alike(path: &Path) -> bool {
    let [mtime, ctime] = times(path);
    mtime == ctime
}

fn set(path: &Path, time: Timespec) {
    let times = Timestamps { last_access: time, last_modification: time };
    utimensat(CWD, path, &times, AtFlags::empty()).expect("utimensat");
}

fn magic() -> Timespec {
    Timespec { tv_sec: MAGIC, tv_nsec: 0 }
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("chmod");
}

/// Goes on until the clock of the file system has moved on: its ticks are some milliseconds long.
fn chmod_in_a_later_tick(path: &Path, mode: u32) {
    let [mtime, _] = times(path);
    while times(path)[1] == mtime {
        chmod(path, mode);
    }
}

/// On the file system of the temporary folder, and on tmpfs where there is one.
fn everywhere(test: impl Fn(&Path)) {
    let place = Place::new();
    test(&place.path);
    if let Ok(folder) = TempDir::with_prefix_in("slocket-fact-", "/dev/shm") {
        test(&folder.path().join("lock"));
    }
}

#[test]
fn bind_leaves_both_times_alike() {
    everywhere(|path| {
        for _ in 0..100 {
            let _socket = bound(path);
            assert!(are_alike(path));
            unlink(path).unwrap();
        }
    });
}

#[test]
fn chmod_changes_the_ctime_alone() {
    everywhere(|path| {
        let _socket = bound(path);
        let [mtime, _] = times(path);
        chmod_in_a_later_tick(path, 0o1600);
        assert_eq!(times(path)[0], mtime);
        assert!(!are_alike(path));
    });
}

/// The clock of a file system stands still for some milliseconds, also where a look at a file makes its next change count
/// (multigrain timestamps, Linux 6.13): a chmod of a new socket at which no process has looked leaves its times alike. So a
/// mode that was read from another socket, and written by name onto one that has just replaced it, cannot be told by the
/// times from one that was there at its birth.
#[test]
fn chmod_in_the_tick_of_the_bind_leaves_the_times_alike() {
    everywhere(|path| {
        let alike = (0..200).filter(|_| {
            let socket: OwnedFd = bound(path);
            chmod(path, 0o1600);
            let alike = are_alike(path);
            unlink(path).unwrap();
            drop(socket);
            alike
        });
        let alike = alike.count();
        println!("{alike} of 200 at {}", path.display());
        assert!(alike > 0, "the model lets a chmod leave the times alike: then it shows more than there is");
    });
}

#[test]
fn a_touch_makes_both_times_alike() {
    everywhere(|path| {
        let _socket = bound(path);
        set(path, magic());
        assert!(!are_alike(path));
        set(path, Timespec { tv_sec: 0, tv_nsec: UTIME_NOW });
        assert!(are_alike(path));
        assert_ne!(times(path)[0].0, MAGIC);
    });
}

#[test]
fn a_time_that_was_set_stays_whatever_mode_is_set() {
    everywhere(|path| {
        let _socket = bound(path);
        set(path, magic());
        chmod(path, 0o600);
        chmod(path, 0o1600);
        let [mtime, ctime] = times(path);
        assert_eq!(mtime, (MAGIC, 0));
        assert_ne!(ctime, mtime);
    });
}

#[test]
fn a_time_is_set_through_a_pin_whatever_the_name_is() {
    everywhere(|path| {
        let _socket = bound(path);
        let pin = pin(path);
        std::fs::rename(path, path.with_file_name("moved")).unwrap();
        let _second = bound(path);
        set(&path_of(&pin), magic());
        assert_eq!(times(&path.with_file_name("moved"))[0], (MAGIC, 0));
        assert!(are_alike(path), "the other one is not meant");
        unlink(&path.with_file_name("moved")).unwrap();
        set(&path_of(&pin), magic());
        unlink(path).unwrap();
    });
}

/// A socket that is published aside keeps its times when it is moved.
#[test]
fn a_rename_leaves_the_mtime() {
    everywhere(|path| {
        let _socket = bound(path);
        set(path, magic());
        std::fs::rename(path, path.with_file_name("moved")).unwrap();
        assert_eq!(times(&path.with_file_name("moved"))[0], (MAGIC, 0));
        unlink(&path.with_file_name("moved")).unwrap();
    });
}

/// listen, connect, accept and death write no times.
#[test]
fn what_becomes_of_a_socket_leaves_its_times() {
    everywhere(|path| {
        let listener = bound(path);
        set(path, magic());
        let before = times(path);
        rustix::net::listen(&listener, 10).unwrap();
        let (client, server) = crate::pair(path, &listener);
        drop((client, server, listener));
        assert_eq!(times(path), before);
        unlink(path).unwrap();
    });
}
