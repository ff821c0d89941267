//! The mode of the socket: exact, whatever the umask.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::process::umask;
use trials::lock::{Error, ErrorKind, Guard, Slocket};

use crate::alone::{NOBODY, Setting, alone};
use crate::scene::{HANG, Scene, assert_works, hand_over};

/// The sticky bit: the mark of a socket that is never lent.
const MARK: u32 = 0o1000;

const UMASKS: [u32; 5] = [0o000, 0o022, 0o077, 0o177, 0o777];

fn mode_of(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is published").mode() & 0o7777
}

#[track_caller]
fn assert_exact(scene: &Scene, mode: u32, what: &str) {
    let slocket = Slocket::builder(scene.lock()).mode(mode).build().unwrap();
    let guard = slocket.acquire().unwrap();
    assert_eq!(mode_of(slocket.path()), MARK | mode, "{what}: mode {mode:#o}");
    guard.release().unwrap();
    let guard = slocket.try_acquire().unwrap().unwrap();
    assert_eq!(mode_of(slocket.path()), MARK | mode, "{what}: mode {mode:#o}");
    guard.release().unwrap();
    scene.assert_empty();
}

#[test]
fn every_mode_is_exact_under_every_umask() {
    alone(Setting::User(NOBODY), || {
        let scene = Scene::new();
        for mask in UMASKS {
            umask(Mode::from_raw_mode(mask));
            for mode in (0..=0o777).step_by(7).map(|mode| mode | 0o200).chain([0o600, 0o660, 0o666, 0o777]) {
                assert_exact(&scene, mode, &format!("umask {mask:#o}, in place"));
            }
            let stranger = File::open(scene.path()).unwrap();
            flock(&stranger, FlockOperation::LockExclusive).unwrap();
            for mode in [0o200, 0o600, 0o620, 0o660, 0o666, 0o777] {
                assert_exact(&scene, mode, &format!("umask {mask:#o}, aside"));
            }
        }
    });
}

#[test]
fn the_mode_is_handed_over_with_the_lock() {
    alone(Setting::User(NOBODY), || {
        let scene = Scene::new();
        umask(Mode::from_raw_mode(0o777));
        let slocket = Slocket::builder(scene.lock()).mode(0o640).build().unwrap();
        let guard = slocket.acquire().unwrap();
        let guard = hand_over(&slocket, guard).unwrap();
        assert_eq!(mode_of(slocket.path()), MARK | 0o640);
        guard.release().unwrap();
        assert_works(&slocket);
        scene.assert_empty();
    });
}

#[test]
fn a_mode_with_other_bits_or_without_the_owner_is_refused() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        for mode in [0, 0o400, 0o577, 0o1000, 0o1600, 0o2755, 0o4755, 0o10_600, 0o140_600, u32::MAX] {
            match Slocket::builder(scene.lock()).mode(mode).build() {
                Err(error) if error.kind() == ErrorKind::InvalidMode => {
                    assert!(error.to_string().contains(&format!("{mode:#o}")), "{error}");
                    assert_eq!(error.name().as_path(), Some(&*scene.lock()));
                }
                other => panic!("{mode:#o}: {other:?}"),
            }
        }
        scene.assert_empty();
    });
}

/// The socket is there for an instant before its mode is what was asked for: no process may stumble over that.
#[track_caller]
fn assert_no_process_stumbles(mask: u32) {
    let scene = Scene::new();
    umask(Mode::from_raw_mode(mask));
    let attempt = |slocket: &Slocket, number: u32| {
        let guard =
            if number.is_multiple_of(3) { slocket.try_acquire() } else { slocket.acquire_timeout(HANG).map(Some) };
        guard.and_then(|guard| guard.map_or(Ok(()), Guard::release)).err()
    };
    let errors: Vec<Error> = thread::scope(|scope| {
        let attempts = || {
            let slocket = scene.slocket();
            (0..500).filter_map(|number| attempt(&slocket, number)).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(attempts)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(errors.is_empty(), "{} errors, the first: {:?}", errors.len(), errors.first());
    scene.assert_empty();
}

#[test]
fn no_process_stumbles_under_umask_0177() {
    alone(Setting::User(NOBODY), || assert_no_process_stumbles(0o177));
}

#[test]
fn no_process_stumbles_under_umask_0777() {
    alone(Setting::User(NOBODY), || assert_no_process_stumbles(0o777));
}
