//! An abstract name: what is bound to it, what keeps it, what frees it.

use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::MutexGuard;

use rustix::io::{Errno, Result};
use rustix::net::{AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType};
use rustix::net::{bind, connect, listen, shutdown, socket_with};

use crate::{ONE_AT_A_TIME, accepted, is_alone, read, receive, say, send_with, stream_socket};

/// A name that no other fact uses.
struct Name {
    address: SocketAddrUnix,
    _alone: MutexGuard<'static, ()>,
}

impl Name {
    fn new(name: &str) -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let name = format!("slocket-fact/{}/{name}", std::process::id());
        Self { address: SocketAddrUnix::new_abstract_name(name.as_bytes()).unwrap(), _alone: alone }
    }

    fn bind(&self) -> Result<OwnedFd> {
        let socket = stream_socket();
        bind(&socket, &self.address)?;
        Ok(socket)
    }

    fn listening(&self) -> OwnedFd {
        let socket = self.bind().unwrap();
        listen(&socket, 100).unwrap();
        socket
    }

    fn connect(&self) -> Result<OwnedFd> {
        let socket = stream_socket();
        connect(&socket, &self.address)?;
        Ok(socket)
    }

    fn bind_datagram(&self) -> Result<OwnedFd> {
        let socket = datagram_socket();
        bind(&socket, &self.address)?;
        Ok(socket)
    }

    /// Whether a bind says that it is free. (What is bound is closed again.)
    fn is_free(&self) -> bool {
        match self.bind() {
            Ok(_) => true,
            Err(Errno::ADDRINUSE) => false,
            Err(errno) => panic!("{errno}"),
        }
    }
}

fn datagram_socket() -> OwnedFd {
    socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).unwrap()
}

#[test]
fn it_is_free_at_the_close_of_the_last_descriptor_and_not_before() {
    let name = Name::new("last");
    let listener = name.listening();
    let copy = listener.try_clone().unwrap();
    assert_eq!(name.bind().err(), Some(Errno::ADDRINUSE));
    drop(listener);
    assert!(!name.is_free());
    drop(name.connect().unwrap());
    drop(copy);
    assert!(name.is_free());
}

/// Neither the clients that are connected to it nor the connections that it has accepted keep it, although they carry its address.
#[test]
fn it_is_free_whatever_connections_are_left() {
    let name = Name::new("connections");
    let listener = name.listening();
    let (client, queued) = (name.connect().unwrap(), name.connect().unwrap());
    let server = accepted(&listener);
    drop(listener);
    assert!(name.is_free());
    assert_eq!(say(&server), Ok(2), "an accepted client is still served");
    assert_eq!(read(&client), Ok(2));
    assert_eq!(read(&queued), Err(Errno::CONNRESET));
}

#[test]
fn it_is_kept_by_a_message_and_freed_with_the_receiver_that_has_not_read_it() {
    let name = Name::new("message");
    let listener = name.listening();
    let client = name.connect().unwrap();
    let server = accepted(&listener);
    let waiter = name.connect().unwrap();
    send_with(&server, &listener).unwrap();
    drop((listener, server));
    assert!(!name.is_free(), "only the message holds it");
    let late = name.connect().unwrap();
    drop(client);
    assert!(name.is_free());
    assert_eq!((read(&waiter), read(&late)), (Err(Errno::CONNRESET), Err(Errno::CONNRESET)));
}

#[test]
fn it_is_handed_over_with_its_queue() {
    let name = Name::new("handed");
    let listener = name.listening();
    let client = name.connect().unwrap();
    let server = accepted(&listener);
    let _waiter = name.connect().unwrap();
    send_with(&server, &listener).unwrap();
    drop((listener, server));
    let (received, _) = receive(&client);
    drop(accepted(&received.unwrap()));
    assert!(name.is_free());
}

/// It is not told from one that is bound and does not listen yet.
#[test]
fn a_connect_is_refused_before_listen_and_when_no_process_has_it() {
    let name = Name::new("refused");
    assert_eq!(name.connect().err(), Some(Errno::CONNREFUSED), "no process listens");
    let socket = name.bind().unwrap();
    assert_eq!(name.connect().err(), Some(Errno::CONNREFUSED), "bound");
    listen(&socket, 0).unwrap();
    let _queued = name.connect().unwrap();
    assert_eq!(name.connect().err(), Some(Errno::WOULDBLOCK), "full");
}

/// So a close out has no use for it: a client that was refused could not bind either.
#[test]
fn a_shutdown_refuses_and_keeps_the_name() {
    let name = Name::new("shut");
    let listener = name.listening();
    shutdown(&listener, Shutdown::Read).unwrap();
    assert_eq!(name.connect().err(), Some(Errno::CONNREFUSED));
    assert!(!name.is_free());
}

/// So the probe tells nothing of a stream socket, and other types are not in the way.
#[test]
fn the_type_of_the_socket_is_a_part_of_the_name() {
    let name = Name::new("type");
    let _listener = name.listening();
    assert_eq!(connect(datagram_socket(), &name.address), Err(Errno::CONNREFUSED), "the probe");
    let _datagram = name.bind_datagram().unwrap();
    drop(name.connect().unwrap());
    assert!(!name.is_free());
}

/// Bytes, and their number: no NUL ends it.
#[test]
fn longer_names_are_others() {
    let name = Name::new("long");
    let _listener = name.listening();
    let longer = |name: &[u8]| SocketAddrUnix::new_abstract_name(name).unwrap();
    let bytes = name.address.abstract_name().unwrap().to_vec();
    for other in [[&bytes[..], b"\0"].concat(), [&bytes[..], b"/"].concat()] {
        bind(stream_socket(), &longer(&other)).unwrap();
        assert_eq!(connect(stream_socket(), &longer(&other)), Err(Errno::CONNREFUSED));
    }
}

/// The kernel closes what a process has open when it dies: also the name of a listener.
#[test]
fn it_is_free_when_its_process_is_killed() {
    const NAME: &str = "abstract_name::it_is_free_when_its_process_is_killed";
    const HOLDS: &str = "SLOCKET_FACT_HOLDS";
    if std::env::var_os(HOLDS).is_some() {
        loop {
            std::thread::park();
        }
    }
    if !is_alone(NAME) {
        return;
    }
    let name = Name::new("killed");
    let listener = name.listening();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", NAME]).env(HOLDS, "").stdin(listener.try_clone().unwrap()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop((command, listener));
    assert!(!name.is_free(), "the child has it");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(name.is_free());
}

#[test]
fn it_needs_no_file_and_no_permission() {
    const NAME: &str = "abstract_name::it_needs_no_file_and_no_permission";
    if !is_alone(NAME) {
        return;
    }
    // Not even write permission can be kept from others: the umask does not apply to it.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o777));
    let name = Name::new("umask");
    let _listener = name.listening();
    let _client = name.connect().unwrap();
}
