//! Locks that are locked files, where other users are about, or something else has the name.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::umask;
use trials::lock::{Builder, ErrorKind, Home, Kind, OccupiedPolicy, Patience, Slocket, Trust, failed_as, is_untrusted};

use crate::alone::{NOBODY, Setting, alone, beside, with_root};
use crate::permission::assert_denied;
use crate::scene::{HANG, Scene, assert_times_out, assert_works, eventually, wait_and_tell};

fn builder(lock: &Path) -> Builder {
    Slocket::builder(lock).home(Home::File)
}

fn in_file(lock: &Path) -> Slocket {
    builder(lock).build().expect("a good path")
}

/// flock(2) needs no more than a file that is open, if only for reading.
#[test]
fn a_user_who_may_only_read_it_does_not_lock_it() {
    with_root(|| {
        let scene = Scene::with_mode(0o755);
        beside(
            Setting::User(NOBODY),
            |reader| {
                let slocket = builder(&scene.lock()).mode(0o644).build().unwrap();
                let guard = slocket.acquire().unwrap();
                let share = slocket_of_share(&scene);
                reader.tell(scene.lock().to_str().unwrap());
                reader.expect("denied");
                guard.release().unwrap();
                let shared = slocket.ask(Kind::Shared, Patience::None).unwrap().expect("it is free");
                reader.tell(share.to_str().unwrap());
                reader.expect("denied");
                shared.release().unwrap();
                assert_works(&slocket);
            },
            |root| {
                for _ in 0..2 {
                    let file = File::open(root.hear());
                    root.tell(if denied(&file) { "denied" } else { "opened" });
                }
            },
        );
        scene.assert_empty();
    });
}

fn slocket_of_share(scene: &Scene) -> std::path::PathBuf {
    scene.path().join(".lock.shared")
}

fn denied<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::PermissionDenied)
}

/// Otherwise a process of another user would be refused in between.
#[test]
fn a_new_file_has_its_mode_from_the_first_moment_on() {
    alone(Setting::SlowFileModes, || {
        umask(Mode::from_raw_mode(0o077));
        let scene = Scene::new();
        let slocket = builder(&scene.lock()).mode(0o666).build().unwrap();
        thread::scope(|scope| {
            let holder = scope.spawn(|| slocket.acquire().unwrap());
            let mut seen = None;
            eventually(
                || fs::metadata(scene.lock()).map(|found| seen = Some(found.mode())).is_ok(),
                || "no file".to_owned(),
            );
            assert_eq!(seen.unwrap() & 0o777, 0o666);
            holder.join().unwrap().release().unwrap();
        });
        scene.assert_empty();
    });
}

/// As with sudo.
#[test]
fn a_lock_of_roots_in_a_users_folder() {
    with_root(|| {
        let scene = Scene::new();
        chown(scene.path(), Some(NOBODY), None).unwrap();
        beside(
            Setting::User(NOBODY),
            |user| {
                let guard = in_file(&scene.lock()).acquire().unwrap();
                user.tell(scene.lock().to_str().unwrap());
                user.expect("waits");
                guard.release().unwrap();
                user.expect("released");

                // As after a kill.
                fs::write(scene.lock(), "").unwrap();
                fs::set_permissions(scene.lock(), fs::Permissions::from_mode(0o600)).unwrap();
                user.tell("again");
                user.expect("denied");
                assert_works(&in_file(&scene.lock()));
            },
            |root| {
                let slocket = in_file(Path::new(&root.hear()));
                assert!(slocket.try_acquire().unwrap().is_none());
                assert_times_out(&slocket);
                wait_and_tell(&slocket, |what| root.tell(what));
                root.expect("again");
                assert_denied(slocket.acquire(), Some(0));
                assert_denied(slocket.try_acquire(), Some(0));
                root.tell("denied");
            },
        );
        scene.assert_empty();
    });
}

/// A user who may not lock a file of root's has not locked it either.
#[test]
fn a_file_of_another_user_is_not_locked() {
    with_root(|| {
        let scene = Scene::with_mode(0o1777);
        beside(
            Setting::User(NOBODY),
            |other| {
                other.tell(scene.lock().to_str().unwrap());
                other.expect("made");
                let slocket = in_file(&scene.lock());
                assert!(is_untrusted(&slocket.acquire(), NOBODY));
                assert!(is_untrusted(&slocket.acquire_timeout(HANG), NOBODY));
                assert!(is_untrusted(&slocket.holder(), NOBODY));
                other.tell("look");
                other.expect("not locked");
                let trusting = builder(&scene.lock()).trust(Trust::Anyone).build().unwrap();
                assert!(trusting.try_acquire().unwrap().is_none());
                other.tell("go");
                other.expect("gone");
                assert_works(&slocket);
            },
            |root| {
                let path = root.hear();
                let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
                file.write_all(b"slocket\npid 1\nhost \x1b[31mbad\n").unwrap();
                root.tell("made");
                root.expect("look");
                match file.try_lock() {
                    Ok(()) => root.tell("not locked"),
                    Err(TryLockError::WouldBlock) => root.tell("locked"),
                    Err(TryLockError::Error(error)) => panic!("{error}"),
                }
                root.expect("go");
                fs::remove_file(path).unwrap();
                root.tell("gone");
            },
        );
        scene.assert_empty();
    });
}

/// What a record says is shown so that it cannot mislead, and is not believed of a lock that is free.
#[test]
fn a_record_that_lies() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = in_file(&scene.lock());
        let mut lies = b"slocket\npid 1\nhost \x1b[31m\xe2\x80\xae".to_vec();
        lies.resize(1 << 20, b'x');
        fs::write(scene.lock(), &lies).unwrap();
        assert_eq!(slocket.holder().unwrap(), None);
        let file = File::open(scene.lock()).unwrap();
        file.lock().unwrap();
        let holder = slocket.holder().unwrap().expect("it is locked").to_string();
        assert!(!holder.contains(['\x1b', '\u{202e}']), "{holder:?}");
        let error = slocket.acquire_timeout(crate::scene::WHILE).unwrap_err().to_string();
        assert!(error.is_ascii() && !error.contains('\x1b'), "{error:?}");
        drop(file);
        assert_works(&slocket);
        scene.assert_empty();

        // One that is emptied, or overwritten, is locked all the same.
        let guard = slocket.acquire().unwrap();
        for text in ["", "slocket\n", "slocket\npid 4711\nhost elsewhere\n"] {
            fs::write(scene.lock(), text).unwrap();
            assert!(guard.is_intact().unwrap());
            assert!(slocket_elsewhere(&scene).try_acquire().unwrap().is_none(), "two holders");
        }
        guard.release().unwrap();
        scene.assert_empty();
    });
}

fn slocket_elsewhere(scene: &Scene) -> Slocket {
    in_file(&scene.lock())
}

/// What has the name and is not a lock file stays as it is, and where a link leads nothing is made, locked or changed.
#[test]
fn something_else_at_the_path_or_beside_it() {
    alone(Setting::Plain, || {
        for name in ["lock", ".lock.shared", ".lock.slot-0"] {
            let scene = Scene::new();
            let elsewhere = tempfile::tempdir().unwrap();
            let (target, missing) = (elsewhere.path().join("target"), elsewhere.path().join("missing"));
            fs::write(&target, "").unwrap();
            let path = scene.path().join(name);
            if name == ".lock.slot-0" {
                fs::write(scene.path().join(".lock.shared"), "").unwrap();
            }
            let kinds: [(&str, &dyn Fn()); 7] = [
                ("a link", &|| symlink(&target, &path).unwrap()),
                ("a dangling link", &|| symlink(&missing, &path).unwrap()),
                ("a FIFO", &|| mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap()),
                ("a socket", &|| drop(UnixListener::bind(&path).unwrap())),
                ("a folder", &|| fs::create_dir(&path).unwrap()),
                ("text", &|| fs::write(&path, "precious").unwrap()),
                ("a hard link", &|| fs::hard_link(&target, &path).unwrap()),
            ];
            for (kind, put) in kinds {
                put();
                let before = fs::symlink_metadata(&path).unwrap();
                let slocket = builder(&scene.lock()).occupied(OccupiedPolicy::Fail).build().unwrap();
                let asked = match name {
                    "lock" => Kind::Lock,
                    ".lock.shared" => Kind::Shared,
                    _ => Kind::SlotOf(1),
                };
                let result = slocket.ask(asked, Patience::None);
                // (An empty file is a share, whatever other name it has: it is only locked.)
                if kind == "a hard link" && name != "lock" {
                    result.unwrap().expect("it is free").release().unwrap();
                } else {
                    let expected = ErrorKind::Occupied;
                    assert_eq!(failed_as(&result), Some(expected), "{kind} at {name}");
                    let after = fs::symlink_metadata(&path).unwrap();
                    assert_eq!((before.ino(), before.len(), before.mode()), (after.ino(), after.len(), after.mode()));
                    if after.is_dir() { fs::remove_dir(&path).unwrap() } else { fs::remove_file(&path).unwrap() }
                }
                assert_eq!(fs::read(&target).unwrap(), b"", "{kind} at {name}");
                assert!(!missing.exists(), "{kind} at {name}");
                let left = File::open(&target).unwrap();
                assert!(left.try_lock().is_ok(), "{kind} at {name}: it is locked");
                if name == ".lock.slot-0" {
                    fs::write(scene.path().join(".lock.shared"), "").unwrap();
                }
            }
        }
    });
}

/// A holder that may not remove the file any more unlocks it.
#[test]
fn a_folder_that_may_not_be_written_any_more() {
    alone(Setting::User(NOBODY), || {
        let scene = Scene::new();
        let slocket = in_file(&scene.lock());
        let guard = slocket.acquire().unwrap();
        scene.set_mode(0o500);
        assert!(in_file(&scene.lock()).try_acquire().unwrap().is_none(), "two holders");
        guard.release().unwrap();
        for _ in 0..2 {
            slocket.acquire().unwrap().release().unwrap();
            scene.assert_left(&["lock"]);
        }
        scene.set_mode(0o700);
        fs::remove_file(scene.lock()).unwrap();
        scene.set_mode(0o500);
        assert_denied(slocket.acquire(), None);
        scene.set_mode(0o700);
        assert_works(&slocket);
        scene.assert_empty();
    });
}

/// It tells nothing of the lock: neither that it is held, nor that it is free.
#[test]
fn a_folder_that_may_not_be_searched_any_more() {
    alone(Setting::User(NOBODY), || {
        let scene = Scene::new();
        let (slocket, other) = (in_file(&scene.lock()), in_file(&scene.lock()));
        let guard = slocket.acquire().unwrap();
        scene.set_mode(0o600);
        for result in [other.holder().map(drop), other.acquire_timeout(HANG).map(drop)] {
            assert_eq!(failed_as(&result), Some(ErrorKind::PermissionDenied), "{result:?}");
        }
        scene.set_mode(0o700);
        guard.release().unwrap();
        assert_works(&slocket);
        scene.assert_empty();
    });
}
