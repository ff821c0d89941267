//! The lock's folder.

use std::path::{Path, PathBuf};

use crate::file_system::Place;
use crate::sys::io::{Errno, Result};

/// A folder, by its path: while a file in it is open that cannot be removed, neither can the folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

/// Which folder it is.
pub(crate) type FolderId = PathBuf;

/// What keeps the folder what it is: files in it that are open.
pub(crate) type Kept = ();

impl Folder {
    /// Finds a folder, to name files in it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let path = simple(path.canonicalize()?);
        if path.metadata()?.is_dir() { Ok(Self { path }) } else { Err(Errno::NOTDIR) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Which folder it is, if it can be watched.
    pub(crate) fn watchable(&self) -> Option<FolderId> {
        Some(self.path.clone())
    }

    pub(crate) fn keep(&self) -> Option<Kept> {
        Some(())
    }

    /// Where its files live.
    pub(crate) fn place(&self) -> Result<Place> {
        Place::of_folder(&self.path)
    }
}

/// The path as people write it: `canonicalize` gives `\\?\C:\folder`, and `\\?\UNC\server\share`.
fn simple(path: PathBuf) -> PathBuf {
    let Some(text) = path.to_str().and_then(|text| text.strip_prefix(r"\\?\")) else { return path };
    match text.strip_prefix(r"UNC\") {
        Some(rest) => format!(r"\\{rest}").into(),
        None if text.as_bytes().get(1) == Some(&b':') => text.into(),
        None => path,
    }
}
