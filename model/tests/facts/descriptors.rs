//! What happens when a process has no descriptor left.

use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{Place, accepted, connected, is_alone, listening, pair, probe, read, receive, send_with};

/// Lets the process open nothing more while `run` runs.
fn without_descriptors<T>(run: impl FnOnce() -> T) -> T {
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..before }).unwrap();
    let result = run();
    setrlimit(Resource::Nofile, before).unwrap();
    result
}

#[test]
fn a_listener_without_a_descriptor_is_cut_off_and_dies() {
    if !is_alone("descriptors::a_listener_without_a_descriptor_is_cut_off_and_dies") {
        return;
    }
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    let waiter = connected(&place.path);
    send_with(&server, &listener).unwrap();
    drop((server, listener));
    let (received, is_cut) = without_descriptors(|| receive(&client));
    assert_eq!((received.is_none(), is_cut), (true, true));
    assert_eq!(probe(&place.path), Err(Errno::CONNREFUSED));
    assert_eq!(read(&waiter), Err(Errno::CONNRESET));
}

#[test]
fn an_accept_that_fails_for_want_of_a_descriptor_takes_no_client_out_of_the_queue() {
    if !is_alone("descriptors::an_accept_that_fails_for_want_of_a_descriptor_takes_no_client_out_of_the_queue") {
        return;
    }
    let place = Place::new();
    let listener = listening(&place.path);
    let client = connected(&place.path);
    let accept = |listener: &OwnedFd| accept_with(listener, SocketFlags::CLOEXEC);
    assert_eq!(without_descriptors(|| accept(&listener)).err(), Some(Errno::MFILE));
    assert_eq!(read(&client), Err(Errno::WOULDBLOCK));
    drop(accepted(&listener));
    assert_eq!(read(&client), Ok(0));
}
