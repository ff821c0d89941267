//! Servers at the path that do not do what a server of the protocol does.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fs, process};

use rustix::net::{Shutdown, shutdown};
use trials::lock::{ErrorKind, Slocket, failed_as, settle};
use trials::mark;

use crate::alone::{Setting, alone, beside};
use crate::census::descriptors;
use crate::scene::{HANG, Scene, WHILE, assert_times_out, assert_works, eventually, idle};

/// A server on a thread of its own, until it is stopped.
pub(crate) struct Server {
    path: PathBuf,
    listener: Arc<UnixListener>,
    thread: JoinHandle<()>,
    accepted: Arc<AtomicU32>,
}

impl Server {
    /// Does `serve` with every connection. What that keeps stays open until the end.
    pub(crate) fn start(path: &Path, mut serve: impl FnMut(UnixStream) + Send + 'static) -> Self {
        let listener = Arc::new(UnixListener::bind(path).expect("a free path"));
        let accepted = Arc::new(AtomicU32::new(0));
        let thread = {
            let (listener, accepted) = (Arc::clone(&listener), Arc::clone(&accepted));
            thread::spawn(move || {
                while let Ok((connection, _)) = listener.accept() {
                    accepted.fetch_add(1, Ordering::SeqCst);
                    serve(connection);
                }
            })
        };
        Self { path: path.to_owned(), listener, thread, accepted }
    }

    pub(crate) fn accepted(&self) -> u32 {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Closes everything and goes, like npm's server at its end.
    pub(crate) fn stop(self) {
        fs::remove_file(&self.path).expect("it is ours");
        shutdown(&self.listener, Shutdown::Read).expect("it listens");
        self.thread.join().expect("no panic");
    }
}

/// Whatever the caller wants, the server is not slocket: the error says so, and leaves it alone.
#[track_caller]
pub(crate) fn assert_no_slocket(slocket: &Slocket, server: &Server, what: &str) {
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::symlink_metadata(path).unwrap());
    let before = inode(slocket.path());
    for result in [slocket.acquire(), slocket.acquire_timeout(HANG)] {
        match result {
            Err(error) if error.kind() == ErrorKind::NotASlocket => {
                assert_eq!(error.name(), slocket.name(), "{what}");
                assert!(error.to_string().contains("does not speak"), "{what}: {error}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
    assert_eq!(server.accepted(), 2, "{what}: one connection for each");
    assert!(slocket.try_acquire().unwrap().is_none(), "{what}");
    assert_eq!(server.accepted(), 2, "{what}: a try does not queue");
    assert_eq!(inode(slocket.path()), before, "{what}");
}

#[test]
fn a_server_that_sends_garbage() {
    alone(Setting::Plain, || {
        static LONG: [u8; 100_000] = [0; 100_000];
        let garbage: [&[u8]; 11] = [
            b"HELLO",
            b"NO",
            b"ok",
            b"OKAY",
            b"OKOK",
            b"OK\n",
            b" OK",
            b"K",
            b"\0",
            b"220 mail.example ESMTP\r\n",
            &LONG,
        ];
        for bytes in garbage {
            let scene = Scene::new();
            let mut kept = Vec::new();
            let server = Server::start(&scene.lock(), move |mut connection| {
                // A client that does not read it all resets the connection.
                let _ = connection.write_all(bytes);
                kept.push(connection);
            });
            assert_no_slocket(&scene.slocket(), &server, &String::from_utf8_lossy(&bytes[..bytes.len().min(20)]));
            server.stop();
            assert_works(&scene.slocket());
            scene.assert_empty();
        }
    });
}

#[test]
fn a_server_that_sends_garbage_and_closes() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let server = Server::start(&scene.lock(), |mut connection| {
            connection.write_all(b"HTTP/1.1 400 Bad Request\r\n").unwrap();
        });
        assert_no_slocket(&scene.slocket(), &server, "garbage and the end");
        server.stop();
        scene.assert_empty();
    });
}

#[test]
fn a_server_that_sends_half_a_grant_and_hangs() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let mut kept = Vec::new();
        let server = Server::start(&scene.lock(), move |mut connection| {
            connection.write_all(b"O").unwrap();
            kept.push(connection);
        });
        assert_no_slocket(&scene.slocket(), &server, "half a grant");
        server.stop();
        scene.assert_empty();
    });
}

#[test]
fn a_server_that_closes_every_connection_at_once() {
    alone(Setting::Plain, || {
        for marked in [false, true] {
            let scene = Scene::new();
            let slocket = scene.slocket();
            let server = Server::start(&scene.lock(), drop);
            if marked {
                mark::set(&scene.lock(), true, 0o600);
            }
            let start = Instant::now();
            assert_eq!(assert_times_out(&slocket), Some(process::id()));
            let (accepted, elapsed) = (server.accepted(), start.elapsed());
            assert!(accepted > 2, "it tries again: {accepted}");
            // The pauses grow to 64 ms and more; the first attempts are quicker.
            assert!(accepted * 10 < u32::try_from(elapsed.as_millis()).unwrap(), "{accepted} attempts in {elapsed:?}");
            server.stop();
            assert_works(&slocket);
            scene.assert_empty();
        }
    });
}

#[test]
fn a_server_that_closes_every_connection_and_goes() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let server = Server::start(&scene.lock(), drop);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| slocket.acquire_timeout(HANG));
            eventually(|| server.accepted() > 5, || "it does not try again".to_owned());
            server.stop();
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        scene.assert_empty();
    });
}

#[test]
fn a_server_that_never_answers() {
    let scene = Scene::new();
    beside(
        Setting::Plain,
        |client| {
            let listener = UnixListener::bind(scene.lock()).unwrap();
            client.tell(scene.lock().to_str().unwrap());
            client.expect("timed out");
            // The waiter keeps its place, has not written a byte, and gives the lock back as soon as it comes.
            let (mut connection, _) = listener.accept().unwrap();
            connection.set_nonblocking(true).unwrap();
            assert_eq!(connection.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
            connection.set_nonblocking(false).unwrap();
            connection.write_all(b"OK").unwrap();
            assert_eq!(connection.read(&mut [0]).unwrap(), 0);
            client.tell("gone");
            client.expect("settled");
            drop((connection, listener));
            fs::remove_file(scene.lock()).unwrap();
        },
        |server| {
            let slocket = Slocket::new(server.hear()).unwrap();
            let holder = match idle(|| slocket.acquire_timeout(WHILE)) {
                Err(error) if error.is_timed_out() => error.holder().expect("it listens").clone(),
                other => panic!("{other:?}"),
            };
            assert_eq!(holder.pid, Some(std::os::unix::process::parent_id()));
            assert!(holder.to_string().starts_with(&format!("pid {} (", std::os::unix::process::parent_id())));
            server.tell("timed out");
            server.expect("gone");
            settle();
            server.tell("settled");
        },
    );
    scene.assert_empty();
}

#[test]
fn many_time_outs_with_a_server_that_never_answers() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let listener = UnixListener::bind(scene.lock()).unwrap();
        let before = descriptors().len();
        for _ in 0..150 {
            let result = slocket.acquire_timeout(Duration::from_millis(1));
            assert!(failed_as(&result) == Some(ErrorKind::TimedOut), "{result:?}");
        }
        // The farewells are bounded: a process that says more of them breaks the oldest off.
        eventually(|| descriptors().len() < before + 140, || format!("{} descriptors", descriptors().len()));
        fs::remove_file(scene.lock()).unwrap();
        drop(listener);
        settle();
        assert_works(&slocket);
        scene.assert_empty();
    });
}

#[test]
fn a_server_that_was_stopped() {
    let scene = Scene::new();
    beside(
        Setting::Plain,
        |holder| {
            holder.tell(scene.lock().to_str().unwrap());
            let pid = holder.hear().parse().unwrap();
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
            match scene.slocket().acquire_timeout(WHILE) {
                Err(error) if error.is_timed_out() => {
                    assert_eq!(error.holder().unwrap().pid, u32::try_from(pid.as_raw_nonzero().get()).ok());
                }
                other => panic!("{other:?}"),
            }
            rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
            holder.tell("release");
            holder.expect("released");
            assert_works(&scene.slocket());
        },
        |other| {
            let guard = Slocket::new(other.hear()).unwrap().acquire().unwrap();
            other.tell(&process::id().to_string());
            other.expect("release");
            guard.release().unwrap();
            other.tell("released");
        },
    );
    scene.assert_empty();
}
