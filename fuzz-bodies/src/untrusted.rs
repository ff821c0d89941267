//! A waiter of `slocket-os`, and a server of another user that sends whatever the bytes say, as soon as the waiter comes.

mod server;

use std::sync::Once;
use std::time::Duration;

use slocket_os::{Error, ErrorKind, Lock, Outcome, Session};
use tempfile::TempDir;

use crate::home::Home;
use crate::left::{self, try_for};
use crate::untrusted::server::Server;
use crate::user::{self, STRANGER};

/// What comes to the server.
#[derive(Clone, Copy, Debug)]
enum Request {
    Acquire,
    AcquireAtOnce,
    Try,
    Look,
}

const REQUESTS: [Request; 4] = [Request::Acquire, Request::AcquireAtOnce, Request::Try, Request::Look];

/// Lets a server of another user serve what the bytes stand for. Does nothing where the process may not be two users. (It
/// counts the descriptors of the process, so nothing else may run in it.)
///
/// # Panics
/// If anything is received from such a server, or used; if the waiter is told anything else than that it is not trusted; if it
/// hangs; if something is left.
pub fn untrusted(bytes: &[u8]) {
    static RESERVE: Once = Once::new();
    let Some((setting, script)) = bytes.split_first() else { return };
    if !user::can_be_another_user() {
        return;
    }
    let folder = TempDir::with_prefix("slocket-fuzz-").expect("a temporary folder");
    let home = Home::new(folder.path(), setting & 1 != 0);
    // The process keeps a descriptor in reserve from the first time on.
    RESERVE.call_once(|| left::assert_free(&home));
    let before = left::open();

    let requests = [setting >> 2, setting >> 4].map(|choice| REQUESTS[usize::from(choice & 3)]);
    let server = Server::start(&home, folder.path(), setting & 2 != 0, script);
    for request in requests {
        ask(&home, request);
    }
    server.stop();
    left::assert_nothing(&home, folder.path(), before);
}

fn ask(home: &Home, request: Request) {
    let lock = home.lock();
    match request {
        Request::Acquire => assert_untrusted(&lock, None),
        Request::AcquireAtOnce => assert_untrusted(&lock, Some(Duration::ZERO)),
        Request::Try => {
            let outcome = try_for(home);
            let is_held = matches!(&outcome, Ok(Outcome::WouldBlock)) || outcome.as_ref().is_err_and(is_untrusted);
            assert!(is_held, "{outcome:?}");
        }
        Request::Look => {
            let holder = lock.holder();
            assert!(matches!(&holder, Ok(Some(holder)) if holder.uid == STRANGER), "{holder:?}");
        }
    }
}

/// It is told at once: nothing that the server sends is waited for.
fn assert_untrusted(lock: &Lock, timeout: Option<Duration>) {
    let outcome = Session::acquire(lock, timeout).outcome();
    assert!(matches!(&outcome, Some(Err(error)) if is_untrusted(error)), "{outcome:?}");
}

fn is_untrusted(error: &Error) -> bool {
    error.kind() == ErrorKind::Untrusted && error.user() == Some(STRANGER)
}
