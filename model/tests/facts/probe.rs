//! The probe: connecting a datagram socket tells whether some process has a stream socket open.

use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, bind, listen, shutdown, socket_with};

use crate::{Place, accepted, address, bound, connected, listening_with, probe, unlink};

#[test]
fn a_socket_that_is_bound_and_does_not_listen_is_alive() {
    let place = Place::new();
    let _socket = bound(&place.path);
    assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
}

#[test]
fn a_listener_is_alive_and_its_queue_is_empty_afterwards() {
    let place = Place::new();
    let listener = listening_with(&place.path, 0);
    for _ in 0..10 {
        assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
    }
    let _first = connected(&place.path);
    accepted(&listener);
}

#[test]
fn a_listener_that_refuses_or_whose_queue_is_full_is_alive() {
    let place = Place::new();
    let listener = listening_with(&place.path, 0);
    let _queued = connected(&place.path);
    assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
    shutdown(&listener, Shutdown::Read).unwrap();
    assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
}

#[test]
fn a_socket_that_no_process_has_open_is_dead() {
    let place = Place::new();
    drop(bound(&place.path));
    assert_eq!(probe(&place.path), Err(Errno::CONNREFUSED));
}

#[test]
fn a_regular_file_is_refused_as_a_dead_socket_is() {
    let place = Place::new();
    std::fs::write(&place.path, "").unwrap();
    assert_eq!(probe(&place.path), Err(Errno::CONNREFUSED));
}

#[test]
fn nothing_is_not_found() {
    assert_eq!(probe(&Place::new().path), Err(Errno::NOENT));
}

#[test]
fn a_datagram_socket_is_told_from_both() {
    let place = Place::new();
    let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).unwrap();
    bind(&socket, &address(&place.path)).unwrap();
    assert_eq!(probe(&place.path), Ok(()));
}

/// The inode is looked up by its path; what was bound there before is not found by it.
#[test]
fn another_socket_at_the_same_path_does_not_make_the_first_alive() {
    let place = Place::new();
    let first = bound(&place.path);
    std::fs::rename(&place.path, place.other()).unwrap();
    let second = bound(&place.path);
    drop(first);
    assert_eq!(probe(&place.other()), Err(Errno::CONNREFUSED));
    assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
    unlink(&place.other()).unwrap();
    listen(&second, 1).unwrap();
    assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
}
