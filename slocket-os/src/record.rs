//! The record in a lock file: the process that has it locked (protocol section 10, "The record").
//!
//! It is text, of one length, so that it is written by one call over the one before. It is believed only while the file is locked.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process;

use crate::sys::system;

/// What a record begins with: by that a lock file is told from any other file.
const MAGIC: &str = "slocket\n";

const PID: &str = "pid ";
const HOST: &str = "host ";

/// The record of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) pid: u32,
    /// The name of its machine.
    pub(crate) host: String,
    bytes: Vec<u8>,
}

impl Record {
    /// How long it is, in bytes.
    pub(crate) const LENGTH: usize = 128;

    /// That of this process.
    pub(crate) fn of_this_process() -> Self {
        Self::new(process::id(), &this_host())
    }

    fn new(pid: u32, host: &str) -> Self {
        let mut text = [MAGIC, PID, &pid.to_string(), "\n", HOST, host].concat();
        // (A name is 64 bytes at most, on Linux.)
        while text.len() >= Self::LENGTH {
            text.pop();
        }
        let text = format!("{text:<length$}\n", length = Self::LENGTH - 1 - text.len() + text.chars().count());
        Self { pid, host: host.to_owned(), bytes: text.into_bytes() }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was read, if it is a record.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?.strip_prefix(MAGIC)?;
        let mut lines = text.lines();
        let pid = lines.next()?.strip_prefix(PID)?.trim_end().parse().ok()?;
        let host = lines.next()?.strip_prefix(HOST)?.trim_end();
        Some(Self::new(pid, host))
    }

    /// Whether it is of a process of this machine.
    pub(crate) fn is_of_this_host(&self) -> bool {
        self.host == this_host()
    }
}

/// Whether a file that begins so is a lock file.
pub(crate) fn is_record(begin: &[u8]) -> bool {
    begin.starts_with(MAGIC.as_bytes())
}

/// Whether a file has the record in it by which a lock that is a locked file is known ([protocol section 10][protocol]); `None` if there is
/// nothing in it, as in a lock file that was made just now.
///
/// # Errors
/// If there is no such file (any more), or it may not be read.
///
/// [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#10-where-the-lock-is-a-locked-file
pub fn is_lock_file(path: &Path) -> io::Result<Option<bool>> {
    // (What opens a FIFO waits.)
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(Some(false));
    }
    let mut begin = Vec::new();
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut begin)?;
    Ok(if begin.is_empty() { None } else { Some(is_record(&begin)) })
}

/// The name of this machine, without what would be two words or lines.
fn this_host() -> String {
    system::host().split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        for (pid, host) in [(1, "a"), (u32::MAX, "build-2.example"), (7, "")] {
            let record = Record::new(pid, host);
            assert_eq!(record.as_bytes().len(), Record::LENGTH);
            assert_eq!(Record::parse(record.as_bytes()), Some(record));
        }
        assert!(Record::of_this_process().is_of_this_host());
    }

    #[test]
    fn a_lock_file_is_told_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert_eq!(is_lock_file(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        let record = Record::of_this_process();
        for (bytes, is_one) in [(&b""[..], None), (record.as_bytes(), Some(true)), (b"slock", Some(false))] {
            fs::write(&path, bytes).unwrap();
            assert_eq!(is_lock_file(&path).unwrap(), is_one);
        }
        assert_eq!(is_lock_file(folder.path()).unwrap(), Some(false));
    }

    #[test]
    fn a_long_name_is_cut() {
        let record = Record::new(4711, &"ä".repeat(200));
        assert_eq!(record.as_bytes().len(), Record::LENGTH);
        assert!(Record::parse(record.as_bytes()).is_some_and(|read| read.pid == 4711));
    }

    #[test]
    fn anything_else_is_no_record() {
        for bytes in
            [&b""[..], b"4711\n", b"slocket", b"slocket\npid x\nhost y\n", b"slocket\n\xff", b"slocket\npid 1\n"]
        {
            assert_eq!(Record::parse(bytes), None, "{bytes:?}");
        }
    }
}
