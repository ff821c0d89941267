//! The files that are packed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::command::root;
use crate::result::Result;

/// What is packed.
pub(super) struct Files {
    pub(super) version: String,
    /// As Rust calls it: `x86_64`
    pub(super) architecture: String,
    /// What the binary is linked with: `musl`, or `gnu` where Rust has no musl.
    pub(super) library: &'static str,
    pub(super) binary: PathBuf,
    /// The packages that the binary is made of, in the format of `CycloneDX`.
    pub(super) bom: String,
}

/// The names of the files in a folder of the tool's crate, in order.
pub(super) fn names(folder: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("slocket-cli").join(folder))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    if names.is_empty() { Err(format!("slocket-cli/{folder} is empty").into()) } else { Ok(names) }
}

/// Copies a file of the repository, or one that was built, with this mode.
pub(super) fn install(from: &Path, to: &Path, mode: u32) -> Result {
    fs::create_dir_all(to.parent().ok_or("no folder")?)?;
    fs::copy(from, to).map_err(|error| format!("{}: {error}", from.display()))?;
    Ok(fs::set_permissions(to, fs::Permissions::from_mode(mode))?)
}
