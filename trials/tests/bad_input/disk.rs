//! File systems that are full, or read-only.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::thread;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use trials::lock::{Home, Slocket};

use crate::alone::{Setting, alone};
use crate::scene::{HANG, Scene, another, assert_works, eventually, io_code, leave_dead, named, until_asleep};

/// A small file system of the process's own.
struct Disk {
    scene: Scene,
}

impl Disk {
    fn mount(options: &str) -> Self {
        let scene = Scene::new();
        let options = CString::new(options).unwrap();
        mount("tmpfs", scene.path(), "tmpfs", MountFlags::empty(), options.as_c_str()).expect("our own mounts");
        Self { scene }
    }

    fn lock(&self) -> Slocket {
        self.scene.slocket()
    }

    /// The same, as a locked file.
    fn lock_file(&self) -> Slocket {
        Slocket::builder(self.scene.lock()).home(Home::File).build().expect("a good path")
    }

    /// Makes files until no inode is left; their names.
    fn use_up_inodes(&self) -> Vec<String> {
        let names = (0..).map(|number| format!("fill{number}"));
        names.take_while(|name| make(&self.scene.path().join(name))).collect()
    }

    fn set_writable(&self, writable: bool) {
        let flags = if writable { MountFlags::empty() } else { MountFlags::RDONLY };
        mount_remount(self.scene.path(), flags, c"").expect("our own mount");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(self.scene.path(), UnmountFlags::DETACH).expect("our own mount");
    }
}

/// Makes an empty file; `false` if the disk is full.
fn make(path: &Path) -> bool {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            false
        }
    }
}

#[track_caller]
fn assert_refused(slocket: &Slocket, errno: Errno) {
    for result in [slocket.acquire(), slocket.acquire_timeout(HANG), slocket.try_acquire().map(Option::unwrap)] {
        assert_eq!(io_code(&result.unwrap_err()), errno.raw_os_error());
    }
    assert_eq!(slocket.holder().unwrap(), None);
}

#[test]
fn no_inodes() {
    alone(Setting::Mounts, || {
        let disk = Disk::mount("nr_inodes=8,size=1m");
        let slocket = disk.lock();
        let names = disk.use_up_inodes();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_refused(&slocket, Errno::NOSPC);
        disk.scene.assert_left(&names);

        let stranger = File::open(disk.scene.path()).unwrap();
        flock(&stranger, FlockOperation::LockExclusive).unwrap();
        assert_refused(&slocket, Errno::NOSPC);
        disk.scene.assert_left(&names);

        // One is enough, in place and aside.
        fs::remove_file(disk.scene.path().join(names[0])).unwrap();
        assert_works(&slocket);
        drop(stranger);
        assert_works(&slocket);
        disk.scene.assert_left(&names[1..]);
    });
}

#[test]
fn no_inodes_but_that_of_a_dead_socket() {
    alone(Setting::Mounts, || {
        let disk = Disk::mount("nr_inodes=8,size=1m");
        let slocket = disk.lock();
        leave_dead(slocket.path(), true, 0o600);
        let names = disk.use_up_inodes();
        assert_works(&slocket);
        disk.scene.assert_left(&names.iter().map(String::as_str).collect::<Vec<_>>());
    });
}

#[test]
fn no_inodes_are_needed_to_hand_over() {
    alone(Setting::Mounts, || {
        let disk = Disk::mount("nr_inodes=8,size=1m");
        let slocket = disk.lock();
        let guard = slocket.acquire().unwrap();
        let names = disk.use_up_inodes();
        let guard = crate::scene::hand_over(&slocket, guard).unwrap();
        assert!(guard.is_intact().unwrap());
        guard.release().unwrap();
        disk.scene.assert_left(&names.iter().map(String::as_str).collect::<Vec<_>>());
    });
}

#[test]
fn a_full_disk() {
    alone(Setting::Mounts, || {
        let disk = Disk::mount("nr_inodes=100,size=64k");
        let slocket = disk.lock();
        let mut file = File::create(disk.scene.path().join("fill")).unwrap();
        let full = loop {
            if let Err(error) = file.write_all(&[1; 4096]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        // A socket has no contents.
        assert_works(&slocket);
        let stranger = File::open(disk.scene.path()).unwrap();
        flock(&stranger, FlockOperation::LockExclusive).unwrap();
        assert_works(&slocket);
        drop(stranger);
        leave_dead(slocket.path(), true, 0o600);
        assert_works(&slocket);
        disk.scene.assert_left(&["fill"]);
    });
}

#[test]
fn a_read_only_file_system() {
    alone(Setting::Mounts, || {
        let disk = Disk::mount("size=1m");
        let slocket = disk.lock();
        disk.set_writable(false);
        assert_refused(&slocket, Errno::ROFS);

        let stranger = File::open(disk.scene.path()).unwrap();
        flock(&stranger, FlockOperation::LockExclusive).unwrap();
        assert_refused(&slocket, Errno::ROFS);
        drop(stranger);

        disk.set_writable(true);
        disk.scene.assert_empty();
        assert_works(&slocket);
    });
}

#[test]
fn a_dead_socket_on_a_read_only_file_system() {
    alone(Setting::Mounts, || {
        let disk = Disk::mount("size=1m");
        let slocket = disk.lock();
        leave_dead(slocket.path(), true, 0o600);
        disk.set_writable(false);
        assert_refused(&slocket, Errno::ROFS);
        disk.set_writable(true);
        assert_works(&slocket);
        disk.scene.assert_empty();
    });
}

#[test]
fn a_file_system_that_becomes_read_only_under_the_holder() {
    alone(Setting::Mounts, || {
        let disk = Disk::mount("size=1m");
        let slocket = disk.lock();
        let first = slocket.acquire().unwrap();
        disk.set_writable(false);
        let other = another(&slocket);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || other.acquire_timeout(HANG)));
            until_asleep("waiter");
            eventually(|| first.contended(), || "not in the queue".to_owned());
            first.release().unwrap();
            let second = waiter.join().unwrap().unwrap();
            assert!(second.is_intact().unwrap());
            // The last one cannot remove the socket, says so, and the lock is free all the same.
            let error = second.release().unwrap_err();
            assert_eq!(io_code(&error), Errno::ROFS.raw_os_error());
        });
        disk.set_writable(true);
        assert_works(&slocket);
        disk.scene.assert_empty();
    });
}

/// Without room for its record the lock works; only the holder is not named.
#[test]
fn a_lock_file_on_a_full_disk() {
    alone(Setting::Mounts, || {
        let disk = Disk::mount("nr_inodes=8,size=64k");
        let slocket = disk.lock_file();
        let mut file = File::create(disk.scene.path().join("fill")).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        let guard = slocket.acquire().unwrap();
        assert!(disk.lock_file().try_acquire().unwrap().is_none(), "two holders");
        let holder = slocket.holder().unwrap().expect("it is locked");
        assert_eq!(holder.pid, None);
        guard.release().unwrap();
        drop(file);
        fs::remove_file(disk.scene.path().join("fill")).unwrap();
        let names = disk.use_up_inodes();
        assert_refused(&slocket, Errno::NOSPC);
        disk.scene.assert_left(&names.iter().map(String::as_str).collect::<Vec<_>>());
    });
}

#[test]
fn a_file_system_that_is_mounted_over_the_folder_of_a_waiter() {
    alone(Setting::Mounts, || {
        let disk = Disk::mount("size=1m");
        let slocket = disk.lock();
        fs::write(slocket.path(), "").unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
            until_asleep("waiter");
            mount("tmpfs", disk.scene.path(), "tmpfs", MountFlags::empty(), c"size=1m").unwrap();
            // The path is in another folder now, in which the waiter is not.
            assert_works(&another(&slocket));
            unmount(disk.scene.path(), UnmountFlags::DETACH).unwrap();
            fs::remove_file(slocket.path()).unwrap();
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        disk.scene.assert_empty();
    });
}
