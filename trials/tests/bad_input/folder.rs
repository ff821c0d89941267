//! Others change the folder of the lock, or one further up.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;

use rustix::fs::{CWD, Mode, RenameFlags, renameat_with};
use rustix::process::umask;
use trials::lock::{ErrorKind, Slocket};
use trials::mark;

use crate::alone::{NOBODY, Setting, alone, beside, with_root};
use crate::path::assert_parent_missing;
use crate::scene::{HANG, Scene, WHILE, assert_left, assert_works, eventually, leave_dead, named, until_asleep};

#[test]
fn it_was_removed_before_the_lock_was_taken() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let folder = scene.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let slocket = Slocket::new(folder.join("lock")).unwrap();
        fs::remove_dir(&folder).unwrap();
        assert_parent_missing(slocket.acquire(), io::ErrorKind::NotFound);
        assert_parent_missing(slocket.try_acquire(), io::ErrorKind::NotFound);
        assert_eq!(slocket.holder().unwrap(), None);
        // Another folder of that name is not the one that was named.
        fs::create_dir(&folder).unwrap();
        assert_parent_missing(slocket.acquire(), io::ErrorKind::NotFound);
        assert_works(&Slocket::new(folder.join("lock")).unwrap());
    });
}

#[test]
fn it_is_moved_while_a_process_waits() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let folder = scene.path().join("folder");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("lock"), "").unwrap();
        let slocket = Slocket::new(folder.join("lock")).unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
            until_asleep("waiter");
            let elsewhere = scene.path().join("elsewhere");
            fs::rename(&folder, &elsewhere).unwrap();
            fs::create_dir(&folder).unwrap();
            fs::remove_file(elsewhere.join("lock")).unwrap();
            let guard = waiter.join().unwrap().unwrap();
            assert!(guard.is_intact().unwrap());
            assert_left(&elsewhere, &["lock"]);
            // It had bound there before it noticed; the next process there removes that.
            assert_works(&Slocket::new(folder.join("lock")).unwrap());
            guard.release().unwrap();
            assert_left(&elsewhere, &[]);
            assert_left(&folder, &[]);
        });
    });
}

/// A folder of another user's, with one of ours in it, in which the lock is; and a victim, which has files of the same name.
struct Ancestor {
    scene: Scene,
}

impl Ancestor {
    fn new() -> Self {
        let scene = Scene::with_mode(0o755);
        for folder in ["theirs", "theirs/ours", "victim"] {
            fs::create_dir(scene.path().join(folder)).unwrap();
        }
        chown(scene.path().join("theirs"), Some(NOBODY), Some(NOBODY)).unwrap();
        Self { scene }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.scene.path().join(path)
    }

    fn slocket(&self, mode: u32) -> Slocket {
        Slocket::builder(self.at("theirs/ours/lock")).mode(mode).build().unwrap()
    }

    /// What its owner can do at any time.
    fn exchange(&self) {
        fs::rename(self.at("theirs/ours"), self.at("theirs/moved")).unwrap();
        symlink("../victim", self.at("theirs/ours")).unwrap();
    }
}

#[test]
fn one_further_up_is_exchanged_before_the_lock_is_taken() {
    with_root(|| {
        alone(Setting::Plain, || {
            for mask in [0o022, 0o077] {
                umask(Mode::from_raw_mode(mask));
                let ancestor = Ancestor::new();
                let slocket = ancestor.slocket(0o666);
                ancestor.exchange();
                let guard = slocket.acquire().unwrap();
                assert_left(&ancestor.at("victim"), &[]);
                assert_left(&ancestor.at("theirs/moved"), &["lock"]);
                guard.release().unwrap();
                assert_left(&ancestor.at("theirs/moved"), &[]);
            }
        });
    });
}

#[test]
fn one_further_up_is_exchanged_while_the_lock_is_held() {
    with_root(|| {
        alone(Setting::Plain, || {
            let ancestor = Ancestor::new();
            let slocket = ancestor.slocket(0o600);
            let guard = slocket.acquire().unwrap();
            ancestor.exchange();
            fs::write(ancestor.at("victim/lock"), "").unwrap();
            assert!(guard.is_intact().unwrap());
            guard.release().unwrap();
            assert_left(&ancestor.at("theirs/moved"), &[]);
            assert_left(&ancestor.at("victim"), &["lock"]);
        });
    });
}

/// A dead socket of the same name elsewhere is not removed in place of the lock's own.
#[test]
fn one_further_up_is_exchanged_before_a_dead_socket_is_reclaimed() {
    with_root(|| {
        alone(Setting::Plain, || {
            let ancestor = Ancestor::new();
            let slocket = ancestor.slocket(0o600);
            ancestor.exchange();
            for folder in ["victim/lock", "theirs/moved/lock"] {
                drop(UnixListener::bind(ancestor.at(folder)).unwrap());
                mark::set(&ancestor.at(folder), true, 0o600);
            }
            slocket.acquire().unwrap().release().unwrap();
            assert_left(&ancestor.at("theirs/moved"), &[]);
            assert_left(&ancestor.at("victim"), &["lock"]);
        });
    });
}

/// Puts the private file in the place of the first socket that comes.
fn exchange_with_new_socket(private: &Path) {
    let folder = private.parent().unwrap();
    let mut found = None;
    let new_socket = || {
        let mut names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        names.find(|path| path != private)
    };
    eventually(
        || {
            found = new_socket();
            found.is_some()
        },
        || "no socket".to_owned(),
    );
    renameat_with(CWD, private, CWD, found.unwrap(), RenameFlags::EXCHANGE).unwrap();
}

/// A user who may rename in the folder puts a private file or socket in the place of our new socket, before its mode is set.
#[test]
fn a_file_is_put_in_the_place_of_the_new_socket() {
    let scene = Scene::with_mode(0o777);
    beside(
        Setting::SlowBinds,
        |holder| {
            for (mask, is_socket) in [(0o000, false), (0o022, false), (0o000, true), (0o022, true)] {
                let private = scene.path().join("private");
                let server = is_socket.then(|| UnixListener::bind(&private).unwrap());
                if server.is_none() {
                    fs::write(&private, "").unwrap();
                }
                fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
                let before = fs::metadata(&private).unwrap();
                holder.tell(&format!("{mask} {}", scene.lock().display()));
                exchange_with_new_socket(&private);
                holder.expect("over");
                let mut files = fs::read_dir(scene.path()).unwrap().map(|entry| entry.unwrap().path());
                let is_private = |path: &PathBuf| fs::symlink_metadata(path).unwrap().ino() == before.ino();
                let what = format!("umask {mask:#o}, a socket: {is_socket}");
                let after = fs::metadata(files.find(is_private).unwrap_or_else(|| panic!("removed: {what}"))).unwrap();
                assert_eq!(after.mode(), before.mode(), "its mode: {what}");
                assert_eq!(after.modified().unwrap(), before.modified().unwrap(), "its time: {what}");
                for path in fs::read_dir(scene.path()).unwrap().map(|entry| entry.unwrap().path()) {
                    fs::remove_file(path).unwrap();
                }
            }
        },
        |other| {
            for _ in 0..4 {
                let line = other.hear();
                let (mask, path) = line.split_once(' ').unwrap();
                umask(Mode::from_raw_mode(mask.parse().unwrap()));
                let slocket = Slocket::builder(path).mode(0o666).build().unwrap();
                // Whether it gets the lock depends on where the file is now.
                match slocket.acquire_timeout(WHILE) {
                    Ok(guard) => guard.release().unwrap(),
                    Err(error) if error.kind() == ErrorKind::TimedOut => {}
                    Err(error) => panic!("{error}"),
                }
                other.tell("over");
            }
        },
    );
}

/// A user who may read the folder can keep others from removing a dead socket.
#[test]
fn another_user_has_it_locked() {
    with_root(|| {
        let scene = Scene::with_mode(0o755);
        beside(
            Setting::User(NOBODY),
            |other| {
                leave_dead(&scene.lock(), true, 0o600);
                other.tell(scene.path().to_str().unwrap());
                let pid: u32 = other.hear().parse().unwrap();
                let slocket = scene.slocket();
                for _ in 0..2 {
                    let error = slocket.acquire_timeout(WHILE).unwrap_err();
                    let text = error.to_string();
                    let process = error.folder_locked_by().unwrap_or_else(|| panic!("{text}"));
                    assert_eq!((process.pid, process.uid), (Some(pid), NOBODY), "{text}");
                    assert!(text.contains(&format!("pid {pid}")) && !text.contains("remove"), "{text}");
                    other.tell("next");
                    other.expect("locked");
                }
                // It does not have to be asked again.
                other.tell("go");
                slocket.acquire_timeout(HANG).unwrap().release().unwrap();
            },
            |stranger| {
                let folder = fs::File::open(stranger.hear()).unwrap();
                folder.lock_shared().unwrap();
                stranger.tell(&std::process::id().to_string());
                stranger.expect("next");
                folder.unlock().unwrap();
                folder.lock().unwrap();
                stranger.tell("locked");
                stranger.expect("next");
                stranger.tell("locked");
                stranger.expect("go");
            },
        );
        scene.assert_empty();
    });
}

/// It is bound at the path, which is in another folder by now: the lock in the old one is not taken for its own.
#[test]
fn it_is_moved_while_another_holds() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let folder = scene.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let (holder, other) = (Slocket::new(folder.join("lock")).unwrap(), Slocket::new(folder.join("lock")).unwrap());
        let guard = holder.acquire().unwrap();
        fs::rename(&folder, scene.path().join("elsewhere")).unwrap();
        fs::create_dir(&folder).unwrap();
        assert!(other.try_acquire().unwrap().is_none(), "two holders");
        guard.release().unwrap();
        other.acquire_timeout(HANG).unwrap().release().unwrap();
        assert_left(&scene.path().join("elsewhere"), &[]);
    });
}
