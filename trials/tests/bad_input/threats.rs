//! What another user can do to a lock, and cannot: the rows of `docs/security.md` that no other test has.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;
use std::thread;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, connect, socket, sockopt};
use trials::lock::{ErrorKind, Slocket, failed_as, is_untrusted};

use crate::alone::{NOBODY, Setting, Talk, beside, with_root};
use crate::census::threads;
use crate::grant;
use crate::scene::{HANG, Scene, asleep_or_over, assert_works, eventually, leave_dead, named, until_asleep};

/// What this user manages to do, one word each. Whatever works here harms the lock, except "list" and "look".
fn attempts(lock: &Path) -> String {
    let folder = lock.parent().expect("a folder");
    let elsewhere = folder.join("elsewhere");
    let attempts: [(&str, bool); 8] = [
        ("list", fs::File::open(folder).is_ok()),
        ("look", fs::symlink_metadata(lock).is_ok()),
        ("connect", UnixStream::connect(lock).is_ok()),
        ("chmod", fs::set_permissions(lock, fs::Permissions::from_mode(0o666)).is_ok()),
        ("touch", fs::File::open(lock).and_then(|file| file.set_modified(std::time::UNIX_EPOCH)).is_ok()),
        ("make", UnixListener::bind(&elsewhere).and_then(|_| fs::remove_file(&elsewhere)).is_ok()),
        ("rename", fs::rename(lock, &elsewhere).is_ok()),
        ("remove", fs::remove_file(lock).is_ok()),
    ];
    let managed: Vec<_> = attempts.iter().filter_map(|(what, works)| works.then_some(*what)).collect();
    managed.join(" ")
}

/// In a process of the stranger's: tries what it can at each lock whose path it is told.
fn attempt_all(outside: &mut Talk) {
    loop {
        let lock = outside.hear();
        if lock.is_empty() {
            return;
        }
        outside.tell(&attempts(Path::new(&lock)));
    }
}

/// What a stranger manages in a folder of this mode, while the lock is held, and when its holder was killed.
#[track_caller]
fn assert_managed(stranger: &mut Talk, mode: u32, managed: &str) {
    let scene = Scene::with_mode(mode);
    let guard = scene.slocket().acquire().unwrap();
    stranger.tell(scene.lock().to_str().unwrap());
    assert_eq!(stranger.hear(), managed, "while it is held, in a folder of mode {mode:o}");
    assert!(guard.is_intact().unwrap());
    guard.release().unwrap();
    leave_dead(&scene.lock(), true, 0o600);
    stranger.tell(scene.lock().to_str().unwrap());
    assert_eq!(stranger.hear(), managed, "when it is dead, in a folder of mode {mode:o}");
    assert_works(&scene.slocket());
    scene.assert_empty();
}

#[test]
fn a_stranger_at_a_private_folder() {
    with_root(|| {
        beside(
            Setting::User(NOBODY),
            |stranger| {
                assert_managed(stranger, 0o700, "");
                stranger.tell("");
            },
            attempt_all,
        );
    });
}

#[test]
fn a_stranger_at_a_readable_folder() {
    with_root(|| {
        beside(
            Setting::User(NOBODY),
            |stranger| {
                assert_managed(stranger, 0o711, "look");
                assert_managed(stranger, 0o755, "list look");
                stranger.tell("");
            },
            attempt_all,
        );
    });
}

/// As in /tmp.
#[test]
fn a_stranger_in_a_sticky_folder() {
    with_root(|| {
        beside(
            Setting::User(NOBODY),
            |stranger| {
                assert_managed(stranger, 0o1733, "look make");
                assert_managed(stranger, 0o1777, "list look make");
                stranger.tell("");
            },
            attempt_all,
        );
    });
}

/// The files that a stranger leaves in the folder are swept a bit at a time: no acquisition goes through all of them.
#[test]
fn a_stranger_that_fills_the_folder() {
    const MANY: usize = 200;
    with_root(|| {
        let scene = Scene::with_mode(0o1777);
        let left = || fs::read_dir(scene.path()).unwrap().count();
        beside(
            Setting::User(NOBODY),
            |stranger| {
                stranger.tell(scene.path().to_str().unwrap());
                stranger.expect("filled");
                let slocket = scene.slocket();
                let mut before = left();
                assert_eq!(before, MANY);
                while before > 0 {
                    slocket.acquire().unwrap().release().unwrap();
                    let after = left();
                    assert!(after < before && after + MANY / 2 > before, "{before}, then {after}");
                    before = after;
                }
                stranger.tell("go");
            },
            |other| {
                let folder = other.hear();
                for number in 0..MANY {
                    drop(UnixListener::bind(format!("{folder}/.slocket-{number:016x}")).unwrap());
                }
                // While a process has the folder locked, locks are published aside, and the folder is swept.
                let locked = fs::File::open(&folder).unwrap();
                locked.lock().unwrap();
                other.tell("filled");
                other.expect("go");
            },
        );
        scene.assert_empty();
    });
}

/// Comes to the queue with a badge and without, says what servers say, sends what they send; then waits for the end of each
/// connection. Nothing may come before it.
fn queue_up(outside: &mut Talk) {
    loop {
        let lock = outside.hear();
        if lock.is_empty() {
            return;
        }
        let address = match lock.strip_prefix('@') {
            Some(name) => SocketAddrUnix::new_abstract_name(name.as_bytes()).unwrap(),
            None => SocketAddrUnix::new(&*lock).unwrap(),
        };
        let mut connections = Vec::new();
        for badge in [None, Some(&b"slocket/2/stranger"[..]), Some(b"slocket/2/")] {
            let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
            if let Some(badge) = badge {
                bind(&socket, &SocketAddrUnix::new_abstract_name(badge).unwrap()).unwrap();
            }
            connect(&socket, &address).unwrap();
            let mut connection = UnixStream::from(socket);
            connection.write_all(b"OK").unwrap();
            connections.push(connection);
        }
        outside.tell("queued");
        for mut connection in connections {
            let end = connection.read(&mut [0]).map_err(|error| error.kind());
            assert!(matches!(end, Ok(0) | Err(io::ErrorKind::ConnectionReset)), "{end:?}");
        }
        outside.tell("nothing came");
    }
}

/// The lock goes past all waiters of another user: to ours, which came last.
#[test]
fn strangers_that_may_connect() {
    with_root(|| {
        let scene = Scene::with_mode(0o755);
        let at_path = || Slocket::builder(scene.lock()).mode(0o666).build().unwrap();
        let name = format!("slocket-threats-{}", std::process::id());
        let at_name = || Slocket::abstract_builder(&name).build().unwrap();
        let locks: [&dyn Fn() -> Slocket; 2] = [&at_path, &at_name];
        beside(
            Setting::User(NOBODY),
            |strangers| {
                for lock in locks {
                    let (first, second) = (lock(), lock());
                    let guard = first.acquire().unwrap();
                    strangers.tell(&first.name().to_string());
                    strangers.expect("queued");
                    assert!(guard.contended());
                    let guard = thread::scope(|scope| {
                        let waiter = scope.spawn(|| named("waiter", || second.acquire_timeout(HANG)));
                        until_asleep("waiter");
                        guard.release().unwrap();
                        waiter.join().unwrap().unwrap()
                    });
                    assert!(guard.is_intact().unwrap() && !guard.is_loan());
                    strangers.expect("nothing came");
                    guard.release().unwrap();
                }
                strangers.tell("");
            },
            queue_up,
        );
        scene.assert_empty();
    });
}

/// To close a TCP socket that lingers takes until its peer has read everything: no release waits for that.
#[test]
fn strangers_that_send_what_is_slow_to_close() {
    /// Enough that ours is the last copy once.
    const MOST: usize = 100;
    with_root(|| {
        let scene = Scene::with_mode(0o755);
        let at_path = || Slocket::builder(scene.lock()).mode(0o666).build().unwrap();
        let name = format!("slocket-slow-{}", std::process::id());
        let at_name = || Slocket::abstract_builder(&name).build().unwrap();
        let locks: [&dyn Fn() -> Slocket; 2] = [&at_path, &at_name];
        beside(
            Setting::User(NOBODY),
            |strangers| {
                for lock in locks {
                    let last_is_ours = (0..MOST).any(|_| {
                        let slocket = lock();
                        let guard = slocket.acquire().unwrap();
                        strangers.tell(&slocket.name().to_string());
                        strangers.expect("sent");
                        guard.release().unwrap();
                        // It is being closed still. (Unless a process that another test starts has a copy of the socket until it runs
                        // its program, and closes it last.)
                        let is_asleep = asleep_or_over("slocket-close");
                        slocket.acquire_timeout(HANG).unwrap().release().unwrap();
                        strangers.tell("released");
                        strangers.expect("read");
                        eventually(
                            || !threads().iter().any(|thread| thread.starts_with("slocket-close")),
                            || "it is still being closed".to_owned(),
                        );
                        is_asleep
                    });
                    assert!(last_is_ours, "another process had the last copy {MOST} times");
                }
                strangers.tell("");
            },
            |outside| {
                loop {
                    let lock = outside.hear();
                    if lock.is_empty() {
                        return;
                    }
                    let address = match lock.strip_prefix('@') {
                        Some(name) => SocketAddr::from_abstract_name(name).unwrap(),
                        None => SocketAddr::from_pathname(&lock).unwrap(),
                    };
                    // One is accepted and found to be a stranger's, the others are sent away with the queue.
                    let (connections, mut readers): (Vec<_>, Vec<_>) = (0..3).map(|_| send_slow(&address)).unzip();
                    outside.tell("sent");
                    outside.expect("released");
                    for reader in &mut readers {
                        reader.read_to_end(&mut Vec::new()).unwrap();
                    }
                    drop(connections);
                    outside.tell("read");
                }
            },
        );
        scene.assert_empty();
    });
}

/// Sends a TCP socket that takes until its peer, which is the second, has read everything.
fn send_slow(address: &SocketAddr) -> (UnixStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let reader = listener.accept().unwrap().0;
    sockopt::set_socket_linger(&sender, Some(HANG)).unwrap();
    sender.set_nonblocking(true).unwrap();
    while (&sender).write(&[0; 65536]).is_ok() {}
    let connection = UnixStream::connect_addr(address).unwrap();
    // (The last copy is the one that was sent.)
    grant::send(&connection, b"x", &[sender.into()]);
    (connection, reader)
}

/// A user who may write to the folder can take the path away: so there may be two holders. The first is told, and leaves alone what is
/// there now.
#[test]
fn a_stranger_that_may_write_to_the_folder() {
    with_root(|| {
        let scene = Scene::with_mode(0o777);
        beside(
            Setting::User(NOBODY),
            |stranger| {
                for what in ["a file", "a socket", "nothing"] {
                    let guard = scene.slocket().acquire().unwrap();
                    stranger.tell(&format!("{what} {}", scene.lock().display()));
                    stranger.expect("done");
                    assert!(!guard.is_intact().unwrap(), "{what}");
                    let released = guard.release();
                    assert!(failed_as(&released) == Some(ErrorKind::LockLost), "{what}: {released:?}");
                    scene.assert_left(if what == "nothing" { &[] } else { &["lock"] });
                    if what == "a socket" {
                        let result = scene.slocket().acquire_timeout(HANG);
                        assert!(is_untrusted(&result, NOBODY), "{result:?}");
                    }
                    stranger.tell("go");
                    stranger.expect("gone");
                    assert_works(&scene.slocket());
                }
                stranger.tell("");
            },
            |other| {
                loop {
                    let line = other.hear();
                    let Some((_, lock)) = line.rsplit_once(' ') else { return };
                    let what = line.strip_suffix(lock).unwrap();
                    fs::remove_file(lock).unwrap();
                    let socket = match what {
                        "a file " => fs::write(lock, "").map(|()| None).unwrap(),
                        "a socket " => Some(UnixListener::bind(lock).unwrap()),
                        _ => None,
                    };
                    if socket.is_some() {
                        fs::set_permissions(lock, fs::Permissions::from_mode(0o666)).unwrap();
                    }
                    other.tell("done");
                    other.expect("go");
                    drop(socket);
                    let _ = fs::remove_file(lock);
                    other.tell("gone");
                }
            },
        );
        scene.assert_empty();
    });
}

/// A name has no permissions: the first process takes it. Ours are told which user that is, and accept nothing from that process.
#[test]
fn a_stranger_that_has_the_name_first() {
    with_root(|| {
        let name = format!("slocket-squatted-{}", std::process::id());
        let slocket = Slocket::abstract_builder(&name).build().unwrap();
        beside(
            Setting::User(NOBODY),
            |stranger| {
                stranger.tell(&name);
                stranger.expect("bound");
                let result = slocket.acquire_timeout(HANG);
                assert!(is_untrusted(&result, NOBODY), "{result:?}");
                assert_eq!(slocket.holder().unwrap().expect("the stranger listens").uid, NOBODY);
                stranger.tell("go");
                stranger.expect("gone");
                eventually(|| slocket.try_acquire().unwrap().is_some(), || "the name is not free".to_owned());
            },
            |other| {
                let address = SocketAddr::from_abstract_name(other.hear()).unwrap();
                let listener = UnixListener::bind_addr(&address).unwrap();
                other.tell("bound");
                other.expect("go");
                drop(listener);
                other.tell("gone");
            },
        );
    });
}
