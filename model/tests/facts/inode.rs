//! Numbers of inodes, and when they are used again.

use rustix::io::Errno;
use rustix::net::connect;

use crate::{
    Place, accepted, address, bound, connected, listening, number, path_of, pin, probe, read, stream_socket, unlink,
};

/// How often the system is tried.
const TRIES: usize = 200;

/// How many of so many sockets that come after another get the number of `taken`.
fn again(place: &Place, taken: u64) -> usize {
    let numbers = (0..TRIES).map(|_| {
        let socket = bound(&place.path);
        let number = number(&place.path);
        unlink(&place.path).unwrap();
        drop(socket);
        number
    });
    numbers.filter(|number| *number == taken).count()
}

#[test]
fn a_number_is_not_used_again_while_it_is_pinned_even_if_it_has_no_name() {
    let place = Place::new();
    drop(bound(&place.path));
    let (pin, taken) = (pin(&place.path), number(&place.path));
    unlink(&place.path).unwrap();
    assert_eq!(again(&place, taken), 0);
    assert_eq!(number(&path_of(&pin)), number(&path_of(&pin)));
}

#[test]
fn a_number_is_not_used_again_while_its_socket_is_open_even_if_it_has_no_name() {
    let place = Place::new();
    let socket = bound(&place.path);
    let taken = number(&place.path);
    unlink(&place.path).unwrap();
    assert_eq!(again(&place, taken), 0);
    drop(socket);
}

/// A client's connection keeps nothing: which is why it has the pin, or looks again before it unlinks.
#[test]
fn a_number_is_used_again_at_once_otherwise_on_ext4() {
    const EXT4: u64 = 0xef53;
    let place = Place::new();
    let listener = listening(&place.path);
    let client = connected(&place.path);
    let server = accepted(&listener);
    let taken = number(&place.path);
    unlink(&place.path).unwrap();
    drop((listener, server));
    let count = again(&place, taken);
    let file_system = rustix::fs::statfs(place.folder.path()).unwrap().f_type;
    println!("{count} of {TRIES} have the same number, on a file system of type {file_system:#x}");
    if u64::try_from(file_system) == Ok(EXT4) {
        assert!(count > 0, "the model lets numbers be used again: then it shows more than there is");
    }
    assert_eq!(read(&client), Ok(0));
}

#[test]
fn a_pinned_socket_is_reached_whatever_its_name_is() {
    let place = Place::new();
    let listener = listening(&place.path);
    let pin = pin(&place.path);
    let pinned = address(&path_of(&pin));
    let reaches = |what: &str| {
        let socket = stream_socket();
        connect(&socket, &pinned).unwrap_or_else(|errno| panic!("{what}: {errno}"));
        accepted(&listener);
        assert_eq!(probe(&path_of(&pin)), Err(Errno::PROTOTYPE), "{what}");
    };
    reaches("in place");
    std::fs::rename(&place.path, place.other()).unwrap();
    reaches("moved");
    let _second = bound(&place.path);
    reaches("another at its path");
    unlink(&place.other()).unwrap();
    reaches("unlinked");
    drop(listener);
    assert_eq!(probe(&path_of(&pin)), Err(Errno::CONNREFUSED), "dead");
    assert_eq!(connect(stream_socket(), &pinned), Err(Errno::CONNREFUSED), "dead");
    assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE), "the other one is not meant");
}
