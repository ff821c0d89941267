//! The path of a folder.

use std::path::{Path, PathBuf};

use crate::folder::Folder;
use crate::sys::io::Result;

/// What is known of a folder's path.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// Without symbolic links.
    pub(crate) path: PathBuf,
}

#[allow(clippy::unnecessary_wraps, reason = "other systems ask for it")]
pub(crate) fn resolve(folder: &Folder, _: &Path) -> Result<Resolved> {
    Ok(Resolved { path: folder.path().to_path_buf() })
}
