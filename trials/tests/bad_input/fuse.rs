//! File systems in user space (FUSE): which cannot be told from those of other machines, and may have no sockets.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::fs::Mode;
use rustix::process::umask;
use trials::lock::{ErrorKind, Home, OccupiedPolicy, Slocket};
use trials::{Adapter, Place, Player};

use crate::alone::{Setting, alone, with_root};
use crate::file_systems::{image, run};
use crate::network::assert_unsupported;
use crate::scene::{HANG, Scene, another, assert_left, assert_works};

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

/// The lock is a locked file there, unless a socket is insisted on.
#[track_caller]
fn assert_works_by_a_file(slocket: &Slocket) {
    assert_works(slocket);
    assert!(fs::symlink_metadata(slocket.path()).unwrap().is_file());
    assert_unsupported(Slocket::builder(slocket.path()).home(Home::Socket).build(), "FUSE");
}

#[test]
fn a_fuse_with_sockets() {
    with_root(|| {
        alone(Setting::Mounts, || {
            let Some((fuse, _)) = Fuse::with_sockets() else { return };
            let slocket = fuse.slocket();
            assert_works_by_a_file(&slocket);
            umask(Mode::from_raw_mode(0o022));
            assert_works(&Slocket::builder(fuse.at.join("another")).mode(0o666).build().unwrap());
            fs::remove_file(fuse.at.join("another")).unwrap();

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
            assert_eq!(place.leftovers(), ["lock"]);
            fs::remove_file(place.lock()).unwrap();
            place.assert_exclusive(300);
            drop(place);

            // A killed holder's file is unlocked.
            let mut holder = Player::start(Adapter::under_trial(), slocket.path());
            holder.acquire();
            assert!(another(&slocket).try_acquire().unwrap().is_none(), "two holders");
            holder.kill();
            slocket.acquire_timeout(HANG).unwrap().release().unwrap();
            assert_left(&fuse.at, &["lock"]);
        });
    });
}

/// Straight in the folder behind it the lock is a socket, where a lock file is expected, and the other way round. So each keeps the other out.
#[test]
fn another_way_to_the_same_file() {
    with_root(|| {
        alone(Setting::Mounts, || {
            let Some((fuse, behind)) = Fuse::with_sockets() else { return };
            let direct = Slocket::new(behind.join("lock")).unwrap();
            let guard = direct.acquire().unwrap();
            assert!(fuse.slocket().try_acquire().unwrap().is_none(), "two holders");
            let strict = Slocket::builder(fuse.at.join("lock")).occupied(OccupiedPolicy::Fail).build().unwrap();
            let error = strict.try_acquire().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Occupied);
            assert!(error.to_string().contains("a socket is at the path, where a lock file is expected"), "{error}");
            guard.release().unwrap();

            let guard = fuse.slocket().acquire().unwrap();
            assert!(direct.try_acquire().unwrap().is_none(), "two holders");
            guard.release().unwrap();
            // (It stays, and is in the way of the socket until it is removed.)
            assert_left(&behind, &["lock"]);
            assert!(direct.try_acquire().unwrap().is_none());
        });
    });
}

/// It makes a regular file where a socket was asked for: which is not asked for.
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
                assert_works_by_a_file(&fuse.slocket());
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
