//! The two ends of a connection.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread};
use rustix::net::{Shutdown, shutdown};

use crate::{Place, accepted, connected, listening, pair, read, receive, say, send_with};

#[test]
fn an_accepted_end_that_is_closed_is_a_clean_end_of_stream() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    drop(server);
    assert_eq!(read(&client), Ok(0));
}

#[test]
fn what_was_sent_before_the_server_closed_is_read_before_the_end() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    assert_eq!(say(&server), Ok(2));
    drop((server, listener));
    assert_eq!(read(&client), Ok(2));
    assert_eq!(read(&client), Ok(0));
}

#[test]
fn a_server_that_sends_to_a_client_that_has_closed_is_told() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    drop(client);
    assert_eq!(say(&server), Err(Errno::PIPE));
    assert_eq!(read(&server), Ok(0));
}

/// So it can be woken before the lock is sent to it.
#[test]
fn a_server_that_shuts_its_end_down_for_reading_wakes_the_client_and_can_still_send() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    shutdown(&server, Shutdown::Read).unwrap();
    assert_eq!(read(&client), Err(Errno::AGAIN), "no end of the stream");
    assert_eq!(send_with(&server, &listener), Ok(2));
    assert!(matches!(receive(&client), (Some(_), false)));
    drop(server);
    assert_eq!(read(&client), Ok(0));
}

#[test]
fn a_client_that_closed_while_it_was_queued_is_told_the_same_way() {
    let place = Place::new();
    let listener = listening(&place.path);
    drop(connected(&place.path));
    let server = accepted(&listener);
    assert_eq!(read(&server), Ok(0));
    assert_eq!(say(&server), Err(Errno::PIPE));
}

/// The reset is an end of the stream, and a send says that the client is gone, one way or the other.
#[test]
fn a_client_that_closes_with_something_unread_resets_the_server() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    say(&server).unwrap();
    drop(client);
    assert_eq!(read(&server), Err(Errno::CONNRESET));
    assert_eq!(read(&server), Ok(0));
    assert_eq!(say(&server), Err(Errno::PIPE));
}

#[test]
fn a_client_that_is_shut_down_for_reading_gets_nothing_more_and_can_read_what_has_arrived() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    say(&server).unwrap();
    shutdown(&client, Shutdown::Read).unwrap();
    assert_eq!(say(&server), Err(Errno::PIPE));
    assert_eq!(read(&client), Ok(2));
    assert_eq!(read(&client), Ok(0));
    assert_eq!(read(&server), Err(Errno::WOULDBLOCK), "the server sees no end");
}

/// So it is for one that is not accepted yet: the process that accepts it later is told.
#[test]
fn a_client_that_is_shut_down_for_reading_in_the_queue_gets_nothing() {
    let place = Place::new();
    let listener = listening(&place.path);
    let client = connected(&place.path);
    shutdown(&client, Shutdown::Read).unwrap();
    let server = accepted(&listener);
    assert_eq!(say(&server), Err(Errno::PIPE));
    assert_eq!(read(&server), Err(Errno::WOULDBLOCK), "the server sees no end");
}

/// The gentle way out: the server is told, and what it sends arrives.
#[test]
fn a_client_that_is_shut_down_for_writing_is_at_its_end_and_gets_what_is_sent() {
    let place = Place::new();
    let listener = listening(&place.path);
    let client = connected(&place.path);
    shutdown(&client, Shutdown::Write).unwrap();
    let server = accepted(&listener);
    assert_eq!(read(&server), Ok(0));
    assert_eq!(say(&server), Ok(2));
    drop(server);
    assert_eq!(read(&client), Ok(2));
    assert_eq!(read(&client), Ok(0));
}

/// The rude way out: the client reads what has arrived, then an end, whether the server is there or not.
#[test]
fn a_client_that_is_shut_down_both_ways_reads_an_end_although_the_server_is_there() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    say(&server).unwrap();
    shutdown(&client, Shutdown::Both).unwrap();
    assert_eq!(say(&server), Err(Errno::PIPE));
    assert_eq!(read(&server), Ok(0));
    assert_eq!(read(&client), Ok(2));
    assert_eq!(read(&client), Ok(0));
    let mut fds = [PollFd::new(&server, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap();
    assert!(fds[0].revents().contains(PollFlags::HUP));
}

/// What a peer has sent is counted, and to close it can be left to another thread.
#[test]
fn what_has_arrived_is_counted_and_stays_there() {
    let place = Place::new();
    let listener = listening(&place.path);
    let (client, server) = pair(&place.path, &listener);
    assert_eq!(ioctl_fionread(&client), Ok(0));
    assert_eq!(say(&server), Ok(2));
    assert_eq!((ioctl_fionread(&client), ioctl_fionread(&client)), (Ok(2), Ok(2)));
    drop(server);
    assert_eq!(ioctl_fionread(&client), Ok(2), "the end is behind it");
    assert_eq!(read(&client), Ok(2));
    assert_eq!(ioctl_fionread(&client), Ok(0), "at the end");
}
