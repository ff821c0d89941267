//! Copies of descriptors, as fork makes them: what acts on the copy, and what acts on all.

use std::io::IoSliceMut;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, Shutdown, getpeername, getsockname, recvmsg, shutdown};

use crate::{Place, connected, listening, pair, probe, read, say, send_with, try_connect, unlink};

/// A process that has a copy of this open, and does nothing.
struct Copy(Child);

impl Copy {
    fn of(descriptor: &OwnedFd) -> Self {
        let copy = descriptor.try_clone().expect("a copy");
        Self(Command::new("sleep").arg("1000").stdin(Stdio::from(copy)).spawn().expect("sleep"))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.0.kill().expect("SIGKILL");
        self.0.wait().expect("wait");
    }
}

fn is_free(place: &Place) -> bool {
    flock(place.open(), FlockOperation::NonBlockingLockExclusive).is_ok()
}

#[test]
fn a_guard_that_is_closed_alone_stays_with_the_copy() {
    let place = Place::new();
    let folder = place.open();
    flock(&folder, FlockOperation::NonBlockingLockShared).unwrap();
    let copy = Copy::of(&folder);
    drop(folder);
    assert!(!is_free(&place));
    drop(copy);
    assert!(is_free(&place));
}

#[test]
fn a_guard_that_is_unlocked_is_gone_whatever_copies_there_are() {
    let place = Place::new();
    let folder = place.open();
    flock(&folder, FlockOperation::NonBlockingLockExclusive).unwrap();
    let _copy = Copy::of(&folder);
    flock(&folder, FlockOperation::Unlock).unwrap();
    assert!(is_free(&place));
}

/// So a child that unlocks takes its parent's guard away.
#[test]
fn a_copy_unlocks_for_all() {
    let place = Place::new();
    let folder = place.open();
    flock(&folder, FlockOperation::NonBlockingLockExclusive).unwrap();
    flock(folder.try_clone().unwrap(), FlockOperation::Unlock).unwrap();
    assert!(is_free(&place));
}

#[test]
fn a_connection_that_is_closed_alone_does_not_end_while_there_is_a_copy() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    let copy = Copy::of(&client);
    drop(client);
    assert_eq!(read(&server), Err(Errno::WOULDBLOCK));
    assert_eq!(say(&server), Ok(2), "a message that is never read");
    drop(copy);
    assert!(matches!(read(&server), Ok(0) | Err(Errno::CONNRESET)));

    let (client, server) = pair(&place.path, &listener);
    let copy = Copy::of(&server);
    drop(server);
    assert_eq!(read(&client), Err(Errno::WOULDBLOCK));
    drop(copy);
    assert_eq!(read(&client), Ok(0));
}

#[test]
fn a_connection_that_is_shut_down_ends_whatever_copies_there_are() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    let _copy = Copy::of(&client);
    shutdown(&client, Shutdown::Both).unwrap();
    drop(client);
    assert_eq!(read(&server), Ok(0));
    assert_eq!(say(&server), Err(Errno::PIPE));

    let (client, server) = pair(&place.path, &listener);
    let _copy = Copy::of(&server);
    shutdown(&server, Shutdown::Both).unwrap();
    drop(server);
    assert_eq!(read(&client), Ok(0));
}

/// So a child that cancels makes the wait of its parent fail.
#[test]
fn a_copy_shuts_down_for_all() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    shutdown(client.try_clone().unwrap(), Shutdown::Read).unwrap();
    assert_eq!(read(&client), Ok(0));
    assert_eq!(say(&server), Err(Errno::PIPE));
}

/// A server that has sent the lock may end the connection in both directions at once.
#[test]
fn what_was_sent_before_a_shutdown_is_read_before_the_end() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    send_with(&server, &listener).unwrap();
    shutdown(&server, Shutdown::Both).unwrap();
    drop(server);
    assert!(matches!(crate::receive(&client), (Some(_), false)));
    assert_eq!(read(&client), Ok(0));
}

#[test]
fn a_copy_of_a_listener_keeps_it_alive_with_its_queue() {
    let place = Place::new();
    let listener = listening(&place.path);
    let waiter = connected(&place.path);
    let copy = Copy::of(&listener);
    drop(listener);
    assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
    assert_eq!(read(&waiter), Err(Errno::WOULDBLOCK));
    drop(copy);
    assert_eq!(probe(&place.path), Err(Errno::CONNREFUSED));
    assert_eq!(read(&waiter), Err(Errno::CONNRESET));
}

/// A close-out refuses new clients, and ends the queued ones; a copy does not change that.
#[test]
fn a_listener_that_refuses_refuses_whatever_copies_there_are() {
    let place = Place::new();
    let listener = listening(&place.path);
    let _copy = Copy::of(&listener);
    shutdown(&listener, Shutdown::Read).unwrap();
    drop(listener);
    assert_eq!(try_connect(&place.path).err(), Some(Errno::CONNREFUSED));
    assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
}

/// By this a waiter tells whether the listener that it receives is the one that it has connected to.
#[test]
fn the_peer_of_a_connection_has_the_name_of_the_listener() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    assert_eq!(getpeername(&client).unwrap(), Some(getsockname(&listener).unwrap()));
    assert_eq!(getsockname(&server).unwrap(), getsockname(&listener).unwrap());
    // The kernel may tell it with a message, too.
    say(&server).unwrap();
    let (mut bytes, mut none) = ([0; 2], RecvAncillaryBuffer::default());
    let message = recvmsg(&client, &mut [IoSliceMut::new(&mut bytes)], &mut none, RecvFlags::empty()).unwrap();
    assert!(message.address.is_none_or(|sender| sender == getsockname(&listener).unwrap()));
    std::fs::rename(&place.path, place.other()).unwrap();
    let other = listening(&place.path);
    assert_eq!(getsockname(&listener).unwrap(), getsockname(&other).unwrap(), "the name alone does not tell");
    unlink(&place.other()).unwrap();
}
