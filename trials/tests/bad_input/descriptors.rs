//! The limit of descriptors: a clear error, and nothing left behind.

use std::fs::File;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use trials::lock::{Error, ErrorKind, Slocket};

use crate::alone::{NOBODY, Setting, alone};
use crate::census::Census;
use crate::scene::{Scene, another, assert_works, io_code, leave_dead};

/// Enough for everything that a lock does.
const ENOUGH: usize = 12;

/// While this lives, next to no descriptor is free.
pub(crate) struct Full {
    files: Vec<File>,
    before: Rlimit,
}

impl Full {
    pub(crate) fn all_but(free: usize) -> Self {
        let before = getrlimit(Resource::Nofile);
        let lower = Rlimit { current: Some(100), maximum: before.maximum };
        setrlimit(Resource::Nofile, lower).expect("it may be lowered");
        let mut full = Self { files: Vec::new(), before };
        full.fill();
        full.free(free);
        full
    }

    pub(crate) fn fill(&mut self) {
        while let Ok(file) = File::open("/dev/null") {
            self.files.push(file);
        }
    }

    pub(crate) fn free(&mut self, count: usize) {
        self.files.truncate(self.files.len() - count);
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        self.files.clear();
        let Rlimit { current, maximum } = self.before;
        setrlimit(Resource::Nofile, Rlimit { current, maximum }).expect("it may be raised again");
    }
}

/// However few descriptors are free, `attempt` ends as it should or with a clear error, and leaks nothing; `left` looks
/// at the folder, and is told how it ended.
#[track_caller]
fn sweep<T>(
    prepare: impl Fn(&Scene) -> T,
    attempt: impl Fn(&Slocket) -> Result<(), Error>,
    left: impl Fn(&Scene, bool),
) {
    let mut succeeded = Vec::new();
    for free in 0..=ENOUGH {
        let scene = Scene::new();
        let prepared = prepare(&scene);
        let slocket = scene.slocket();
        let census = Census::take();
        let full = Full::all_but(free);
        let result = attempt(&slocket);
        drop(full);
        census.assert_same();
        if let Err(error) = &result {
            assert_eq!(io_code(error), Errno::MFILE.raw_os_error(), "{free} free");
        }
        left(&scene, result.is_ok());
        drop(prepared);
        succeeded.push(result.is_ok());
    }
    assert!(!succeeded[0] && succeeded[ENOUGH], "{succeeded:?}");
}

fn acquire_and_release(slocket: &Slocket) -> Result<(), Error> {
    slocket.acquire()?.release()
}

/// That the time is over is as it should be.
fn time_out(slocket: &Slocket) -> Result<(), Error> {
    match slocket.acquire_timeout(Duration::from_millis(5)) {
        Err(error) if error.kind() == ErrorKind::TimedOut => Ok(()),
        result => result.map(|guard| panic!("{guard:?}")),
    }
}

fn try_in_vain(slocket: &Slocket) -> Result<(), Error> {
    slocket.try_acquire().map(|guard| assert!(guard.is_none()))
}

#[test]
fn a_free_lock() {
    alone(Setting::Plain, || {
        sweep(|_| (), acquire_and_release, |scene, _| scene.assert_empty());
    });
}

#[test]
fn a_free_lock_whose_mode_the_umask_spoils() {
    alone(Setting::User(NOBODY), || {
        let prepare = |_: &Scene| umask(Mode::from_raw_mode(0o777));
        sweep(prepare, acquire_and_release, |scene, _| {
            umask(Mode::empty());
            scene.assert_empty();
        });
    });
}

#[test]
fn a_free_lock_in_a_folder_with_a_guard() {
    alone(Setting::Plain, || {
        let prepare = |scene: &Scene| {
            let stranger = File::open(scene.path()).unwrap();
            flock(&stranger, FlockOperation::LockExclusive).unwrap();
            stranger
        };
        sweep(prepare, acquire_and_release, |scene, _| scene.assert_empty());
    });
}

#[test]
fn a_lock_that_is_held() {
    alone(Setting::Plain, || {
        let hold = |scene: &Scene| scene.slocket().acquire().unwrap();
        sweep(hold, time_out, |scene, _| scene.assert_left(&["lock"]));
        sweep(hold, try_in_vain, |scene, _| scene.assert_left(&["lock"]));
        let ask = |slocket: &Slocket| slocket.holder().map(|holder| assert!(holder.is_some()));
        sweep(hold, ask, |scene, _| scene.assert_left(&["lock"]));
    });
}

#[test]
fn a_dead_socket() {
    alone(Setting::Plain, || {
        let leave = |scene: &Scene| leave_dead(&scene.lock(), true, 0o600);
        let left = |scene: &Scene, succeeded: bool| {
            if !succeeded {
                assert_works(&scene.slocket());
            }
            scene.assert_empty();
        };
        sweep(leave, acquire_and_release, left);
        let attempt = |slocket: &Slocket| slocket.try_acquire()?.expect("it is free").release();
        sweep(leave, attempt, left);
    });
}

#[test]
fn a_file_or_a_stale_socket() {
    alone(Setting::Plain, || {
        let file = |scene: &Scene| std::fs::write(scene.lock(), "").unwrap();
        let socket = |scene: &Scene| leave_dead(&scene.lock(), false, 0o600);
        for prepare in [&file as &dyn Fn(&Scene), &socket] {
            sweep(prepare, time_out, |scene, _| scene.assert_left(&["lock"]));
            sweep(prepare, try_in_vain, |scene, _| scene.assert_left(&["lock"]));
        }
    });
}

#[test]
fn many_threads_with_few_descriptors() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let slockets: Vec<_> = (0..8).map(|_| another(&slocket)).collect();
        let census = Census::take();
        let (inside, refused, held) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        let full = Full::all_but(ENOUGH);
        thread::scope(|scope| {
            for slocket in &slockets {
                let (inside, refused, held) = (&inside, &refused, &held);
                scope.spawn(move || {
                    for _ in 0..100 {
                        match slocket.acquire() {
                            Ok(guard) => {
                                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two holders");
                                held.fetch_add(1, Ordering::SeqCst);
                                inside.fetch_sub(1, Ordering::SeqCst);
                                guard.release().unwrap();
                            }
                            Err(error) => {
                                assert_eq!(io_code(&error), Errno::MFILE.raw_os_error());
                                refused.fetch_add(1, Ordering::SeqCst);
                            }
                        }
                    }
                });
            }
        });
        drop(full);
        census.assert_same();
        assert!(held.load(Ordering::SeqCst) > 0, "{refused:?} refused");
        // A listener that was lost for want of descriptors leaves a dead socket, which the next one reclaims.
        assert_works(&slocket);
        scene.assert_empty();
    });
}
