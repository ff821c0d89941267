//! The kernel's table of Unix sockets (`sock_diag(7)`).
//!
//! Reading it disturbs no process. It names every socket of this network namespace, with its owner, and for a listener the
//! sockets in its queue, in the order in which they came.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};

// linux/netlink.h
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
/// The type's upper bits are flags.
const NLA_TYPE_MASK: u16 = 0x3fff;

// linux/sock_diag.h
const SOCK_DIAG_BY_FAMILY: u16 = 20;

// linux/unix_diag.h
const UDIAG_SHOW_NAME: u32 = 0x1;
const UDIAG_SHOW_VFS: u32 = 0x2;
const UDIAG_SHOW_PEER: u32 = 0x4;
const UDIAG_SHOW_ICONS: u32 = 0x8;
const UDIAG_SHOW_RQLEN: u32 = 0x10;
const UDIAG_SHOW_UID: u32 = 0x40;
const UNIX_DIAG_NAME: u16 = 0;
const UNIX_DIAG_VFS: u16 = 1;
const UNIX_DIAG_PEER: u16 = 2;
const UNIX_DIAG_ICONS: u16 = 3;
const UNIX_DIAG_RQLEN: u16 = 4;
const UNIX_DIAG_SHUTDOWN: u16 = 6;
const UNIX_DIAG_UID: u16 = 7;

const AF_UNIX: u8 = 1;
const SOCK_STREAM: u8 = 1;
const TCP_LISTEN: u8 = 10;

/// More than one answer can have: the kernel gives up on one that is longer than 64 KiB.
const ANSWER: usize = 128 * 1024;

/// One socket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Socket {
    /// As the descriptors of its owners name it: `socket:[4711]`.
    pub(crate) number: u32,
    pub(crate) listens: bool,
    /// It is for streams.
    pub(crate) streams: bool,
    /// The address that it is bound to; an abstract one begins with a zero byte. An accepted connection has its
    /// listener's.
    pub(crate) name: Vec<u8>,
    /// Inode and device that it is bound to, as far as the kernel tells: the lower 32 bits of the one, and the other in the
    /// kernel's own form.
    pub(crate) file: Option<(u32, u32)>,
    /// The other end of a connection: 0 if that is closed.
    pub(crate) peer: Option<u32>,
    /// The user that made it. Since Linux 5.0.
    pub(crate) uid: Option<u32>,
    /// Its owner writes to it no more.
    pub(crate) ended: bool,
    /// Something was sent to it that its owner has not read yet.
    pub(crate) unread: bool,
    queue: Vec<u32>,
    cookie: [u32; 2],
}

/// All sockets of this network namespace, as they were at one time or another within an instant.
#[derive(Debug)]
pub(crate) struct Table {
    by_number: HashMap<u32, Socket>,
    kernel: OwnedFd,
}

impl Table {
    /// Reads the table.
    pub(crate) fn read() -> io::Result<Self> {
        let kernel =
            socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG))?;
        let show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID;
        // Without the queues: the kernel ends a dump without a word at a socket whose queue is too long for one message.
        let sockets = ask(&kernel, &Question { flags: NLM_F_DUMP, show, ..Question::default() })?;
        // A connection that was not accepted yet has no number.
        let by_number =
            sockets.into_iter().filter(|socket| socket.number != 0).map(|socket| (socket.number, socket)).collect();
        Ok(Self { by_number, kernel })
    }

    pub(crate) fn sockets(&self) -> impl Iterator<Item = &Socket> {
        self.by_number.values()
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Socket> {
        self.by_number.get(&number)
    }

    /// Whether a socket for streams, not just a connection, has that abstract name.
    pub(crate) fn is_bound(&self, name: &[u8]) -> bool {
        self.sockets().any(|socket| socket.has_abstract_name(name))
    }

    /// The sockets in the queue of a listener, the first one first, as they are now; 0 for one that is gone.
    pub(crate) fn queue(&self, listener: &Socket) -> io::Result<Vec<u32>> {
        let one = Question {
            number: listener.number,
            cookie: listener.cookie,
            show: UDIAG_SHOW_ICONS,
            ..Question::default()
        };
        let found = match ask(&self.kernel, &one) {
            // About one socket the kernel says a page at most; about all as much as was read in one piece before.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::MSGSIZE) => {
                let states = 1 << TCP_LISTEN;
                ask(
                    &self.kernel,
                    &Question { flags: NLM_F_DUMP, states, show: UDIAG_SHOW_ICONS, ..Question::default() },
                )?
            }
            found => found?,
        };
        let found = found.into_iter().find(|socket| socket.number == listener.number);
        // Where even that does not do, the kernel ends its answer.
        found.map(|socket| socket.queue).ok_or_else(|| Errno::MSGSIZE.into())
    }
}

impl Socket {
    /// Whether it is for streams and bound to that abstract name. (Other types have names of their own, and accepted
    /// connections only repeat their listener's.)
    pub(crate) fn has_abstract_name(&self, name: &[u8]) -> bool {
        self.streams && self.peer.is_none() && matches!(&self.name[..], [0, rest @ ..] if rest == name)
    }
}

/// What the kernel is asked.
struct Question {
    flags: u16,
    states: u32,
    number: u32,
    show: u32,
    cookie: [u32; 2],
}

impl Default for Question {
    fn default() -> Self {
        Self { flags: 0, states: u32::MAX, number: 0, show: 0, cookie: [u32::MAX; 2] }
    }
}

/// Sends a request and reads what comes in answer.
fn ask(kernel: &OwnedFd, question: &Question) -> io::Result<Vec<Socket>> {
    let &Question { flags, states, number, show, cookie } = question;
    let mut request = Vec::new();
    // struct nlmsghdr
    request.extend(40u32.to_ne_bytes());
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend((NLM_F_REQUEST | flags).to_ne_bytes());
    request.extend([0; 8]);
    // struct unix_diag_req
    request.extend([AF_UNIX, 0, 0, 0]);
    for field in [states, number, show, cookie[0], cookie[1]] {
        request.extend(field.to_ne_bytes());
    }
    retry_on_intr(|| send(kernel, &request, SendFlags::empty()))?;
    let mut found = Vec::new();
    let mut answer = vec![0; ANSWER];
    loop {
        let (_, length) = retry_on_intr(|| recv(kernel, &mut answer[..], RecvFlags::TRUNC))?;
        let mut rest = answer.get(..length).ok_or_else(malformed)?;
        while !rest.is_empty() {
            let header: &[u8; 16] = rest.first_chunk().ok_or_else(malformed)?;
            let length = u32_at(header, 0)? as usize;
            let body = rest.get(16..length).ok_or_else(malformed)?;
            match u16_at(header, 4)? {
                NLMSG_DONE => return Ok(found),
                NLMSG_ERROR => return Err(Errno::from_raw_os_error(-u32_at(body, 0)?.cast_signed()).into()),
                SOCK_DIAG_BY_FAMILY => found.push(socket(body)?),
                _ => {}
            }
            rest = &rest[length.next_multiple_of(4).min(rest.len())..];
        }
        if flags & NLM_F_DUMP == 0 {
            return Ok(found);
        }
    }
}

/// Reads a `struct unix_diag_msg` and the attributes behind it.
fn socket(body: &[u8]) -> io::Result<Socket> {
    let [_family, kind, state, _pad] = *body.first_chunk().ok_or_else(malformed)?;
    let mut socket = Socket {
        number: u32_at(body, 4)?,
        listens: state == TCP_LISTEN,
        streams: kind == SOCK_STREAM,
        cookie: [u32_at(body, 8)?, u32_at(body, 12)?],
        ..Socket::default()
    };
    let mut rest = &body[16..];
    while !rest.is_empty() {
        let length = usize::from(u16_at(rest, 0)?);
        let value = rest.get(4..length).ok_or_else(malformed)?;
        match u16_at(rest, 2)? & NLA_TYPE_MASK {
            UNIX_DIAG_NAME => socket.name = name(value),
            UNIX_DIAG_VFS => socket.file = Some((u32_at(value, 0)?, u32_at(value, 4)?)),
            UNIX_DIAG_PEER => socket.peer = Some(u32_at(value, 0)?),
            UNIX_DIAG_ICONS => {
                socket.queue = value.chunks_exact(4).map(|number| u32_at(number, 0)).collect::<io::Result<_>>()?;
            }
            // SEND_SHUTDOWN of net/sock.h
            UNIX_DIAG_SHUTDOWN => socket.ended = value.first().is_some_and(|shut| shut & 2 != 0),
            UNIX_DIAG_RQLEN => socket.unread = u32_at(value, 0)? > 0,
            UNIX_DIAG_UID => socket.uid = Some(u32_at(value, 0)?),
            _ => {}
        }
        rest = &rest[length.next_multiple_of(4).min(rest.len())..];
    }
    Ok(socket)
}

/// A path ends with a zero byte, an abstract name begins with one and ends where it ends.
fn name(value: &[u8]) -> Vec<u8> {
    match value {
        [0, ..] => value.to_vec(),
        path => path.strip_suffix(&[0]).unwrap_or(path).to_vec(),
    }
}

fn u32_at(bytes: &[u8], offset: usize) -> io::Result<u32> {
    let bytes = bytes.get(offset..).and_then(|bytes| bytes.first_chunk()).ok_or_else(malformed)?;
    Ok(u32::from_ne_bytes(*bytes))
}

fn u16_at(bytes: &[u8], offset: usize) -> io::Result<u16> {
    let bytes = bytes.get(offset..).and_then(|bytes| bytes.first_chunk()).ok_or_else(malformed)?;
    Ok(u16::from_ne_bytes(*bytes))
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an answer of the kernel without a table of sockets")
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::{UnixListener, UnixStream};

    use rustix::process::{Resource, getrlimit, setrlimit};
    use tempfile::TempDir;

    use super::*;

    fn number(fd: &impl AsRawFd) -> u32 {
        let link = std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).expect("it is open");
        let link = link.to_str().expect("ASCII");
        link.trim_start_matches("socket:[").trim_end_matches(']').parse().expect("a number")
    }

    #[test]
    fn a_queue_is_read_in_order_however_long_it_is() {
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        setrlimit(Resource::Nofile, limit).expect("up to the hard limit");
        let folder = TempDir::with_prefix("slocket-diag-").expect("a folder");
        let path = folder.path().join("lock");
        let listener = UnixListener::bind(&path).expect("a listener");
        rustix::net::listen(&listener, i32::MAX).expect("a longer backlog");
        let count = limit.maximum.map_or(3000, |most| (most as usize - 100).min(3000));
        let waiters: Vec<_> = (0..count).map(|_| UnixStream::connect(&path).expect("it listens")).collect();

        let table = Table::read().expect("the kernel tells");
        let found = table.get(number(&listener)).expect("it is there");
        assert!(found.listens && found.name == path.as_os_str().as_encoded_bytes());
        let expected: Vec<_> = waiters.iter().map(number).collect();
        assert_eq!(table.queue(found).expect("the kernel tells"), expected);
        for waiter in &waiters {
            assert!(table.get(number(waiter)).is_some_and(|waiter| !waiter.listens && !waiter.ended));
        }
    }

    #[test]
    fn a_client_that_has_left_the_queue_is_told_from_a_waiter() {
        let folder = TempDir::with_prefix("slocket-diag-").expect("a folder");
        let path = folder.path().join("lock");
        let listener = UnixListener::bind(&path).expect("a listener");
        let [gone, ended, waits] = [0; 3].map(|_| UnixStream::connect(&path).expect("it listens"));
        drop(gone);
        ended.shutdown(std::net::Shutdown::Write).expect("it can");
        let table = Table::read().expect("the kernel tells");
        let queue = table.queue(table.get(number(&listener)).expect("it is there")).expect("the kernel tells");
        assert_eq!(queue, [0, number(&ended), number(&waits)]);
        assert!(table.get(queue[1]).expect("open").ended && !table.get(queue[2]).expect("open").ended);
    }

    #[test]
    fn a_line_that_is_cut_off_is_not_a_table() {
        let body = [&[1u8, 1, 10, 0][..], &[7, 0, 0, 0], &[0; 8], &[8, 0, 2, 0, 9, 0, 0, 0]].concat();
        assert_eq!(socket(&body).expect("whole").peer, Some(9));
        for end in 0..body.len() {
            // Behind the fixed part a message may end.
            assert_eq!(socket(&body[..end]).is_ok(), end == 16, "{end}");
        }
    }
}
