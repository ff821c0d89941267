//! The accept queue.

use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    Shutdown, SocketAddrUnix, SocketFlags, accept_with, acceptfrom_with, bind, connect, listen, shutdown,
};

use crate::{
    Place, accepted, address, bound, connected, is_alone, listening, listening_with, read, say, stream_socket,
    try_connect,
};

#[test]
fn a_stream_connect_to_what_does_not_listen_is_refused() {
    let place = Place::new();
    let socket = bound(&place.path);
    assert_eq!(try_connect(&place.path).err(), Some(Errno::CONNREFUSED), "bound");
    drop(socket);
    assert_eq!(try_connect(&place.path).err(), Some(Errno::CONNREFUSED), "dead");
    std::fs::remove_file(&place.path).unwrap();
    assert_eq!(try_connect(&place.path).err(), Some(Errno::NOENT), "nothing");
    std::fs::write(&place.path, "").unwrap();
    assert_eq!(try_connect(&place.path).err(), Some(Errno::CONNREFUSED), "a file");
}

#[test]
fn a_connect_completes_without_an_accept() {
    let place = Place::new();
    let _listener = listening(&place.path);
    let client = connected(&place.path);
    assert_eq!(read(&client), Err(Errno::WOULDBLOCK));
    assert_eq!(say(&client), Ok(2));
}

#[test]
fn a_queue_of_backlog_n_takes_one_more_and_then_says_so_at_once() {
    for backlog in [0, 1, 4] {
        let place = Place::new();
        let listener = listening_with(&place.path, backlog);
        let mut queued: Vec<_> = (0..=backlog).map(|_| connected(&place.path)).collect();
        assert_eq!(try_connect(&place.path).err(), Some(Errno::WOULDBLOCK), "backlog {backlog}");
        accepted(&listener);
        queued.push(connected(&place.path));
        assert_eq!(try_connect(&place.path).err(), Some(Errno::WOULDBLOCK), "backlog {backlog}");
    }
}

/// Binds a socket to an abstract name, as with the badge, and connects it.
fn connected_as(name: &str, place: &Place) -> OwnedFd {
    let socket = stream_socket();
    bind(&socket, &abstract_name(name)).unwrap();
    connect(&socket, &address(&place.path)).unwrap();
    socket
}

fn abstract_name(name: &str) -> SocketAddrUnix {
    SocketAddrUnix::new_abstract_name(format!("slocket-fact/{}/{name}", std::process::id()).as_bytes()).unwrap()
}

fn accepted_name(listener: &OwnedFd) -> SocketAddrUnix {
    let (_, address) = acceptfrom_with(listener, SocketFlags::CLOEXEC).unwrap();
    SocketAddrUnix::try_from(address.unwrap()).unwrap()
}

#[test]
fn they_are_accepted_in_the_order_in_which_they_connected_by_their_badges() {
    let place = Place::new();
    let listener = listening(&place.path);
    let names: Vec<_> = (0..10).map(|each| format!("order {each}")).collect();
    let _queued: Vec<_> = names.iter().map(|name| connected_as(name, &place)).collect();
    for name in &names {
        assert_eq!(accepted_name(&listener), abstract_name(name));
    }
}

#[test]
fn a_client_without_a_badge_has_no_name() {
    let place = Place::new();
    let listener = listening(&place.path);
    let _client = connected(&place.path);
    let (_, address) = acceptfrom_with(&listener, SocketFlags::CLOEXEC).unwrap();
    let name = address.and_then(|address| SocketAddrUnix::try_from(address).ok());
    let is_empty = |name: SocketAddrUnix| name.abstract_name().is_none_or(<[u8]>::is_empty);
    assert!(name.is_none_or(is_empty));
}

#[test]
fn a_client_that_closes_stays_in_the_queue_with_its_badge() {
    let place = Place::new();
    let listener = listening(&place.path);
    drop(connected_as("gone", &place));
    let _second = connected_as("second", &place);
    let (gone, address) = acceptfrom_with(&listener, SocketFlags::CLOEXEC).unwrap();
    assert_eq!(SocketAddrUnix::try_from(address.unwrap()).unwrap(), abstract_name("gone"));
    assert_eq!(read(&gone), Ok(0), "the end of its stream");
    assert_eq!(accepted_name(&listener), abstract_name("second"));
}

#[test]
fn an_empty_queue_is_said_at_once() {
    let place = Place::new();
    let listener = listening(&place.path);
    assert_eq!(accept_with(&listener, SocketFlags::CLOEXEC).err(), Some(Errno::WOULDBLOCK));
}

#[test]
fn a_listener_shut_down_for_reading_refuses_newcomers_and_keeps_its_queue() {
    let place = Place::new();
    let listener = listening(&place.path);
    let client = connected(&place.path);
    shutdown(&listener, Shutdown::Read).unwrap();
    assert_eq!(try_connect(&place.path).err(), Some(Errno::CONNREFUSED));
    assert_eq!(read(&client), Err(Errno::WOULDBLOCK), "nothing has happened to the queued client");
    drop(accepted(&listener));
    assert_eq!(read(&client), Ok(0), "a clean end");
    assert_eq!(accept_with(&listener, SocketFlags::CLOEXEC).err(), Some(Errno::WOULDBLOCK), "no client is left");
    ioctl_fionbio(&listener, false).unwrap();
    assert_eq!(
        accept_with(&listener, SocketFlags::CLOEXEC).err(),
        Some(Errno::INVAL),
        "one that blocks does not, then"
    );
}

/// That is why a close out shuts the listener down before it accepts the queued clients: npm's server does not do that.
#[test]
fn a_listener_that_is_closed_resets_clients_that_it_had_not_accepted() {
    let place = Place::new();
    let listener = listening(&place.path);
    let client = connected(&place.path);
    drop(listener);
    assert_eq!(read(&client), Err(Errno::CONNRESET));
    assert_eq!(read(&client), Ok(0), "and afterwards an end");
}

/// A waiter keeps its place when the listener is passed on, and any process that has it open may accept.
#[test]
fn a_queue_belongs_to_the_listener_and_not_to_a_process() {
    let place = Place::new();
    let listener = listening(&place.path);
    let client = connected_as("queued", &place);
    let other = listener.try_clone().unwrap();
    drop(listener);
    assert_eq!(read(&client), Err(Errno::WOULDBLOCK));
    assert_eq!(accepted_name(&other), abstract_name("queued"));
}

/// A process that takes a listener over listens again; the queue does not suffer.
#[test]
fn listening_again_names_the_new_holder_and_keeps_the_queue() {
    const NAME: &str = "queue::listening_again_names_the_new_holder_and_keeps_the_queue";
    const LISTENS: &str = "SLOCKET_FACT_LISTENS";
    if std::env::var_os(LISTENS).is_some() {
        return listen(std::io::stdin(), 100).unwrap();
    }
    if !is_alone(NAME) {
        return;
    }
    let place = Place::new();
    let listener = listening(&place.path);
    let before = connected_as("before", &place);
    let myself = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new(myself);
    command.args(["--exact", NAME]).env(LISTENS, "").stdin(listener.try_clone().unwrap());
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    assert!(child.wait().unwrap().success());
    let after = connected_as("after", &place);
    let peer = |client: &OwnedFd| socket_peercred(client).unwrap().pid.as_raw_nonzero().get();
    assert_eq!(peer(&before), i32::try_from(std::process::id()).unwrap());
    assert_eq!(peer(&after), pid);
    assert_eq!(accepted_name(&listener), abstract_name("before"));
    assert_eq!(accepted_name(&listener), abstract_name("after"));
}

/// A client is not taken out of it by asking, nor by another one that goes.
#[test]
fn a_queue_that_is_not_empty_says_so_and_stays_so() {
    let place = Place::new();
    let listener = listening(&place.path);
    assert!(!is_readable(&listener), "empty");
    let client = connected(&place.path);
    assert!(is_readable(&listener) && is_readable(&listener));
    drop(client);
    assert!(is_readable(&listener), "it has gone");
    accepted(&listener);
    assert!(!is_readable(&listener), "accepted");
}

fn is_readable(socket: &OwnedFd) -> bool {
    let at_once = Timespec::default();
    let mut asked = [PollFd::new(socket, PollFlags::IN)];
    poll(&mut asked, Some(&at_once)).unwrap() == 1
}
