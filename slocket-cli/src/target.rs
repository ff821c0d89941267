//! The lock, path or folder that the user named, and its stat(2).

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use slocket_sync::LockName;

use crate::names;

/// A lock, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Path(PathBuf),
    /// An abstract name, without the `@`.
    Abstract(Vec<u8>),
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
        match typed.as_encoded_bytes() {
            [] => Err("the path of the lock is empty"),
            b"@" => Err("there is no abstract name after the @"),
            [b'@', name @ ..] => Ok(Self::Abstract(name.to_vec())),
            // A trailing slash makes no difference.
            _ => Ok(Self::Path(Path::new(typed).components().collect())),
        }
    }
}

impl From<&Target> for LockName {
    fn from(target: &Target) -> Self {
        match target {
            Target::Abstract(name) => Self::abstract_name(names::from_bytes(name)),
            Target::Path(path) => path.into(),
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
