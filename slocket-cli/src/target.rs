//! The lock, path or folder that the user named, and its stat(2).

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

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

impl Target {
    /// The path; `None` of an abstract name.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Abstract(_) => None,
        }
    }

    /// Reads what was typed.
    pub(crate) fn parse(typed: &OsStr) -> Result<Self, &'static str> {
        match typed.as_bytes() {
            [] => Err("the path of the lock is empty"),
            b"@" => Err("there is no abstract name after the @"),
            [b'@', name @ ..] => Ok(Self::Abstract(name.to_vec())),
            // A trailing slash makes no difference.
            _ => Ok(Self::Path(Path::new(typed).components().collect())),
        }
    }
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
