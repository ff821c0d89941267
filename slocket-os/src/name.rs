//! The name of a lock: a path, or an abstract name.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::escape::escaped;

/// The name of a lock: a path, or an abstract name, which only the kernel keeps.
///
/// Anything that is a path converts into it. Shown, an abstract name stands after an `@`, as `slocket run` takes it, and what
/// could mislead on a terminal is escaped.
///
/// ```
/// use slocket_os::LockName;
///
/// assert_eq!(LockName::from("/run/backup.lock").to_string(), "/run/backup.lock");
/// assert_eq!(LockName::abstract_name("backup").to_string(), "@backup");
/// assert_ne!(LockName::from("@backup"), LockName::abstract_name("backup"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LockName {
    /// The path of a socket.
    Path(PathBuf),
    /// An abstract name (unix(7)), without the `@` that it is shown with. Linux only.
    Abstract(OsString),
}

impl LockName {
    /// Makes an abstract name.
    pub fn abstract_name(name: impl Into<OsString>) -> Self {
        Self::Abstract(name.into())
    }

    /// Returns the path; `None` for an abstract name.
    #[must_use]
    pub fn as_path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Abstract(_) => None,
        }
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for LockName {
    fn from(path: &P) -> Self {
        Self::Path(path.as_ref().to_path_buf())
    }
}

impl From<PathBuf> for LockName {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<String> for LockName {
    fn from(path: String) -> Self {
        Self::Path(path.into())
    }
}

impl From<&Self> for LockName {
    fn from(name: &Self) -> Self {
        name.clone()
    }
}

impl fmt::Display for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) if path.as_os_str().is_empty() => f.write_str("\"\""),
            Self::Path(path) => f.write_str(&escaped(&path.to_string_lossy())),
            Self::Abstract(name) => write!(f, "@{}", escaped(&name.to_string_lossy())),
        }
    }
}
