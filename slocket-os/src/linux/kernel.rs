//! How this kernel can be asked whether a socket is alive (protocol section 2, "The probe").
//!
//! On Linux, connecting a datagram socket to a stream socket tells, and disturbs no process. Another kernel behind the
//! same system calls may refuse it whatever the socket does (gVisor): a live lock would look dead. So before the first dead
//! socket is removed, a process asks the kernel about a socket of its own, once for each file system.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::{FileType, Mode, Stat};
use rustix::io::{Errno, Result};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use slocket_core::{BindResult, ConnectResult, Half, Kind, Probe, ProbeResult, SendResult};

use crate::at_once::at_once;
use crate::folder::Folder;
use crate::process::Process;
use crate::random::random;
use crate::sys::{code, files, messages, sockets};
use crate::{address, peer};

/// The answers so far, by device.
static ANSWERS: Mutex<Vec<(u64, Probe)>> = Mutex::new(Vec::new());

/// What is known of a device.
pub(crate) fn known(device: u64) -> Option<Probe> {
    at_once(&ANSWERS)?.iter().find(|(of, _)| *of == device).map(|(_, probe)| *probe)
}

/// What tells a live socket from a dead one on the file system of temporary files, and so most likely under this kernel; `None` if
/// nothing can be asked there.
pub(crate) fn known_anywhere(here: Process) -> Option<Probe> {
    let elsewhere = std::env::temp_dir();
    let folder = Folder::open(&elsewhere).ok()?;
    known(folder.device().ok()?).or_else(|| match ask_in(&folder, &elsewhere.join("x"), false, here) {
        ProbeResult::Known(probe) => Some(probe),
        ProbeResult::Busy | ProbeResult::Denied | ProbeResult::Failed(_) => None,
    })
}

/// Asks what tells a live socket from a dead one in the folder of the lock at `path`, in which no other process has our names if it
/// `is_private`.
pub(crate) fn ask_in(folder: &Folder, path: &Path, is_private: bool, here: Process) -> ProbeResult {
    let asked = match ask(folder, path, is_private, here) {
        // No room for a socket: the kernel is the same elsewhere.
        Err(Errno::NOSPC | Errno::DQUOT) => {
            let elsewhere = std::env::temp_dir();
            Folder::open(&elsewhere).and_then(|folder| ask(&folder, &elsewhere.join("x"), false, here))
        }
        asked => asked,
    };
    match asked {
        Ok(probe) => {
            // (A kernel of which nothing can be made is asked again.)
            if probe != Probe::None
                && let Ok(device) = folder.device()
                && let Some(mut answers) = at_once(&ANSWERS)
            {
                answers.push((device, probe));
            }
            ProbeResult::Known(probe)
        }
        Err(Errno::AGAIN) => ProbeResult::Busy,
        Err(Errno::PERM | Errno::ACCESS) => ProbeResult::Denied,
        Err(errno) => ProbeResult::Failed(code(errno)),
    }
}

/// Asks about a socket of our own in a folder: while it is bound, while it listens, while it is only in flight, and when it is
/// closed. `beside` is a path in that folder, in which no other process has our names if it `is_private`.
fn ask(folder: &Folder, beside: &Path, is_private: bool, here: Process) -> Result<Probe> {
    let name = address::temporary_name(random(here)?);
    let path = beside.with_file_name(address::as_path(&name));
    let address =
        if folder.is_in_proc() { folder.address_of(address::as_path(&name)) } else { address::of_path(&path) };
    let address = address.ok_or(Errno::NAMETOOLONG)?;
    let socket = sockets::socket(Kind::Stream)?;
    match sockets::bind_to(socket.as_fd(), &address) {
        BindResult::Bound => {}
        BindResult::InUse => return Err(Errno::AGAIN),
        BindResult::Missing(errno) | BindResult::Broken(errno) | BindResult::Failed(errno) => {
            return Err(Errno::from_raw_os_error(errno.0));
        }
    }
    let pin = match files::open(folder.as_fd(), &name).and_then(|file| Ok((files::stat_file(file.as_fd())?, file))) {
        Ok((stat, file)) if is_our_socket(&stat) => Ok(Subject { file, stat, path }),
        // Another process has swept it.
        Ok(_) | Err(Errno::NOENT) => Err(Errno::AGAIN),
        Err(errno) => Err(errno),
    };
    let asked = pin.and_then(|pin| ask_about(socket, &pin));
    let found = files::stat_name(folder.as_fd(), &name);
    if found.map_or_else(|errno| is_private && errno != Errno::NOENT, |stat| is_our_socket(&stat)) {
        files::unlink(folder.as_fd(), &name);
    }
    asked
}

/// A socket of our own that is asked about.
struct Subject {
    file: OwnedFd,
    stat: Stat,
    path: PathBuf,
}

/// What a connect to it says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Alive,
    Dead,
    Other,
}

fn is_our_socket(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Socket && stat.st_nlink == 1 && stat.st_uid == peer::user()
}

fn ask_about(socket: OwnedFd, subject: &Subject) -> Result<Probe> {
    let mode = Mode::from_raw_mode(subject.stat.st_mode);
    if !mode.contains(Mode::WUSR) {
        files::set_mode(subject.file.as_fd(), mode | Mode::WUSR)?;
    }
    let datagram = || subject.probe(Kind::Datagram);
    let stream = || subject.probe(Kind::Stream);
    let bound = datagram()?;
    sockets::listen_on(socket.as_fd())?;
    let listening = (datagram()?, stream()?);
    let in_flight = {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (sender, _receiver) = socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        // (An empty queue is never full: whatever the system refuses, to try again is of no use.)
        if messages::send(sender.as_fd(), Some(socket.as_fd()), false) != SendResult::Sent {
            return Err(Errno::NOBUFS);
        }
        drop(socket);
        (datagram()?, stream()?)
    };
    let closed = (datagram()?, stream()?);
    let tells = |alive: &[Says], dead: Says| alive.iter().all(|says| *says == Says::Alive) && dead == Says::Dead;
    Ok(if tells(&[bound, listening.0, in_flight.0], closed.0) {
        Probe::Datagram
    } else if tells(&[listening.1, in_flight.1], closed.1) {
        Probe::Stream
    } else {
        Probe::None
    })
}

impl Subject {
    fn probe(&self, kind: Kind) -> Result<Says> {
        let socket = sockets::socket(kind)?;
        let mut answer = self.connect(socket.as_fd(), &address::proc_path(self.file.as_fd()))?;
        if matches!(answer, ConnectResult::Missing(_)) {
            answer = self.connect(socket.as_fd(), &self.path)?;
        }
        match (kind, answer) {
            (_, ConnectResult::Refused) => Ok(Says::Dead),
            (Kind::Datagram, ConnectResult::WrongType) | (Kind::Stream, ConnectResult::Full) => Ok(Says::Alive),
            (Kind::Stream, ConnectResult::Connected) => {
                let _ = sockets::shut_down(&socket, Half::Both);
                Ok(Says::Alive)
            }
            (_, ConnectResult::Denied(errno) | ConnectResult::Failed(errno)) => Err(Errno::from_raw_os_error(errno.0)),
            (
                _,
                ConnectResult::Connected | ConnectResult::Missing(_) | ConnectResult::WrongType | ConnectResult::Full,
            ) => Ok(Says::Other),
        }
    }

    fn connect(&self, socket: BorrowedFd<'_>, path: &Path) -> Result<ConnectResult> {
        let address = address::of_path(path).ok_or(Errno::NAMETOOLONG)?;
        Ok(sockets::connect_to(socket, &address))
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
        let here = Process::current();
        assert_eq!(ask(&Folder::open(folder.path()).unwrap(), &path, true, here).unwrap(), Probe::Datagram);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "left behind");
    }
}
