//! Long paths and long names: all that the system allows, work.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use trials::lock::{ErrorKind, Slocket};

use crate::alone::{Setting, alone};
use crate::scene::{Scene, assert_left, assert_works, leave_dead};

/// The longest path and name that Linux takes (`PATH_MAX` less its NUL, `NAME_MAX`).
const PATH: usize = 4095;
const NAME: usize = 255;

/// A path of exactly `length` bytes, whose folder exists; its name has `name` bytes.
fn path_of(scene: &Scene, length: usize, name: usize) -> PathBuf {
    let mut path = scene.path().canonicalize().unwrap();
    let folders = length - 1 - name;
    while path.as_os_str().len() < folders {
        let missing = folders - path.as_os_str().len() - 1;
        // No folder may be left with a name of no bytes.
        let part = if missing > NAME + 1 { NAME - 1 } else { missing.min(NAME) };
        path.push("f".repeat(part));
    }
    fs::create_dir_all(&path).unwrap();
    path.push("n".repeat(name));
    assert_eq!(path.as_os_str().len(), length);
    path
}

/// The lock works there, whether its folder is free, guarded by a stranger, or holds the socket of a killed holder.
#[track_caller]
fn assert_all_ways_work(path: &Path) {
    let slocket = Slocket::new(path).expect("a good path");
    let folder = path.parent().unwrap();
    assert_works(&slocket);

    let stranger = File::open(folder).unwrap();
    flock(&stranger, FlockOperation::LockExclusive).unwrap();
    assert_works(&slocket);
    drop(stranger);

    // Such a path fits no address, but its name does from within the folder.
    env::set_current_dir(folder).unwrap();
    let name = Path::new(path.file_name().unwrap());
    if name.as_os_str().len() <= 107 {
        leave_dead(name, true, 0o600);
        assert_works(&slocket);
    }
    env::set_current_dir("/").unwrap();
    assert_left(folder, &[]);
}

#[test]
fn paths_around_the_length_of_an_address() {
    alone(Setting::Plain, || {
        for length in 105..=110 {
            let scene = Scene::new();
            assert_all_ways_work(&path_of(&scene, length, 4));
        }
    });
}

#[test]
fn a_path_of_4000_bytes() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        assert_all_ways_work(&path_of(&scene, 4000, 4));
        assert_all_ways_work(&path_of(&scene, 4000, NAME));
    });
}

#[test]
fn the_longest_path() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        assert_all_ways_work(&path_of(&scene, PATH, NAME));
        assert_all_ways_work(&path_of(&scene, PATH, 4));
    });
}

#[test]
fn a_name_of_255_bytes() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        for name in [80, 100, 107, 108, 230, NAME] {
            let path = scene.path().join("n".repeat(name));
            assert_all_ways_work(&path);
        }
    });
}

#[test]
fn a_name_of_256_bytes() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let path = scene.path().join("n".repeat(NAME + 1));
        assert_too_long(&path);
        scene.assert_empty();
    });
}

#[test]
fn a_path_that_is_too_long() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let path = path_of(&scene, PATH, 4);
        assert_too_long(&path.with_file_name("lock2"));
        assert_too_long(&scene.path().join("f".repeat(NAME + 1)).join("lock"));

        // By a short name from within, it is as long all the same.
        let folder = path.parent().unwrap();
        env::set_current_dir(folder).unwrap();
        fs::create_dir("deeper").unwrap();
        env::set_current_dir("deeper").unwrap();
        assert_too_long(Path::new("lock"));
        env::set_current_dir("..").unwrap();
        fs::remove_dir("deeper").unwrap();
        env::set_current_dir("/").unwrap();
        assert_left(folder, &[]);
    });
}

#[track_caller]
fn assert_too_long(path: &Path) {
    for attempt in
        [|slocket: &Slocket| slocket.acquire().map(drop), |slocket: &Slocket| slocket.try_acquire().map(drop)]
    {
        match Slocket::new(path).and_then(|slocket| attempt(&slocket)) {
            Err(error) if error.kind() == ErrorKind::PathTooLong => {
                assert!(error.to_string().contains("longer"), "{error}");
            }
            other => panic!("{:.200}", format!("{other:?}")),
        }
    }
}
