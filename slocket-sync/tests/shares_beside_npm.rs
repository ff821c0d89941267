//! Shares beside participants of npm's slocket, which know nothing of them. (Played here by sockets without a badge: they speak npm's
//! protocol, which is two bytes.)

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use slocket_sync::{Error, ErrorKind, Slocket, settle};
use tempfile::TempDir;

const NEVER: Duration = Duration::from_secs(60);
const AT_ONCE: Duration = Duration::ZERO;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: TempDir::with_prefix("slocket-beside-npm-").unwrap() }
    }

    /// A handle of its own, as another process has.
    fn handle(&self) -> Slocket {
        Slocket::new(self.folder.path().join("lock")).unwrap()
    }

    /// A client of npm's, in the queue.
    fn client(&self) -> UnixStream {
        UnixStream::connect(self.folder.path().join("lock")).unwrap()
    }

    /// All clients that were lent the lock are done: nothing is left.
    #[track_caller]
    fn is_left_as_it_was(&self) {
        settle();
        self.handle().acquire_timeout(NEVER).unwrap().release().unwrap();
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 0);
    }
}

#[track_caller]
fn is_refused(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::NoShares);
    assert!(error.to_string().contains("npm's slocket, which ignores shares, uses this lock, too"), "{error}");
}

/// It is granted the lock as in npm's protocol, and holds it until it closes its connection.
#[track_caller]
fn is_granted(client: &mut UnixStream) {
    let mut ok = [0; 2];
    client.set_read_timeout(Some(NEVER)).unwrap();
    client.read_exact(&mut ok).unwrap();
    assert_eq!(ok, *b"OK");
}

#[test]
fn a_client_that_waits_is_lent_the_lock_and_there_is_no_share() {
    for wants_permit in [false, true] {
        let place = Place::new();
        let guard = place.handle().acquire().unwrap();
        let (slocket, semaphore) = (place.handle(), place.handle().semaphore(2).unwrap());
        let (mut shared, mut permit) = (slocket.request_shared(), semaphore.request());
        let is_queued = if wants_permit {
            permit.wait_timeout(AT_ONCE).unwrap().is_none()
        } else {
            shared.wait_timeout(AT_ONCE).unwrap().is_none()
        };
        assert!(is_queued);
        let mut client = place.client();
        guard.release().unwrap();
        if wants_permit {
            drop(shared);
            is_refused(&permit.wait().unwrap_err());
        } else {
            drop(permit);
            is_refused(&shared.wait().unwrap_err());
        }
        is_granted(&mut client);
        assert!(slocket.try_acquire_shared().is_err());
        drop(client);
        place.is_left_as_it_was();
    }
}

#[test]
fn a_lock_that_a_client_waits_for_is_lent_and_not_downgraded() {
    let place = Place::new();
    let guard = place.handle().acquire().unwrap();
    let mut client = place.client();
    let error = guard.downgrade().unwrap_err();
    is_refused(error.error());
    assert!(error.into_guard().is_none());
    is_granted(&mut client);
    assert!(place.handle().try_acquire().is_err());
    drop(client);
    place.is_left_as_it_was();
}

#[test]
fn a_lent_lock_is_not_a_share() {
    let place = Place::new();
    let path = place.folder.path().join("lock");
    let server = UnixListener::bind(&path).unwrap();
    let slocket = place.handle();
    let mut shared = slocket.request_shared();
    assert!(shared.wait_timeout(AT_ONCE).unwrap().is_none());
    let (mut client, _) = server.accept().unwrap();
    client.write_all(b"OK").unwrap();
    is_refused(&shared.wait().unwrap_err());
    // The loan is given back.
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);

    let mut request = slocket.request();
    assert!(request.wait_timeout(AT_ONCE).unwrap().is_none());
    let (mut client, _) = server.accept().unwrap();
    client.write_all(b"OK").unwrap();
    let guard = request.wait_timeout(NEVER).unwrap().expect("it was lent");
    let error = guard.downgrade().unwrap_err();
    is_refused(error.error());
    error.into_guard().expect("it is held as before").release().unwrap();
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    fs::remove_file(path).unwrap();
    place.is_left_as_it_was();
}
