//! File systems in user space (FUSE): which cannot be told from those of other machines, and may have no sockets.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::process::umask;
use trials::lock::{ErrorKind, Slocket, failed_as};
use trials::{Adapter, Place, Player, watch_for};

use crate::alone::{Setting, alone, with_root};
use crate::file_systems::{image, run};
use crate::network::assert_unsupported;
use crate::scene::{HANG, Scene, another, assert_left, assert_works, leave_dead};

/// A file system in user space, mounted at a folder of the scene.
struct Fuse {
    scene: Scene,
    at: PathBuf,
}

impl Fuse {
    fn new() -> Self {
        let scene = Scene::new();
        let at = scene.path().join("fuse");
        fs::create_dir(&at).unwrap();
        Self { scene, at }
    }

    /// One that has sockets, and the folder behind it; `None` if there is no bindfs.
    fn with_sockets() -> Option<(Self, PathBuf)> {
        let fuse = Self::new();
        let behind = fuse.scene.path().join("behind");
        fs::create_dir(&behind).unwrap();
        run(Command::new("bindfs").arg(&behind).arg(&fuse.at)).map(|_| (fuse, behind))
    }

    fn slocket(&self) -> Slocket {
        Slocket::new(self.at.join("lock")).unwrap()
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        // The server ends when its file system is gone, and not before.
        let _ = Command::new("umount").arg(&self.at).output();
    }
}

/// What says `no` to a socket.
#[track_caller]
fn assert_no_sockets(slocket: &Slocket) {
    for result in [slocket.acquire(), slocket.acquire_timeout(HANG), slocket.try_acquire().map(Option::unwrap)] {
        assert_unsupported(result, "it has no sockets");
        assert_left(slocket.path().parent().unwrap(), &[]);
    }
    assert!(matches!(slocket.holder(), Ok(None)));
}

#[test]
fn a_fuse_with_sockets() {
    with_root(|| {
        alone(Setting::Mounts, || {
            let Some((fuse, _)) = Fuse::with_sockets() else { return };
            let slocket = fuse.slocket();
            assert_works(&slocket);

            // It moves no socket from a temporary name to the path: what is at the new name is another file to the kernel.
            {
                let guard = fs::File::open(&fuse.at).unwrap();
                flock(&guard, FlockOperation::NonBlockingLockExclusive).unwrap();
                assert_works(&slocket);
            }
            umask(Mode::from_raw_mode(0o022));
            assert_works(&Slocket::builder(slocket.path()).mode(0o666).build().unwrap());

            // Where many come and go, the path is often gone between two calls, and then this file system knows nothing of a
            // file that is still open, and uses its number again: which says nothing about the folder, or about the owner of the path now.
            let place = Place::new_in(&fuse.at);
            let mut players = [0; 3].map(|_| Player::start(Adapter::under_trial(), &place.lock()));
            for player in &mut players {
                player.begin_tries(100, &place);
            }
            for player in players {
                let answer = player.answer();
                assert!(answer.starts_with("done 100 "), "{answer}");
                player.quit();
            }
            place.assert_exclusive(300);
            drop(place);

            // A process that is dead here may live elsewhere, so a killed holder's lock is not taken.
            let mut holder = Player::start(Adapter::under_trial(), slocket.path());
            holder.acquire();
            assert!(another(&slocket).try_acquire().unwrap().is_none(), "two holders");
            holder.kill();
            for result in [slocket.acquire(), slocket.acquire_timeout(HANG), slocket.try_acquire().map(Option::unwrap)]
            {
                assert_unsupported(result, "a dead socket there may be alive elsewhere");
            }
            assert_left(&fuse.at, &["lock"]);
            fs::remove_file(slocket.path()).unwrap();
            assert_works(&slocket);
            leave_dead(slocket.path(), false, 0o600);
            assert!(slocket.try_acquire().unwrap().is_none());
            fs::remove_file(slocket.path()).unwrap();
            assert_left(&fuse.at, &[]);
        });
    });
}

/// The promise ends here, as with overlayfs: straight in the folder behind it, the holder looks dead, and is removed. (So it is
/// where a folder is shared with a virtual machine: only its side can be told from a file system of this machine.)
#[test]
fn another_way_to_the_same_file() {
    with_root(|| {
        alone(Setting::Mounts, || {
            let Some((fuse, behind)) = Fuse::with_sockets() else { return };
            let direct = Slocket::new(behind.join("lock")).unwrap();
            let guard = direct.acquire().unwrap();
            assert_unsupported(fuse.slocket().try_acquire().map(Option::unwrap), "may be alive elsewhere");
            guard.release().unwrap();

            let guard = fuse.slocket().acquire().unwrap();
            let second = direct.try_acquire().unwrap().expect("it looks dead from here");
            second.release().unwrap();
            // It remembers for a while what was there.
            watch_for("the holder can tell", || (!guard.is_intact().unwrap()).then_some(()));
            assert!(failed_as(&guard.release()) == Some(ErrorKind::LockLost));
        });
    });
}

/// It makes a regular file where a socket was asked for.
#[test]
fn a_fuse_without_sockets() {
    with_root(|| {
        alone(Setting::Mounts, || {
            let fuse = Fuse::new();
            let Some(file) = image(&["mkfs.exfat"], 4) else { return };
            let Some(device) = run(Command::new("losetup").args(["--find", "--show"]).arg(file.path())) else { return };
            let mounted = run(Command::new("mount.exfat-fuse").arg(&device).arg(&fuse.at));
            run(Command::new("losetup").arg("--detach").arg(&device));
            if mounted.is_some() {
                let slocket = fuse.slocket();
                assert_no_sockets(&slocket);
                // What another program has put there is left alone.
                fs::write(slocket.path(), "").unwrap();
                assert!(failed_as(&slocket.acquire_timeout(crate::scene::WHILE)) == Some(ErrorKind::TimedOut));
                assert_left(&fuse.at, &["lock"]);
            }
        });
    });
}

#[test]
fn a_file_system_that_refuses_sockets() {
    for error in ["ENOSYS", "EOPNOTSUPP"] {
        alone(Setting::NoSockets(error), || {
            let scene = Scene::new();
            let slocket = scene.slocket();
            assert_unsupported(slocket.try_acquire(), "it has no sockets");
            scene.assert_empty();
        });
    }
    // Of one that is known to have them it is a sandbox that forbids it.
    alone(Setting::NoSockets("EPERM"), || {
        let scene = Scene::new();
        let result = scene.slocket().try_acquire();
        let error = result.expect_err("a sandbox forbids it");
        assert_eq!((error.kind(), error.detail()), (ErrorKind::Io, Some("bind the socket")), "{error:?}");
        scene.assert_empty();
    });
}
