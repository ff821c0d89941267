//! No /proc, as in a bare chroot(2): a file that is reached through it is reached by its path, or there is an error that says so.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::process::umask;
use trials::lock::{Slocket, StalePolicy};
use trials::{Adapter, Place, Player};

use crate::alone::{Setting, alone};
use crate::scene::{HANG, Scene, another, assert_left, eventually, io_code, leave_dead};

/// While this lives, there is nothing in /proc.
pub(crate) struct NoProc;

impl NoProc {
    pub(crate) fn new() -> Self {
        mount("tmpfs", "/proc", "tmpfs", MountFlags::empty(), c"").expect("our own mounts");
        assert!(!Path::new("/proc/self").exists());
        Self
    }
}

impl Drop for NoProc {
    fn drop(&mut self) {
        unmount("/proc", UnmountFlags::DETACH).expect("our own mount");
    }
}

/// Taken, refused to a second, waited for, handed over, given back.
#[track_caller]
fn assert_works(slocket: &Slocket) {
    let guard = slocket.acquire().unwrap();
    let other = another(slocket);
    assert!(other.try_acquire().unwrap().is_none(), "two holders");
    let holder = slocket.holder().unwrap().expect("we listen");
    assert_eq!((holder.pid, holder.program), (Some(std::process::id()), None));
    let second = thread::scope(|scope| {
        let waiter = scope.spawn(|| other.acquire_timeout(HANG));
        eventually(|| guard.contended(), || "not in the queue".to_owned());
        guard.release().unwrap();
        waiter.join().unwrap().unwrap()
    });
    assert!(second.is_intact().unwrap());
    second.release().unwrap();
    assert!(!slocket.path().exists(), "left behind");
}

#[test]
fn no_proc() {
    alone(Setting::Mounts, || {
        let scene = Scene::new();
        let _proc = NoProc::new();
        let slocket = scene.slocket();
        assert_works(&slocket);
        let stranger = File::open(scene.path()).unwrap();
        flock(&stranger, FlockOperation::LockExclusive).unwrap();
        assert_works(&slocket);
        drop(stranger);
        leave_dead(slocket.path(), true, 0o600);
        assert_works(&slocket);
        leave_dead(slocket.path(), false, 0o600);
        assert!(slocket.try_acquire().unwrap().is_none());
        let after = Duration::ZERO;
        let bold = Slocket::builder(scene.lock()).stale(StalePolicy::Reclaim { after }).build().unwrap();
        bold.acquire_timeout(HANG).unwrap().release().unwrap();
        scene.assert_empty();
    });
}

/// A forked child closes its copy of its parent's share, and no other file: without /proc, too.
#[test]
fn no_proc_and_a_child_of_a_process_that_has_a_share() {
    alone(Setting::Mounts, || {
        let place = Place::new();
        let [mut parent, mut other] = [(); 2].map(|()| Player::start(Adapter::Sync, &place.lock()));
        let _proc = NoProc::new();
        assert_eq!(parent.ask("share"), "held shared");
        let mut child = parent.fork();
        assert_eq!(child.ask("try-beside"), "would-block", "a holder beside a share");
        parent.release();
        other.acquire();
        other.release();
        assert_eq!(place.leftovers(), [""; 0]);
    });
}

/// A path by which a waiter connects may lead to another socket than the one at which it has looked.
#[test]
fn no_proc_where_many_come_and_go() {
    const ROUNDS: u64 = 50;
    alone(Setting::MountsSlowConnects, || {
        let place = Place::new();
        let mut players = [0; 4].map(|_| Player::start(Adapter::under_trial(), &place.lock()));
        let _proc = NoProc::new();
        for (n, player) in players.iter_mut().enumerate() {
            if n == 0 {
                player.begin_tries(ROUNDS, &place);
            } else {
                player.begin_rounds(ROUNDS, 0, &place);
            }
        }
        for player in players {
            let answer = player.answer();
            assert!(answer.starts_with(&format!("done {ROUNDS}")), "{answer}");
            player.quit();
        }
        place.assert_exclusive(4 * ROUNDS);
    });
}

/// What cannot be done without, says so, and leaves nothing behind.
#[track_caller]
fn assert_needed(slocket: &Slocket) {
    for _ in 0..2 {
        for result in [slocket.acquire(), slocket.acquire_timeout(HANG), slocket.try_acquire().map(Option::unwrap)] {
            let error = result.unwrap_err();
            assert_eq!(io_code(&error), Errno::NOENT.raw_os_error());
            assert!(error.to_string().contains("/proc, which is not mounted"), "{error}");
        }
    }
    assert_left(slocket.path().parent().unwrap(), &[]);
}

#[test]
fn no_proc_and_a_mode_that_the_umask_spoils() {
    alone(Setting::Mounts, || {
        let scene = Scene::new();
        let _proc = NoProc::new();
        umask(Mode::from_raw_mode(0o022));
        assert_needed(&Slocket::builder(scene.lock()).mode(0o666).build().unwrap());
        assert_works(&scene.slocket());
    });
}

#[test]
fn no_proc_and_a_path_that_is_longer_than_an_address() {
    alone(Setting::Mounts, || {
        let scene = Scene::new();
        let _proc = NoProc::new();
        let folder = scene.path().join("f".repeat(107));
        fs::create_dir(&folder).unwrap();
        assert_needed(&Slocket::new(folder.join("lock")).unwrap());
    });
}

/// The mark cannot be cleared for it: so it is sent away rather than lent the lock, and comes again.
#[test]
fn no_proc_and_a_client_without_a_badge() {
    alone(Setting::Mounts, || {
        let scene = Scene::new();
        let _proc = NoProc::new();
        let slocket = scene.slocket();
        let guard = slocket.acquire().unwrap();
        let mut client = UnixStream::connect(slocket.path()).unwrap();
        guard.release().unwrap();
        assert_eq!(client.read(&mut [0; 2]).unwrap(), 0);
        scene.assert_empty();
    });
}
