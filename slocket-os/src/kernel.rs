//! How this kernel can be asked whether a socket is alive (protocol section 2, "the probe").
//!
//! On Linux a datagram socket that is connected to a stream socket tells, and disturbs nobody. Another kernel behind the
//! same system calls may refuse it whatever the socket does (gVisor): a living lock would look dead. So before the first dead
//! socket is removed, a process asks the kernel about a socket of its own, once for each file system.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Mutex;

use rustix::fs::{AtFlags, unlinkat};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, bind, listen,
    sendmsg, socketpair,
};

use crate::address;
use crate::at_once::at_once;
use crate::at_path::AtPath;
use crate::error::{Doing, Fault};
use crate::folder::Folder;
use crate::inode::{Pin, Probe, look_in};
use crate::publish::stream_socket;

/// What tells a living socket from a dead one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prober {
    /// A datagram socket, at any time.
    Datagram,
    /// A connection, while nobody is between bind and listen. It takes a place in the queue, which is left at once: so only
    /// marked sockets are asked, whose servers bear that.
    Stream,
    /// Nothing.
    None,
}

/// What fails if the kernel cannot be asked.
const ASKING: &str = "ask the kernel about a socket";

/// The answers so far, by device.
static ANSWERS: Mutex<Vec<(u64, Prober)>> = Mutex::new(Vec::new());

fn answer(answers: &[(u64, Prober)], device: u64) -> Option<Prober> {
    answers.iter().find(|(of, _)| *of == device).map(|(_, prober)| *prober)
}

/// What is known of a device; a datagram socket until it has been asked for.
pub(crate) fn known(device: u64) -> Prober {
    at_once(&ANSWERS).and_then(|answers| answer(&answers, device)).unwrap_or(Prober::Datagram)
}

/// The same, of the lock's folder.
pub(crate) fn known_of(at: &AtPath) -> Prober {
    at.folder().device().map_or(Prober::Datagram, known)
}

/// What tells a living socket from a dead one in the lock's folder; asks the kernel, if that was not done yet.
pub(crate) fn prober(at: &AtPath, device: u64) -> Result<Prober, Fault> {
    if let Some(prober) = at_once(&ANSWERS).and_then(|answers| answer(&answers, device)) {
        return Ok(prober);
    }
    let prober = match ask(at.folder(), at.path(), at.is_private()) {
        // No room for a socket: the kernel is the same elsewhere.
        Err(fault) if matches!(fault.errno, Errno::NOSPC | Errno::DQUOT) => {
            let elsewhere = std::env::temp_dir();
            ask(&Folder::open(&elsewhere).doing("open the folder")?, &elsewhere.join("x"), false)?
        }
        asked => asked?,
    };
    // (A kernel of which nothing can be made is asked again.)
    if prober != Prober::None
        && let Some(mut answers) = at_once(&ANSWERS)
    {
        answers.push((device, prober));
    }
    Ok(prober)
}

/// Asks about a socket of our own in a folder: while it is bound, while it listens, while it is only in flight, and when it is
/// closed. `beside` is a path in that folder, in which nobody else has our names if it `is_private`.
fn ask(folder: &Folder, beside: &Path, is_private: bool) -> Result<Prober, Fault> {
    let name = address::temporary_name().doing("choose a temporary name")?;
    let path = beside.with_file_name(&name);
    let address = if folder.is_in_proc() { folder.address_of(Path::new(&name)) } else { address::of_path(&path) };
    let socket = stream_socket()?;
    let address = address.ok_or(Fault::too_long())?;
    retry_on_intr(|| bind(&socket, &address)).doing(ASKING)?;
    let pin = Pin::new_in(folder.as_fd(), Path::new(&name)).doing(ASKING);
    let asked = pin.and_then(|pin| match pin {
        Some(pin) if pin.look.is_our_socket() => ask_about(socket, &pin, &path),
        // Somebody has swept it.
        _ => Err(Errno::AGAIN).doing(ASKING),
    });
    let found = look_in(folder.as_fd(), Path::new(&name));
    if found.map_or(is_private, |found| found.is_some_and(|found| found.is_our_socket())) {
        let _ = unlinkat(folder.as_fd(), &name, AtFlags::empty());
    }
    asked
}

fn ask_about(socket: OwnedFd, pin: &Pin, path: &Path) -> Result<Prober, Fault> {
    if pin.look.is_unsettled() {
        pin.let_owner_write().doing(ASKING)?;
    }
    let datagram = || pin.probe(path).doing(ASKING);
    let stream = || pin.probe_by_stream(path).doing(ASKING);
    let bound = datagram()?;
    listen(&socket, 1).doing("listen")?;
    let listening = (datagram()?, stream()?);
    let in_flight = {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (sender, _receiver) =
            socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).doing("make a socket")?;
        send(&sender, &socket).doing(ASKING)?;
        drop(socket);
        (datagram()?, stream()?)
    };
    let closed = (datagram()?, stream()?);
    let tells = |alive: &[Probe], dead: Probe| alive.iter().all(|probe| *probe == Probe::Alive) && dead == Probe::Dead;
    Ok(if tells(&[bound, listening.0, in_flight.0], closed.0) {
        Prober::Datagram
    } else if tells(&[listening.1, in_flight.1], closed.1) {
        Prober::Stream
    } else {
        Prober::None
    })
}

fn send(sender: &OwnedFd, socket: &OwnedFd) -> rustix::io::Result<()> {
    let sockets = [socket.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(Errno::NOBUFS);
    }
    match sendmsg(sender, &[IoSlice::new(&[0])], &mut control, SendFlags::NOSIGNAL) {
        Ok(_) => Ok(()),
        // (An empty queue is never full: so to try again, which is for those whose socket was swept, is of no use.)
        Err(Errno::AGAIN) => Err(Errno::NOBUFS),
        Err(errno) => Err(errno),
    }
}

/// Whether some process has a pinned socket open; `Unknown` where nothing tells.
pub(crate) fn probe(prober: Prober, pin: &Pin, path: &Path) -> rustix::io::Result<Probe> {
    match prober {
        Prober::Datagram => pin.probe(path),
        Prober::Stream => pin.probe_by_stream(path),
        Prober::None => Ok(Probe::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn linux_tells_by_a_datagram_socket() {
        let folder = TempDir::with_prefix("slocket-kernel-").unwrap();
        let path = folder.path().join("lock");
        assert_eq!(ask(&Folder::open(folder.path()).unwrap(), &path, true).unwrap(), Prober::Datagram);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "left behind");
    }
}
