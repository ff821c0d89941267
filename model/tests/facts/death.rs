//! The death of a process closes everything.

use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use rustix::io::Errno;

use crate::{Place, connected, listening, pair, probe, read, say, send_with, stream_socket};

/// A process that has these open, and does nothing. What the test gives away it has not open any more.
fn process(first: OwnedFd, second: OwnedFd) -> Child {
    let mut command = Command::new("sleep");
    command.arg("1000").stdin(Stdio::from(first)).stdout(Stdio::from(second)).spawn().expect("sleep")
}

fn kill(mut child: Child) {
    child.kill().expect("SIGKILL");
    child.wait().expect("wait");
}

#[test]
fn the_listener_of_a_killed_process_is_dead_once_it_was_waited_for() {
    for _ in 0..20 {
        let place = Place::new();
        let listener = listening(&place.path);
        let (client, server) = pair(&place.path, &listener);
        let waiter = connected(&place.path);
        let child = process(listener, server);
        assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
        kill(child);
        assert_eq!(probe(&place.path), Err(Errno::CONNREFUSED));
        assert_eq!(read(&client), Ok(0), "accepted");
        assert_eq!(read(&waiter), Err(Errno::CONNRESET), "queued");
    }
}

#[test]
fn a_message_to_a_killed_process_dies_with_it() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    let child = process(client, stream_socket());
    send_with(&server, &listener).unwrap();
    drop(listener);
    assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
    kill(child);
    assert_eq!(probe(&place.path), Err(Errno::CONNREFUSED));
    assert_eq!(read(&server), Err(Errno::CONNRESET));
}

#[test]
fn what_a_killed_process_has_sent_is_read() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    say(&server).unwrap();
    kill(process(server, listener));
    assert_eq!(read(&client), Ok(2));
    assert_eq!(read(&client), Ok(0));
}

#[test]
fn a_socket_that_two_processes_have_open_is_alive_until_both_are_dead() {
    let place = Place::new();
    let listener = listening(&place.path);
    let copy = listener.try_clone().unwrap();
    let first = process(listener, stream_socket());
    let second = process(copy, stream_socket());
    kill(first);
    assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
    kill(second);
    assert_eq!(probe(&place.path), Err(Errno::CONNREFUSED));
}
