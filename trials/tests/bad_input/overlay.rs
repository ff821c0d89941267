//! overlayfs: one file system as long as all come by the same mount, and not otherwise.

use std::fs;
use std::path::PathBuf;

use rustix::fs::statfs;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use trials::lock::{ErrorKind, Slocket};

use crate::alone::{Setting, alone};
use crate::file_systems::{Mounted, assert_all_ways_work};
use crate::scene::{another, assert_works, leave_dead};

/// A lower and an upper folder, and both as one.
struct Overlay {
    lower: PathBuf,
    upper: PathBuf,
    merged: PathBuf,
    /// What all of them are on.
    _disk: Mounted,
}

impl Overlay {
    fn new() -> Self {
        let disk = Mounted::virtually("tmpfs", "size=1m");
        let [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map(|name| {
            let folder = disk.folder.join(name);
            fs::create_dir(&folder).unwrap();
            folder
        });
        let folders = [("lowerdir", &lower), ("upperdir", &upper), ("workdir", &work)];
        let options: Vec<_> = folders.iter().map(|(name, folder)| format!("{name}={}", folder.display())).collect();
        let options = std::ffi::CString::new(options.join(",")).unwrap();
        mount("overlay", &merged, "overlay", MountFlags::empty(), options.as_c_str()).expect("our own mounts");
        assert_eq!(u32::try_from(statfs(&merged).unwrap().f_type).unwrap(), 0x794c_7630);
        Self { lower, upper, merged, _disk: disk }
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        unmount(&self.merged, UnmountFlags::DETACH).expect("our own mount");
    }
}

#[test]
fn the_same_mount_for_all() {
    alone(Setting::Mounts, || {
        let overlay = Overlay::new();
        let slocket = Slocket::new(overlay.merged.join("lock")).unwrap();
        assert_all_ways_work(&slocket);
        // Nor does anything stay in the folders that it is made of.
        for folder in [&overlay.lower, &overlay.upper] {
            assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
        }
        // One that is part of the image that a container starts from.
        leave_dead(&overlay.lower.join("lock"), true, 0o600);
        assert_works(&slocket);
        assert_works(&slocket);
    });
}

/// The promise ends here: by another way to the same file the kernel does not find the socket, so it is dead to all that
/// can be seen. Each way is a lock of its own, and a process that comes by the merged folder removes what the others hold.
#[test]
fn another_way_to_the_same_file() {
    alone(Setting::Mounts, || {
        for is_lower in [true, false] {
            let overlay = Overlay::new();
            let below = if is_lower { &overlay.lower } else { &overlay.upper };
            let direct = Slocket::new(below.join("lock")).unwrap();
            let merged = Slocket::new(overlay.merged.join("lock")).unwrap();
            let guard = direct.acquire().unwrap();
            assert!(another(&direct).try_acquire().unwrap().is_none(), "two holders");
            assert_eq!(merged.holder().unwrap(), None);
            let second = merged.try_acquire().unwrap().expect("it looks dead from here");
            assert!(second.is_intact().unwrap());
            second.release().unwrap();
            // The holder can tell, unless its own folder is as it was.
            assert_eq!(guard.is_intact().unwrap(), is_lower);
            match guard.release() {
                Ok(()) => assert!(is_lower),
                Err(error) => assert!(!is_lower && error.kind() == ErrorKind::LockLost, "{error:?}"),
            }
        }
    });
}
