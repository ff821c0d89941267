//! Paths that cannot name a lock, and folders that are not there.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::{env, fs};

use rustix::io::Errno;
use trials::lock::{Error, ErrorKind, Slocket};

use crate::alone::{Setting, alone};
use crate::scene::{Scene, assert_works, io_code};

#[track_caller]
fn assert_invalid(given: impl AsRef<Path>, because: &str) {
    match Slocket::new(&given) {
        Err(error) if error.kind() == ErrorKind::InvalidName => {
            assert_eq!(error.name().as_path(), Some(given.as_ref()));
            assert!(error.to_string().contains(because), "{error}");
        }
        other => panic!("{:?}: {other:?}", given.as_ref()),
    }
}

#[track_caller]
pub(crate) fn assert_parent_missing<T: std::fmt::Debug>(result: Result<T, Error>, kind: io::ErrorKind) {
    match result {
        Err(error) if error.kind() == ErrorKind::ParentMissing => {
            assert_eq!(error.io_error().expect("the system said so").kind(), kind);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_empty_path() {
    alone(Setting::Plain, || assert_invalid("", "empty"));
}

#[test]
fn a_nul_in_the_path() {
    alone(Setting::Plain, || {
        assert_invalid(OsStr::from_bytes(b"/tmp/lo\0ck"), "NUL");
        assert_invalid(OsStr::from_bytes(b"/t\0mp/lock"), "NUL");
        assert_invalid(OsStr::from_bytes(b"\0lock"), "NUL");
    });
}

#[test]
fn a_path_without_a_name() {
    alone(Setting::Plain, || {
        for path in ["/", ".", "..", "/tmp/.."] {
            assert_invalid(path, "name");
        }
    });
}

#[test]
fn a_path_that_is_not_text() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        for name in [&b"\xff\xfe lock"[..], b"\n", b"-", b"@lock", b"...", b".slocket-0123456789abcdef"] {
            assert_works(&Slocket::new(scene.path().join(OsStr::from_bytes(name))).unwrap());
            scene.assert_empty();
        }
    });
}

#[test]
fn a_relative_path() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        env::set_current_dir(scene.path()).unwrap();
        let slocket = Slocket::new("lock").unwrap();
        assert_eq!(slocket.path(), scene.path().canonicalize().unwrap().join("lock"));
        env::set_current_dir("/").unwrap();
        assert_works(&slocket);
        scene.assert_empty();
    });
}

#[test]
fn a_missing_folder() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        assert_parent_missing(Slocket::new(scene.path().join("missing/lock")), io::ErrorKind::NotFound);
        symlink("nowhere", scene.path().join("dangling")).unwrap();
        assert_parent_missing(Slocket::new(scene.path().join("dangling/lock")), io::ErrorKind::NotFound);
        scene.assert_left(&["dangling"]);
    });
}

#[test]
fn a_file_where_the_folder_should_be() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        fs::write(scene.path().join("file"), "").unwrap();
        for path in ["file/lock", "file/folder/lock"] {
            assert_parent_missing(Slocket::new(scene.path().join(path)), io::ErrorKind::NotADirectory);
        }
        scene.assert_left(&["file"]);
    });
}

#[test]
fn a_loop_of_links_where_the_folder_should_be() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        symlink("loop", scene.path().join("loop")).unwrap();
        let error = Slocket::new(scene.path().join("loop/lock")).unwrap_err();
        assert_eq!(io_code(&error), Errno::LOOP.raw_os_error());
        scene.assert_left(&["loop"]);
    });
}

#[test]
fn a_folder_behind_a_link_is_resolved_once() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        fs::create_dir(scene.path().join("folder")).unwrap();
        symlink("folder", scene.path().join("link")).unwrap();
        let direct = Slocket::new(scene.path().join("folder/lock")).unwrap();
        let linked = Slocket::new(scene.path().join("link/lock")).unwrap();
        assert_eq!(direct.path(), linked.path());
        let guard = direct.acquire().unwrap();
        assert!(linked.try_acquire().unwrap().is_none());
        guard.release().unwrap();
        assert_works(&linked);
    });
}
