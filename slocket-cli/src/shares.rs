//! The FIFOs beside a lock, by which processes share it (protocol section 8, "The FIFO"): which of them have a writer. Where the lock is a
//! locked file, so are its shares (protocol section 10): which of them are locked.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

/// The FIFO of shared locks, or of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fifo {
    /// `None` for shared locks.
    pub(crate) slot: Option<u16>,
    /// Whether a process has it open for writing, or locked, and so has a share.
    pub(crate) is_busy: bool,
    /// It is a locked file.
    pub(crate) is_file: bool,
    inode: u64,
}

/// All that are beside that lock, without a gap.
///
/// # Errors
/// One may not be read; or it is not a FIFO.
pub(crate) fn beside(lock: &Path) -> io::Result<Vec<Fifo>> {
    let mut fifos = Vec::new();
    for slot in [None].into_iter().chain((0..u16::MAX).map(Some)) {
        let path = path(lock, slot);
        match open(&path) {
            Ok(mut file) => {
                let found = file.metadata()?;
                // (By now it may be gone, or another.)
                let is_file = found.is_file() && !matches!(slocket_os::is_lock_file(&path), Ok(Some(false)));
                if !is_file && !found.file_type().is_fifo() {
                    return Err(not_a_fifo(&path));
                }
                let is_busy = if is_file { slocket_os::who_locks(&path).is_some() } else { has_writer(&mut file)? };
                fifos.push(Fifo { slot, is_busy, is_file, inode: found.ino() });
            }
            // A name that is too long cannot have a share.
            Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::NOENT | Errno::NAMETOOLONG)) => break,
            // Sockets and links are not to be opened so.
            Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::NXIO | Errno::LOOP)) => {
                return Err(not_a_fifo(&path));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(fifos)
}

/// The lock whose FIFO of shared locks that is, by its name.
pub(crate) fn lock_of(fifo: &Path) -> Option<PathBuf> {
    let name = fifo.file_name()?.as_bytes().strip_prefix(b".")?.strip_suffix(b".shared")?;
    (!name.is_empty()).then(|| fifo.with_file_name(OsStr::from_bytes(name)))
}

fn path(lock: &Path, slot: Option<u16>) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(lock.file_name().unwrap_or_default());
    name.push(slot.map_or(".shared".to_owned(), |slot| format!(".slot-{slot}")));
    lock.with_file_name(name)
}

fn open(fifo: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(fifo)
}

/// Reads and discards what other processes wrote.
fn has_writer(fifo: &mut File) -> io::Result<bool> {
    loop {
        match fifo.read(&mut [0; 4096]) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// As the library tells it.
fn not_a_fifo(path: &Path) -> io::Error {
    let name = Path::new(path.file_name().unwrap_or_default()).display();
    io::Error::new(ErrorKind::AlreadyExists, format!("{name} beside it has the name of its shares, but is not a FIFO"))
}

#[cfg(test)]
mod tests {
    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;
    use tempfile::TempDir;

    use super::*;

    fn seen(lock: &Path) -> Vec<(Option<u16>, bool)> {
        beside(lock).expect("FIFOs").iter().map(|fifo| (fifo.slot, fifo.is_busy)).collect()
    }

    #[test]
    fn a_share_is_a_writer() {
        let folder = TempDir::with_prefix("slocket-shares-").expect("a folder");
        let lock = folder.path().join("build.lock");
        assert_eq!(seen(&lock), []);
        for name in [".build.lock.shared", ".build.lock.slot-0", ".build.lock.slot-1", ".build.lock.slot-3"] {
            mkfifo(&folder.path().join(name), Mode::S_IRUSR | Mode::S_IWUSR).expect("a FIFO");
        }
        let reader = open(&path(&lock, Some(0))).expect("a FIFO");
        assert_eq!(seen(&lock), [(None, false), (Some(0), false), (Some(1), false)]);
        let mut share = OpenOptions::new();
        let share = share.read(true).write(true).open(path(&lock, Some(1))).expect("a FIFO");
        assert_eq!(seen(&lock), [(None, false), (Some(0), false), (Some(1), true)]);
        drop((reader, share));
        assert_eq!(seen(&lock), [(None, false), (Some(0), false), (Some(1), false)]);
    }

    #[test]
    fn a_process_that_wrote_there_has_no_share() {
        let folder = TempDir::with_prefix("slocket-shares-").expect("a folder");
        let lock = folder.path().join("lock");
        let fifo = path(&lock, None);
        mkfifo(&fifo, Mode::S_IRUSR | Mode::S_IWUSR).expect("a FIFO");
        let mut other = OpenOptions::new().read(true).write(true).open(&fifo).expect("a FIFO");
        let reader = open(&fifo).expect("a FIFO");
        io::Write::write_all(&mut other, &[1; 9000]).expect("room");
        assert_eq!(seen(&lock), [(None, true)]);
        io::Write::write_all(&mut other, &[1; 9000]).expect("room");
        drop(other);
        assert_eq!(seen(&lock), [(None, false)]);
        drop(reader);
    }

    #[test]
    fn something_else_by_the_name() {
        let folder = TempDir::with_prefix("slocket-shares-").expect("a folder");
        let lock = folder.path().join("lock");
        std::os::unix::fs::symlink("lock", path(&lock, None)).expect("a link");
        assert_eq!(beside(&lock).expect_err("no FIFO").kind(), ErrorKind::AlreadyExists);
        std::fs::remove_file(path(&lock, None)).expect("ours");
        std::fs::write(path(&lock, None), "text").expect("a file");
        assert_eq!(beside(&lock).expect_err("no FIFO").kind(), ErrorKind::AlreadyExists);
    }

    #[test]
    fn the_lock_of_a_name() {
        for (fifo, lock) in [
            ("/run/.lock.shared", Some("/run/lock")),
            (".a.b.shared", Some("a.b")),
            ("..shared", None),
            ("x.shared", None),
            (".lock.slot-0", None),
        ] {
            assert_eq!(lock_of(Path::new(fifo)), lock.map(PathBuf::from), "{fifo}");
        }
    }
}
