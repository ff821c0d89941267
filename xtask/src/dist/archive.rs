//! The archive of the static binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::files::{Files, install, names};
use crate::command::{self, root};
use crate::result::Result;

/// Packs the binary with its man pages, completions and licences; where the archive is.
pub(super) fn pack(files: &Files, folder: &Path) -> Result<PathBuf> {
    let name = format!("slocket-{}-{}-linux-{}", files.version, files.architecture, files.library);
    let tree = folder.join(&name);
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    install(&files.binary, &tree.join("slocket"), 0o755)?;
    for of_tool in ["man", "completions"] {
        for name in names(of_tool)? {
            let file = Path::new(of_tool).join(name);
            install(&root().join("slocket-cli").join(&file), &tree.join(&file), 0o644)?;
        }
    }
    for file in ["LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md", "slocket-cli/README.md"] {
        let to = tree.join(Path::new(file).file_name().unwrap_or_default());
        install(&root().join(file), &to, 0o644)?;
    }
    fs::write(tree.join("slocket.cdx.json"), &files.bom)?;
    let archive = folder.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args(["--owner=0", "--group=0", "--numeric-owner", "--sort=name", "-czf"]);
    command::run(tar.arg(&archive).arg("-C").arg(folder).arg(&name))?;
    fs::remove_dir_all(tree)?;
    Ok(archive)
}
