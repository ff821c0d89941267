//! Locks shared with participants that cannot take a listener, as npm's: they are lent the lock over a connection.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use rustix::process::Signal;

use crate::harness::{Folder, HANG, HOLD, hold, start};

/// Queues at the tool's lock, as a client that cannot take a listener.
fn queue(folder: &Folder) -> UnixStream {
    let connection = UnixStream::connect(folder.lock()).expect("the tool listens");
    connection.set_read_timeout(Some(HANG)).expect("not zero");
    connection
}

#[track_caller]
fn read_ok(connection: &mut UnixStream) {
    let mut ok = [0; 2];
    connection.read_exact(&mut ok).expect("it is our turn");
    assert_eq!(&ok, b"OK");
}

#[test]
fn the_lender_stays_until_the_lock_is_back() {
    let folder = Folder::new();
    let mut tool = hold(&folder, &[]);
    let mut client = queue(&folder);
    let next = start(folder.run(&["-q"], &["echo", "next"]));
    tool.tell();
    read_ok(&mut client);
    let line = format!(
        "slocket: {}: lent to a client that cannot take it over; waiting until it is done",
        folder.lock().display()
    );
    assert_eq!(tool.error_line(), line);
    folder.assert_held();
    drop(client);
    tool.assert_end(0, "", "");
    next.assert_end(0, "next\n", "");
    folder.assert_empty();
}

#[test]
fn a_lender_can_be_stopped_by_a_signal() {
    let folder = Folder::new();
    let mut tool = hold(&folder, &[]);
    let mut client = queue(&folder);
    tool.tell();
    read_ok(&mut client);
    tool.error_line();
    tool.signal(Signal::TERM);
    tool.assert_killed_by(Signal::TERM);
}

/// To learn the holder, it asks the server at which it waits, and not once more.
#[test]
fn a_waiter_at_a_server_that_may_lend_has_one_place_in_its_queue() {
    let folder = Folder::new();
    let server = UnixListener::bind(folder.lock()).expect("a socket");
    let mut tool = start(folder.run(&[], &["true"]));
    let line = tool.error_line();
    assert!(line.contains(&format!("waiting: held by pid {}", std::process::id())), "{line}");
    server.set_nonblocking(true).expect("it can");
    let (mut connection, _) = server.accept().expect("it has come");
    assert_eq!(server.accept().expect_err("no other client comes").kind(), io::ErrorKind::WouldBlock);
    connection.write_all(b"OK").expect("it waits");
    assert!(tool.status().success());
}

#[test]
fn a_lock_on_loan_is_inherited_too() {
    for (options, outlives) in [(&[][..], true), (&["-o"], false)] {
        let folder = Folder::new();
        let server = UnixListener::bind(folder.lock()).expect("a socket");
        let mut tool = start(folder.run(options, &HOLD));
        let (mut connection, _) = server.accept().expect("the tool comes");
        connection.write_all(b"OK").expect("it waits");
        tool.expect_output("up");
        tool.signal(Signal::KILL);
        tool.assert_killed_by(Signal::KILL);
        connection.set_nonblocking(true).expect("it can");
        // Open: there is nothing to be read. Closed: the end is to be read.
        assert_eq!(connection.read(&mut [0]).is_err(), outlives, "{options:?}");
        connection.set_nonblocking(false).expect("it can");
        connection.set_read_timeout(Some(HANG)).expect("not zero");
        tool.tell();
        assert_eq!(connection.read(&mut [0]).expect("the command ends"), 0);
    }
}

#[test]
fn a_waiter_that_has_given_up_stays_until_a_server_that_may_lend_has_noticed() {
    let folder = Folder::new();
    let server = UnixListener::bind(folder.lock()).expect("a socket");
    let serving = thread::spawn(move || {
        let (mut connection, _) = server.accept().expect("the tool comes");
        connection.set_read_timeout(Some(HANG)).expect("not zero");
        assert_eq!(connection.read(&mut [0]).expect("it gives up"), 0);
        // Long enough for a tool that does not stay.
        let meanwhile = Folder::new();
        for _ in 0..5 {
            meanwhile.assert_free();
        }
        // npm's server grants to those whose end it has not read yet. It must neither fail nor grant anything.
        connection.write_all(b"OK").expect("no EPIPE");
    });
    let (code, errors) = start(folder.run(&["-w", "100ms"], &["echo", "ran"])).end();
    assert_eq!(code, Some(75), "{errors}");
    serving.join().expect("the server was not hurt");
}

#[test]
fn a_tool_that_does_not_wait_does_not_queue_at_a_server_that_may_lend() {
    let folder = Folder::new();
    let server = UnixListener::bind(folder.lock()).expect("a socket");
    let message =
        format!("slocket: {}: held by a server that lends it to others, such as npm's\n", folder.lock().display());
    start(folder.run(&["-n"], &["echo", "ran"])).assert_end(75, "", &message);
    start(folder.run(&["-w", "0"], &["echo", "ran"])).assert_end(75, "", &message);
    server.set_nonblocking(true).expect("it can");
    assert_eq!(server.accept().expect_err("no client came").kind(), io::ErrorKind::WouldBlock);
}

/// It knows of no shares, and would hold the lock beside one.
#[test]
fn no_share_is_had_beside_a_client_that_waits() {
    for options in [&["-s"][..], &["--slots", "2"]] {
        let folder = Folder::new();
        let mut tool = hold(&folder, &[]);
        let reader = start(folder.run(options, &["echo", "ran"]));
        reader.error_line();
        let mut client = queue(&folder);
        tool.tell();
        tool.assert_end(0, "", "");
        let path = folder.lock().display().to_string();
        let reason =
            "npm's slocket, which ignores shares, uses this lock, too; acquire the lock itself, or choose another path";
        assert_eq!(reader.error_line(), format!("slocket: {path}: {reason}"));
        // A lender, which stays, has lent it the lock.
        read_ok(&mut client);
        let lent = "lent to a client that cannot take it over; waiting until it is done";
        assert_eq!(reader.error_line(), format!("slocket: {path}: {lent}"));
        folder.assert_held();
        drop(client);
        reader.assert_end(73, "", "");
        folder.assert_empty();
    }
}
