//! A farewell to a server that may lend, where there is no descriptor for the background thread.

use std::io::Read;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::{env, thread};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use trials::{Place, alone, watch_for};

use crate::host::{AsyncStd, Host, Smol, SmolThreads, Tokio, TokioThreads};
use crate::waiter::Waiter;
use crate::{assert_unused, descriptors, used_once};

/// The limit is that of a whole process, so it is set in one of its own.
const CHILD: &str = "SLOCKET_TRIAL_WITHOUT_DESCRIPTORS";
const NAME: &str = "background::no_task_is_kept_waiting_for_want_of_a_descriptor";

/// A caller that looked after the farewell itself would wait until the server grants the lock, which it never does.
#[test]
fn no_task_is_kept_waiting_for_want_of_a_descriptor() {
    if env::var_os(CHILD).is_some() {
        leave::<Tokio>();
        leave::<TokioThreads>();
        leave::<Smol>();
        leave::<SmolThreads>();
        return leave::<AsyncStd>();
    }
    let _alone = alone();
    let mut child = Command::new(env::current_exe().expect("this program has a path"));
    let output = child.args(["--exact", NAME, "--nocapture"]).env(CHILD, "1").output().expect("this program runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

fn leave<H: Host>() {
    let (host, place) = (H::start(), Place::new());
    let slocket = used_once(&host, &place);
    let before = descriptors();
    // Not marked, so it may lend.
    let server = UnixListener::bind(place.lock()).expect("bind");
    let waiter = Waiter::asked(&host, &slocket);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(3), maximum }).expect("it may be lowered");
    let leaving = thread::spawn(move || drop(waiter));
    watch_for("the dropped future", || leaving.is_finished().then_some(()));
    leaving.join().expect("no panic");
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).expect("it may be raised again");
    let (mut connection, _) = server.accept().expect("accept");
    connection.set_nonblocking(true).expect("a socket");
    assert_eq!(connection.read(&mut [0]).expect("the end of the stream"), 0);
    drop((server, connection));
    std::fs::remove_file(place.lock()).expect("remove");
    assert_unused::<H>(&place, &slocket, before);
}
