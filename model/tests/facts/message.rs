//! A listener on its way, as a part of a message.

use rustix::io::Errno;

use crate::{Place, accepted, connected, listening, pair, probe, read, receive, send_with, try_connect};

#[test]
fn a_listener_is_alive_while_only_a_message_carries_it() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    assert_eq!(send_with(&server, &listener), Ok(2));
    drop((server, listener));
    assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
    let waiter = connected(&place.path);
    let (received, is_cut) = receive(&client);
    assert!(!is_cut);
    drop(accepted(&received.unwrap()));
    assert_eq!(read(&waiter), Ok(0));
}

#[test]
fn it_dies_with_the_receiver_that_has_not_read_it_and_resets_its_queue() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    let waiter = connected(&place.path);
    send_with(&server, &listener).unwrap();
    drop((server, listener));
    drop(client);
    assert_eq!(probe(&place.path), Err(Errno::CONNREFUSED));
    assert_eq!(read(&waiter), Err(Errno::CONNRESET));
}

/// The sender has it still, if the send fails.
#[test]
fn a_send_that_fails_keeps_nothing() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    drop(client);
    assert_eq!(send_with(&server, &listener), Err(Errno::PIPE));
    assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
    drop(listener);
    assert_eq!(probe(&place.path), Err(Errno::CONNREFUSED));
}

/// A message in the queue of a connection in the queue of a listener.
#[test]
fn it_is_alive_in_a_connection_that_is_not_accepted_and_dies_with_that_queue() {
    for is_accepted in [true, false] {
        let place = Place::new();
        let listener = listening(&place.path);
        let outer_listener = listening(&place.other());
        let sender = connected(&place.other());
        send_with(&sender, &listener).unwrap();
        drop((listener, sender));
        assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
        if is_accepted {
            let (received, _) = receive(&accepted(&outer_listener));
            assert_eq!(probe(&place.path), Err(Errno::PROTOTYPE));
            drop(received);
        } else {
            drop(outer_listener);
        }
        assert_eq!(probe(&place.path), Err(Errno::CONNREFUSED), "accepted: {is_accepted}");
        assert_eq!(try_connect(&place.path).err(), Some(Errno::CONNREFUSED));
    }
}

/// As npm's slocket reads, which knows nothing of descriptors.
#[test]
fn it_dies_if_it_is_read_without_asking_for_descriptors() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    send_with(&server, &listener).unwrap();
    drop((server, listener));
    assert_eq!(read(&client), Ok(2));
    assert_eq!(probe(&place.path), Err(Errno::CONNREFUSED));
}
