//! What `status` and `wait` are asked about, and what can be known of it without queueing.

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

/// bind(2) makes a socket visible an instant before it can be told from a dead one.
pub(crate) const INSTANT: Duration = Duration::from_millis(20);

pub(crate) const FILE: &str = "a file";
pub(crate) const OTHER: &str = "something else";
pub(crate) const LINK: &str = "a symbolic link";

/// A lock, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Path(PathBuf),
    /// An abstract name, without the `@`.
    Abstract(Vec<u8>),
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Socket {
        /// Its owner hands it over and never lends it: dead means free.
        marked: bool,
    },
    Other(&'static str),
}

/// What the probe says (it never queues: protocol section 2).
#[derive(Debug)]
pub(crate) enum Probe {
    /// Some process has it open.
    Alive,
    /// Nobody has.
    Dead,
    /// It is a socket for datagrams.
    Datagram,
    /// Nothing is there any more.
    Missing,
    /// This kernel does not tell.
    Unknown,
    /// It cannot be told.
    Failed(io::Error),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Abstract(name) => write!(f, "@{}", String::from_utf8_lossy(name)),
        }
    }
}

/// Looks at a path; `None` if nothing is there. A symbolic link is not followed.
///
/// # Errors
/// Among others if its folder is missing.
pub(crate) fn look(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // One that was removed while a process is in there has no path any more.
            fs::canonicalize(folder(path)).map(|_| None).map_err(|_| error)
        }
        Err(error) => Err(error),
    }
}

/// Asks whether a socket is alive. "Dead" is to be believed if it is said twice, an [`INSTANT`] apart.
pub(crate) fn probe_once(path: &Path) -> Probe {
    match connect(path) {
        Ok(()) => Probe::Datagram,
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::PROTOTYPE) => Probe::Alive,
            Some(Errno::CONNREFUSED) if tells() => Probe::Dead,
            Some(Errno::CONNREFUSED) => Probe::Unknown,
            Some(Errno::NOENT) => Probe::Missing,
            _ => Probe::Failed(error),
        },
    }
}

/// Asks whether a socket is alive, twice if it must be.
pub(crate) fn probe(path: &Path) -> Probe {
    match probe_once(path) {
        Probe::Dead => {
            thread::sleep(INSTANT);
            probe_once(path)
        }
        found => found,
    }
}

/// Whether this kernel says of a living socket that it is: another one behind the same system calls may say that it is dead
/// (gVisor). Asked about a socket of our own.
fn tells() -> bool {
    static TELLS: OnceLock<bool> = OnceLock::new();
    *TELLS.get_or_init(|| {
        let mut random = [0; 8];
        let _ = getrandom(&mut random, GetRandomFlags::empty());
        let path = std::env::temp_dir().join(format!("slocket-{:016x}", u64::from_ne_bytes(random)));
        // Where nothing can be asked it is taken for Linux.
        let Ok(living) = UnixListener::bind(&path) else { return true };
        let answer = connect(&path);
        let _ = fs::remove_file(&path);
        drop(living);
        answer.is_err_and(|error| Errno::from_io_error(&error) == Some(Errno::PROTOTYPE))
    })
}

/// Connects a datagram socket, which a socket for streams refuses.
fn connect(path: &Path) -> io::Result<()> {
    let probe = UnixDatagram::unbound()?;
    match probe.connect(path) {
        // A name that does not fit an address.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            let pin = rustix::fs::open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
            probe.connect(format!("/proc/self/fd/{}", pin.as_raw_fd()))
        }
        connected => connected,
    }
}

/// The folder that a path is in.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

pub(crate) fn kind(found: &Metadata) -> Kind {
    let kind = found.file_type();
    if kind.is_socket() {
        return Kind::Socket { marked: slocket_os::is_marked(found) };
    }
    Kind::Other(if kind.is_dir() {
        "a directory"
    } else if kind.is_symlink() {
        LINK
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_file() {
        FILE
    } else {
        "a device"
    })
}
