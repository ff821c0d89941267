//! Where the lock is: at a path, or at an abstract name.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

use slocket_os::{AbstractBuilder, Builder, Lock};

/// A lock's path or its abstract name.
#[derive(Clone, Debug)]
pub(super) enum Home {
    Path(PathBuf),
    Name(String),
}

impl Home {
    /// At a path in this folder, or at a name like it, which nobody else has.
    pub(super) fn new(folder: &Path, at_name: bool) -> Self {
        if at_name {
            Self::Name(folder.file_name().expect("a folder has a name").to_string_lossy().into_owned())
        } else {
            Self::Path(folder.join("lock"))
        }
    }

    pub(super) fn is_name(&self) -> bool {
        matches!(self, Self::Name(_))
    }

    /// The lock as another process would have it.
    pub(super) fn lock(&self) -> Lock {
        match self {
            Self::Path(path) => Builder::new(path).build(),
            Self::Name(name) => AbstractBuilder::new(name).build(),
        }
        .expect("it is a good one")
    }

    /// A server there; `None` if there is one already.
    pub(super) fn bind(&self) -> Option<UnixListener> {
        match self {
            Self::Path(path) => UnixListener::bind(path),
            Self::Name(name) => UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).expect("a short name")),
        }
        .ok()
    }

    /// Whether there is a file at the path, or a socket that has the name.
    pub(super) fn is_taken(&self) -> bool {
        match self {
            Self::Path(path) => fs::symlink_metadata(path).is_ok(),
            Self::Name(_) => self.bind().is_none(),
        }
    }
}
