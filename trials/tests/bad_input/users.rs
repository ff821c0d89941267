//! Locks between users, and between pid namespaces.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};
use trials::lock::{Error, ErrorKind, Guard, Slocket, Trust};
use trials::{mark, strace_or_skip};

use crate::alone::{NOBODY, Setting, beside, with_root};
use crate::permission::assert_denied;
use crate::scene::{
    HANG, Scene, WHILE, assert_times_out, assert_works, eventually, leave_dead, named, until_asleep, wait_and_tell,
};

const ROOT: Option<u32> = Some(0);

#[test]
fn a_dead_socket_of_another_user_in_a_sticky_folder() {
    with_root(|| {
        let scene = Scene::with_mode(0o1777);
        beside(
            Setting::User(NOBODY),
            |other| {
                for (mode, answer) in [(0o666, "denied"), (0o600, "waits")] {
                    leave_dead(&scene.lock(), true, mode);
                    other.tell(scene.lock().to_str().unwrap());
                    other.expect(answer);
                    scene.assert_left(&["lock"]);
                    assert_works(&scene.slocket());
                }
            },
            |root| {
                let slocket = Slocket::new(root.hear()).unwrap();
                assert_denied(slocket.acquire(), ROOT);
                assert_denied(slocket.acquire_timeout(HANG), ROOT);
                assert_denied(slocket.try_acquire(), ROOT);
                root.tell("denied");
                // Where even to connect is not permitted, nothing tells that it is dead.
                let slocket = Slocket::new(root.hear()).unwrap();
                assert_denied(slocket.try_acquire(), ROOT);
                assert_denied(slocket.holder(), ROOT);
                assert_eq!(assert_times_out(&slocket), None);
                root.tell("waits");
            },
        );
        scene.assert_empty();
    });
}

#[test]
fn a_stale_socket_of_another_user() {
    with_root(|| {
        let scene = Scene::with_mode(0o1777);
        beside(
            Setting::User(NOBODY),
            |other| {
                leave_dead(&scene.lock(), false, 0o666);
                other.tell(scene.lock().to_str().unwrap());
                other.expect("timed out");
                fs::remove_file(scene.lock()).unwrap();
                other.expect("released");
            },
            |root| {
                let slocket = Slocket::new(root.hear()).unwrap();
                assert!(slocket.try_acquire().unwrap().is_none());
                assert_eq!(assert_times_out(&slocket), None);
                root.tell("timed out");
                slocket.acquire_timeout(HANG).unwrap().release().unwrap();
                root.tell("released");
            },
        );
        scene.assert_empty();
    });
}

#[test]
fn a_dead_socket_of_another_user_in_a_folder_of_all() {
    with_root(|| {
        let scene = Scene::with_mode(0o777);
        beside(
            Setting::User(NOBODY),
            |other| {
                leave_dead(&scene.lock(), true, 0o600);
                other.tell(scene.lock().to_str().unwrap());
                other.expect("waits");
                mark::set(&scene.lock(), true, 0o666);
                other.expect("released");

                // What can be done about a dead one: its owner takes the lock once, and gives it back.
                leave_dead(&scene.lock(), true, 0o600);
                other.tell("again");
                other.expect("waits");
                // (As soon as the dead one is gone, the other may be first.)
                let owner = Slocket::builder(scene.lock()).trust(Trust::Anyone).build().unwrap();
                owner.acquire().unwrap().release().unwrap();
                other.expect("released");
            },
            |root| {
                let slocket = Slocket::new(root.hear()).unwrap();
                for again in [true, false] {
                    assert_denied(slocket.try_acquire(), ROOT);
                    thread::scope(|scope| {
                        let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
                        until_asleep("waiter");
                        root.tell("waits");
                        waiter.join().unwrap().unwrap().release().unwrap();
                    });
                    assert_works(&slocket);
                    root.tell("released");
                    if again {
                        root.expect("again");
                    }
                }
            },
        );
        scene.assert_empty();
    });
}

/// A socket that is private to a stranger counts as a file does: it is waited for until it is gone, and nothing holds it.
#[test]
fn a_private_socket_of_a_stranger() {
    const STRANGER: u32 = 65531;
    with_root(|| {
        let scene = Scene::with_mode(0o777);
        leave_dead(&scene.lock(), true, 0o600);
        let _ = chown(scene.lock(), Some(STRANGER), None);
        beside(
            Setting::User(NOBODY),
            |other| {
                other.tell(scene.lock().to_str().unwrap());
                other.expect("denied");
            },
            |root| {
                let slocket = Slocket::new(root.hear()).unwrap();
                assert_eq!(assert_times_out(&slocket), None);
                assert_denied(slocket.try_acquire(), Some(STRANGER));
                assert_denied(slocket.holder(), Some(STRANGER));
                root.tell("denied");
            },
        );
        assert_works(&scene.slocket());
        scene.assert_empty();
    });
}

#[test]
fn a_live_socket_of_another_user() {
    with_root(|| {
        let scene = Scene::new();
        beside(
            Setting::User(NOBODY),
            |other| {
                for folder in [0o777, 0o1777] {
                    scene.set_mode(folder);
                    let guard = Slocket::builder(scene.lock()).mode(0o600).build().unwrap().acquire().unwrap();
                    other.tell(scene.lock().to_str().unwrap());
                    other.expect("waits");
                    guard.release().unwrap();
                    other.expect("released");
                    scene.assert_empty();

                    let guard = Slocket::builder(scene.lock()).mode(0o602).build().unwrap().acquire().unwrap();
                    other.tell("now");
                    eventually(|| guard.contended(), || "not in the queue".to_owned());
                    guard.release().unwrap();
                    other.expect("released");
                    scene.assert_empty();
                }
            },
            |root| {
                for _ in 0..2 {
                    let slocket = Slocket::new(root.hear()).unwrap();
                    assert_denied(slocket.try_acquire(), ROOT);
                    assert_denied(slocket.holder(), ROOT);
                    assert_eq!(assert_times_out(&slocket), None);
                    // While it lives it is waited for: the path changes in the end.
                    wait_and_tell(&slocket, |what| root.tell(what));
                    root.expect("now");
                    // Root is trusted; its lock is closed out rather than handed over.
                    let guard = slocket.acquire_timeout(HANG).unwrap();
                    assert!(guard.is_intact().unwrap() && !guard.is_loan());
                    guard.release().unwrap();
                    root.tell("released");
                }
            },
        );
        scene.assert_empty();
    });
}

/// Takes the lock again and again, waiting for it or not, until the caller says that it is enough.
fn take_turns(path: &str, enough: &AtomicBool) -> Option<Error> {
    let slocket = Slocket::builder(path).mode(0o666).trust(Trust::Anyone).build().unwrap();
    let attempt = |number: u32| {
        let guard =
            if number.is_multiple_of(8) { slocket.acquire_timeout(HANG).map(Some) } else { slocket.try_acquire() };
        guard.and_then(|guard| guard.map_or(Ok(()), Guard::release)).err()
    };
    let error = (0..20_000).take_while(|_| !enough.load(Ordering::SeqCst)).find_map(attempt);
    enough.store(true, Ordering::SeqCst);
    error
}

#[test]
fn two_users_take_turns() {
    with_root(|| {
        let scene = Scene::with_mode(0o777);
        beside(
            Setting::User(NOBODY),
            |other| {
                // The usual umask takes bits from the mode that was asked for, until that is repaired. No other user may notice.
                umask(Mode::from_raw_mode(0o022));
                let path = scene.lock();
                let path = path.to_str().unwrap();
                other.tell(path);
                let enough = AtomicBool::new(false);
                thread::scope(|scope| {
                    let turns = scope.spawn(|| take_turns(path, &enough));
                    let theirs = other.hear();
                    enough.store(true, Ordering::SeqCst);
                    let ours = turns.join().unwrap();
                    assert!(ours.is_none() && theirs == "None", "ours: {ours:?}, theirs: {theirs}");
                });
            },
            |root| {
                umask(Mode::from_raw_mode(0o022));
                let error = take_turns(&root.hear(), &AtomicBool::new(false));
                root.tell(&format!("{error:?}"));
            },
        );
        scene.assert_empty();
    });
}

#[test]
fn a_mode_that_the_umask_spoils_for_a_while() {
    with_root(|| {
        if !strace_or_skip() {
            return;
        }
        let scene = Scene::with_mode(0o777);
        let path = scene.lock();
        let path = path.to_str().unwrap();
        let slocket = |path: &str| Slocket::builder(path).mode(0o666).trust(Trust::Anyone).build().unwrap();
        let came = AtomicBool::new(false);
        thread::scope(|scope| {
            // One of our holders, whose every chmod(2) takes a while.
            scope.spawn(|| {
                beside(
                    Setting::SlowModes,
                    |holder| {
                        holder.tell(path);
                        holder.expect("held");
                        eventually(|| came.load(Ordering::SeqCst), || "no client came".to_owned());
                        holder.tell("release");
                    },
                    |other| {
                        umask(Mode::from_raw_mode(0o022));
                        let guard = slocket(&other.hear()).acquire().unwrap();
                        other.tell("held");
                        other.expect("release");
                        guard.release().unwrap();
                    },
                );
            });
            // A waiter of another user, which comes as soon as there is a socket.
            beside(
                Setting::User(NOBODY),
                |waiter| {
                    waiter.tell(path);
                    let found = waiter.hear();
                    came.store(true, Ordering::SeqCst);
                    assert_eq!(found, "Ok(true)");
                },
                |other| {
                    let slocket = slocket(&other.hear());
                    eventually(|| slocket.path().exists(), || "not published".to_owned());
                    let held = slocket.try_acquire().map(|guard| guard.is_none());
                    other.tell(&format!("{held:?}"));
                    slocket.acquire_timeout(HANG).unwrap().release().unwrap();
                },
            );
        });
        scene.assert_empty();
    });
}

#[track_caller]
fn assert_untrusted<T: std::fmt::Debug>(result: Result<T, Error>) {
    match result {
        Err(error) if error.kind() == ErrorKind::Untrusted && error.user() == Some(NOBODY) => {
            assert!(error.to_string().contains(&format!("user {NOBODY}")), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_of_another_user() {
    with_root(|| {
        let scene = Scene::with_mode(0o777);
        beside(
            Setting::User(NOBODY),
            |server| {
                server.tell(scene.lock().to_str().unwrap());
                let pid: u32 = server.hear().parse().unwrap();
                let slocket = scene.slocket();
                assert_untrusted(slocket.acquire());
                assert_untrusted(slocket.acquire_timeout(HANG));
                assert!(slocket.try_acquire().unwrap().is_none());
                let holder = slocket.holder().unwrap().expect("it listens");
                assert_eq!((holder.pid, holder.uid), (Some(pid), NOBODY));

                server.tell("serve");
                let trusting = Slocket::builder(scene.lock()).trust(Trust::Anyone).build().unwrap();
                let guard = trusting.acquire_timeout(HANG).unwrap();
                assert!(guard.is_loan());
                guard.release().unwrap();
                server.expect("served");
            },
            |root| {
                let path = root.hear();
                let listener = UnixListener::bind(&path).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
                root.tell(&process::id().to_string());
                root.expect("serve");
                // Processes that do not trust us, and asked for the holder, have gone at once.
                for _ in 0..3 {
                    let (mut connection, _) = listener.accept().unwrap();
                    assert_eq!(connection.read(&mut [0]).unwrap(), 0);
                    assert_eq!(connection.write(b"OK").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
                }
                let (mut connection, _) = listener.accept().unwrap();
                connection.write_all(b"OK").unwrap();
                assert_eq!(connection.read(&mut [0]).unwrap(), 0);
                fs::remove_file(&path).unwrap();
                root.tell("served");
            },
        );
        scene.assert_empty();
    });
}

#[test]
fn a_holder_of_another_user() {
    with_root(|| {
        let scene = Scene::with_mode(0o777);
        beside(
            Setting::User(NOBODY),
            |holder| {
                holder.tell(scene.lock().to_str().unwrap());
                holder.expect("held");
                assert_untrusted(scene.slocket().acquire());
                assert!(scene.slocket().try_acquire().unwrap().is_none());
                assert_eq!(scene.slocket().holder().unwrap().unwrap().uid, NOBODY);

                let trusting = Slocket::builder(scene.lock()).trust(Trust::Anyone).build().unwrap();
                match trusting.acquire_timeout(WHILE) {
                    Err(error) if error.is_timed_out() => assert_eq!(error.holder().expect("it is known").uid, NOBODY),
                    other => panic!("{other:?}"),
                }
                holder.tell("release");
                let guard = trusting.acquire_timeout(HANG).unwrap();
                assert!(guard.is_intact().unwrap() && !guard.is_loan());
                guard.release().unwrap();
                holder.expect("released");
            },
            |root| {
                let slocket = Slocket::builder(root.hear()).mode(0o666).build().unwrap();
                let guard = slocket.acquire().unwrap();
                root.tell("held");
                root.expect("release");
                guard.release().unwrap();
                root.tell("released");
            },
        );
        scene.assert_empty();
    });
}

#[test]
fn a_holder_in_another_pid_namespace() {
    let scene = Scene::new();
    beside(
        Setting::Processes,
        |waiter| {
            let slocket = scene.slocket();
            let guard = slocket.acquire().unwrap();
            waiter.tell(scene.lock().to_str().unwrap());
            waiter.expect("timed out");
            eventually(|| guard.contended(), || "not in the queue".to_owned());
            guard.release().unwrap();
            waiter.expect("held");
            // From here it can be seen, under the number that it has here.
            let holder = slocket.holder().unwrap().expect("it listens");
            assert!(holder.pid.is_some_and(|pid| fs::exists(format!("/proc/{pid}")).unwrap()), "{holder:?}");
            waiter.tell("release");
            waiter.expect("released");
        },
        |holder| {
            let slocket = Slocket::new(holder.hear()).unwrap();
            match slocket.acquire_timeout(WHILE) {
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    let text = error.to_string();
                    assert!(text.contains("cannot be seen from here"), "{text}");
                    let holder = error.holder().unwrap_or_else(|| panic!("{text}"));
                    assert_eq!((holder.pid, holder.uid, holder.program.clone()), (None, geteuid().as_raw(), None));
                }
                other => panic!("{other:?}"),
            }
            holder.tell("timed out");
            let guard = slocket.acquire_timeout(HANG).unwrap();
            assert!(guard.is_intact().unwrap() && !guard.is_loan());
            holder.tell("held");
            holder.expect("release");
            guard.release().unwrap();
            holder.tell("released");
        },
    );
    scene.assert_empty();
}

#[test]
fn a_holder_whose_number_means_another_process_in_proc() {
    let scene = Scene::new();
    beside(
        Setting::Processes,
        |inside| {
            inside.tell(scene.lock().to_str().unwrap());
            inside.expect("looked");
        },
        |outside| {
            // This namespace has its own numbers, but the /proc of the other one: 1 is another process there.
            let slocket = Slocket::new(outside.hear()).unwrap();
            let guard = slocket.acquire().unwrap();
            let holder = slocket.holder().unwrap().expect("we listen");
            assert_eq!(holder.pid, Some(process::id()));
            let ours = fs::read_to_string("/proc/self/comm").unwrap();
            assert!(holder.program.is_none() || holder.program.as_deref() == Some(ours.trim_end()), "{holder:?}");
            guard.release().unwrap();
            outside.tell("looked");
        },
    );
    scene.assert_empty();
}
