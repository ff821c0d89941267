//! The kinds of file systems: all that a lock does there, a kill included.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{ErrorKind, copy, repeat};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use rustix::fs::{FlockOperation, flock, statfs};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use tempfile::NamedTempFile;
use trials::lock::Slocket;
use trials::{Adapter, Player};

use crate::alone::{Setting, alone, skip_here, with_root};
use crate::scene::{
    HANG, Scene, another, assert_left, assert_works, hand_over, io_code, leave_dead, named, until_asleep,
};

/// A file system of the process's own.
pub(crate) struct Mounted {
    scene: Scene,
    /// Where locks go: a folder in it.
    pub(crate) folder: PathBuf,
}

impl Mounted {
    /// Mounts what has no disk.
    pub(crate) fn virtually(kind: &str, options: &str) -> Self {
        let scene = Scene::new();
        let options = CString::new(options).unwrap();
        mount(kind, scene.path(), kind, MountFlags::empty(), options.as_c_str()).expect("our own mounts");
        Self::new(scene)
    }

    /// Makes a file system with `mkfs` in a file of so many megabytes, and mounts that file. `None`, and says so, if there
    /// is no such tool, or the kernel does not know its kind.
    fn image(mkfs: &[&str], megabytes: u64) -> Option<Self> {
        let file = image(mkfs, megabytes)?;
        let scene = Scene::new();
        run(Command::new("mount").args(["-o", "loop"]).arg(file.path()).arg(scene.path()))?;
        Some(Self::new(scene))
    }

    fn new(scene: Scene) -> Self {
        let folder = scene.path().join("locks");
        fs::create_dir(&folder).expect("a new file system");
        Self { scene, folder }
    }

    pub(crate) fn slocket(&self) -> Slocket {
        Slocket::new(self.folder.join("lock")).expect("a local file system")
    }

    fn magic(&self) -> u32 {
        u32::try_from(statfs(&self.folder).unwrap().f_type).unwrap()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        unmount(self.scene.path(), UnmountFlags::DETACH).expect("our own mount");
    }
}

/// A file of so many megabytes with a file system in it; `None`, and says so, if there is no such tool.
pub(crate) fn image(mkfs: &[&str], megabytes: u64) -> Option<NamedTempFile> {
    let file = NamedTempFile::new().expect("a temporary file");
    file.as_file().set_len(megabytes << 20).expect("a file with holes");
    run(Command::new(mkfs[0]).args(&mkfs[1..]).arg(file.path())).map(|_| file)
}

/// Runs a tool, and tells what it prints; `None`, and says so, if it is missing, or what it needs of the kernel.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Option<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = match command.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            skip_here(format!("there is no {name}"));
            return None;
        }
        output => output.expect("it runs"),
    };
    let error = String::from_utf8_lossy(&output.stderr);
    if error.contains("unknown filesystem type") || error.contains("failed to setup loop device") {
        skip_here(error.trim());
        return None;
    }
    assert!(output.status.success(), "{name}: {error}");
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// In place and aside; handed over, given back, reclaimed; with a holder that is killed, whether a process waits or not.
#[track_caller]
pub(crate) fn assert_all_ways_work(slocket: &Slocket) {
    let folder = slocket.path().parent().unwrap();
    assert_works(slocket);
    let stranger = File::open(folder).unwrap();
    flock(&stranger, FlockOperation::LockExclusive).unwrap();
    assert_works(slocket);
    drop(stranger);
    leave_dead(slocket.path(), true, 0o600);
    assert_works(slocket);
    assert_survives(slocket, slocket.path());
    assert_left(folder, &[]);
}

/// A holder at `path`, which is the lock's or leads to it, is killed.
#[track_caller]
pub(crate) fn assert_survives(slocket: &Slocket, path: &Path) {
    let mut holder = Player::start(Adapter::under_trial(), path);
    holder.acquire();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| named("waiter", || another(slocket).acquire_timeout(HANG)));
        until_asleep("waiter");
        assert!(another(slocket).try_acquire().unwrap().is_none(), "two holders");
        holder.kill();
        let guard = waiter.join().unwrap().unwrap();
        assert!(guard.is_intact().unwrap() && !guard.is_loan());
        hand_over(slocket, guard).unwrap().release().unwrap();
    });
    let mut holder = Player::start(Adapter::under_trial(), path);
    holder.acquire();
    holder.kill();
    assert!(slocket.path().exists());
    slocket.try_acquire().unwrap().expect("it is not held").release().unwrap();
}

#[test]
fn tmpfs() {
    alone(Setting::Mounts, || {
        let disk = Mounted::virtually("tmpfs", "size=1m");
        assert_eq!(disk.magic(), 0x0102_1994);
        assert_all_ways_work(&disk.slocket());
    });
}

#[test]
fn ext4() {
    with_root(|| {
        alone(Setting::Mounts, || {
            let Some(disk) = Mounted::image(&["mkfs.ext4", "-q"], 8) else { return };
            assert_eq!(disk.magic(), 0xef53);
            assert_all_ways_work(&disk.slocket());
        });
    });
}

#[test]
fn xfs() {
    // There is none below 300 MB.
    with_root(|| {
        alone(Setting::Mounts, || {
            let Some(disk) = Mounted::image(&["mkfs.xfs", "-q", "-f"], 300) else { return };
            assert_eq!(disk.magic(), 0x5846_5342);
            assert_all_ways_work(&disk.slocket());
        });
    });
}

#[test]
fn btrfs() {
    with_root(|| {
        alone(Setting::Mounts, || {
            let Some(disk) = Mounted::image(&["mkfs.btrfs", "-q"], 128) else { return };
            assert_eq!(disk.magic(), 0x9123_683e);
            assert_all_ways_work(&disk.slocket());
        });
    });
}

#[test]
fn a_full_ext4() {
    with_root(|| {
        alone(Setting::Mounts, || {
            let Some(disk) = Mounted::image(&["mkfs.ext4", "-q"], 8) else { return };
            let mut fill = File::create(disk.folder.join("../fill")).unwrap();
            let error = copy(&mut repeat(1), &mut fill).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            // A socket has no contents.
            assert_all_ways_work(&disk.slocket());
        });
    });
}

#[test]
fn an_ext4_without_inodes() {
    with_root(|| {
        alone(Setting::Mounts, || {
            let Some(disk) = Mounted::image(&["mkfs.ext4", "-q", "-N", "16"], 8) else { return };
            let slocket = disk.slocket();
            let fill = |number: u32| disk.folder.join(format!("../fill{number}"));
            let full = (0..64).find_map(|number| File::create(fill(number)).err()).expect("it has few inodes");
            assert_eq!(full.kind(), ErrorKind::StorageFull);
            for result in [slocket.acquire(), slocket.try_acquire().map(Option::unwrap)] {
                assert_eq!(io_code(&result.unwrap_err()), full.raw_os_error().unwrap());
            }
            assert_left(&disk.folder, &[]);
            // One is enough.
            fs::remove_file(fill(0)).unwrap();
            assert_all_ways_work(&slocket);
        });
    });
}
