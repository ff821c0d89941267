//! What the model assumes of Linux, shown on the real kernel: one fact, one test. (docs/verification.md has the table from call to
//! fact.)
//!
//! | in the model | fact |
//! |---|---|
//! | `World::is_alive` | [`probe`] |
//! | `World::connect`, `World::accept`, `Call::Poll`, `Call::Listen` | [`queue`] |
//! | `World::send`, `server_ended`, `client_ended`, `close_server`, `close_client` | [`stream`] |
//! | `Message::Listener`, `World::is_open` | [`message`] |
//! | `free_numbers`, `is_referred_to`, the pin | [`inode`] |
//! | `set_path`, `World::stat`, `Call::Bind`, `Call::Rename`, `Call::SetMode` | [`path`](mod@path) |
//! | `World::flock` | [`guard`] |
//! | `World::kill`, `deaths` | [`death`] |
//! | `World::faults` | [`descriptors`] |
//! | `World::has_writer`, `World::has_hung_up`, `World::look_at`, `Kind::Fifo` | [`fifo`] |
//! | `Kind::Visible` | [`visible`] |
//! | `World::at_name` | [`abstract_name`] |
//! | `Inode::time`, `World::touch` | [`times`] |
//! | `Child::Copies`, `Call::Unlock`, `Call::ComparePeerName` | [`copies`] |
//!
//! That the watch of the library sees what `set_path` says it sees is shown where the watch is (`slocket-os/src/watch.rs`),
//! and what npm's slocket does in `trials/tests/interop/baseline.rs`.

mod abstract_name;
mod copies;
mod death;
mod descriptors;
mod fifo;
mod guard;
mod inode;
mod message;
mod path;
mod probe;
mod queue;
mod stream;
mod times;
mod visible;

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, statat, unlinkat};
use rustix::io::Result;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen, recv,
    recvmsg, send, sendmsg, socket_with,
};
use tempfile::TempDir;

/// One test at a time: a process that another test starts has everything open until it has become another program, and
/// what is closed here is not closed there.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A folder, and a path in it at which nothing is.
struct Place {
    folder: TempDir,
    path: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Place {
    fn new() -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = TempDir::with_prefix("slocket-fact-").expect("a temporary folder");
        let path = folder.path().join("lock");
        Self { folder, path, _alone: alone }
    }

    fn other(&self) -> PathBuf {
        self.folder.path().join("other")
    }

    fn open(&self) -> OwnedFd {
        openat(CWD, self.folder.path(), OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .expect("the folder")
    }
}

/// A stream socket that never blocks.
fn stream_socket() -> OwnedFd {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).expect("a socket")
}

fn bound(path: &Path) -> OwnedFd {
    let socket = stream_socket();
    bind(&socket, &address(path)).expect("bind");
    socket
}

fn listening(path: &Path) -> OwnedFd {
    listening_with(path, 100)
}

fn listening_with(path: &Path, backlog: i32) -> OwnedFd {
    let socket = bound(path);
    listen(&socket, backlog).expect("listen");
    socket
}

fn address(path: &Path) -> SocketAddrUnix {
    SocketAddrUnix::new(path).expect("a short path")
}

fn try_connect(path: &Path) -> Result<OwnedFd> {
    let socket = stream_socket();
    connect(&socket, &address(path))?;
    Ok(socket)
}

fn connected(path: &Path) -> OwnedFd {
    try_connect(path).expect("connect")
}

fn accepted(listener: &OwnedFd) -> OwnedFd {
    accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK).expect("accept")
}

/// A client, and the server's end of its connection.
fn pair(path: &Path, listener: &OwnedFd) -> (OwnedFd, OwnedFd) {
    let client = connected(path);
    let server = accepted(listener);
    (client, server)
}

/// The probe: connects a datagram socket.
fn probe(path: &Path) -> Result<()> {
    let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).expect("a socket");
    connect(&socket, &address(path))
}

fn say(peer: &OwnedFd) -> Result<usize> {
    send(peer, b"OK", SendFlags::NOSIGNAL | SendFlags::DONTWAIT)
}

/// What is read: how many bytes, none at the end of the stream.
fn read(peer: &OwnedFd) -> Result<usize> {
    let mut bytes = [0_u8; 16];
    recv(peer, &mut bytes, RecvFlags::DONTWAIT).map(|(count, _)| count)
}

/// Sends "OK" with a descriptor.
fn send_with(peer: &OwnedFd, descriptor: &impl AsFd) -> Result<usize> {
    let descriptors = [descriptor.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)), "there is room for one");
    sendmsg(peer, &[IoSlice::new(b"OK")], &mut control, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)
}

/// Receives a message: the descriptor that came with it, and whether something was cut off.
fn receive(peer: &OwnedFd) -> (Option<OwnedFd>, bool) {
    let mut bytes = [0_u8; 16];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let message = recvmsg(peer, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags).expect("a message");
    assert_eq!(&bytes[..message.bytes], b"OK");
    let descriptor = control.drain().find_map(|part| match part {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    (descriptor, message.flags.contains(ReturnFlags::CTRUNC))
}

/// Pins what is at a path.
fn pin(path: &Path) -> OwnedFd {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty()).expect("something is there")
}

/// The path of an open file, whatever its name is by now.
fn path_of(file: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

fn number(path: &Path) -> u64 {
    statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).expect("something is there").st_ino
}

fn mode(path: &Path) -> u32 {
    statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).expect("something is there").st_mode & 0o7777
}

fn unlink(path: &Path) -> Result<()> {
    unlinkat(CWD, path, AtFlags::empty())
}

/// Whether this is a process for the test of that name alone. If not, starts one, which must pass. (For limits and the
/// umask, which are the whole process's.)
fn is_alone(name: &str) -> bool {
    const ALONE: &str = "SLOCKET_FACT";
    if std::env::var(ALONE).as_deref() == Ok(name) {
        return true;
    }
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let myself = std::env::current_exe().expect("this program");
    let output = Command::new(myself).args(["--exact", name]).env(ALONE, name).output().expect("this program");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    false
}
