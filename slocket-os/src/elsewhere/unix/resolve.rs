//! The path of an open folder.

use std::path::{Path, PathBuf};

use rustix::io::{Errno, Result};

use crate::folder::Folder;

/// What is known of a folder's path.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// Without symbolic links.
    pub(crate) path: PathBuf,
}

/// Finds the path of a folder, which was opened as `given`.
pub(crate) fn resolve(_: &Folder, given: &Path) -> Result<Resolved> {
    let path = given.canonicalize().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    Ok(Resolved { path })
}
