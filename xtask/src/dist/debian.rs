//! The Debian package, made by dpkg-deb.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::files::{Files, install, names};
use crate::command::{self, root};
use crate::result::Result;

/// Where the completions of each shell lie.
pub(super) const COMPLETIONS: [(&str, &str); 3] = [
    ("slocket.bash", "usr/share/bash-completion/completions/slocket"),
    ("_slocket", "usr/share/zsh/vendor-completions/_slocket"),
    ("slocket.fish", "usr/share/fish/vendor_completions.d/slocket.fish"),
];

const DOC: &str = "usr/share/doc/slocket";

const MAINTAINER: &str = "The slocket contributors <slocket@users.noreply.github.com>";

/// Makes the package; where it is.
pub(super) fn pack(files: &Files, folder: &Path) -> Result<PathBuf> {
    let architecture = architecture()?;
    let name = format!("slocket_{}-1_{architecture}", files.version);
    let tree = folder.join(&name);
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    install(&files.binary, &tree.join("usr/bin/slocket"), 0o755)?;
    for page in names("man")? {
        let to = tree.join("usr/share/man/man1").join(&page);
        install(&root().join("slocket-cli/man").join(&page), &to, 0o644)?;
        compress(&to)?;
    }
    if names("completions")?.len() != COMPLETIONS.len() {
        return Err("slocket-cli/completions has a file that the package has no place for".into());
    }
    for (file, place) in COMPLETIONS {
        install(&root().join("slocket-cli/completions").join(file), &tree.join(place), 0o644)?;
    }
    install(&root().join("CHANGELOG.md"), &tree.join(DOC).join("changelog"), 0o644)?;
    compress(&tree.join(DOC).join("changelog"))?;
    fs::write(tree.join(DOC).join("changelog.Debian"), changelog(&files.version)?)?;
    compress(&tree.join(DOC).join("changelog.Debian"))?;
    fs::write(tree.join(DOC).join("copyright"), copyright()?)?;
    fs::write(tree.join(DOC).join("slocket.cdx.json"), &files.bom)?;
    let size = kilobytes(&tree)?;
    fs::create_dir(tree.join("DEBIAN"))?;
    fs::write(tree.join("DEBIAN/control"), control(&files.version, &architecture, size))?;

    let package = folder.join(format!("{name}.deb"));
    let mut build = Command::new("dpkg-deb");
    command::run(build.args(["--root-owner-group", "--build"]).arg(&tree).arg(&package))?;
    fs::remove_dir_all(tree)?;
    Ok(package)
}

/// As Debian calls it: amd64
fn architecture() -> Result<String> {
    let output = Command::new("dpkg").arg("--print-architecture").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// What Debian asks for: when this package was made and where the changes are listed.
fn changelog(version: &str) -> Result<String> {
    // As the last commit has it: the same sources make the same package.
    let output = Command::new("git").args(["log", "-1", "--format=%aD"]).current_dir(root()).output()?;
    let date = String::from_utf8(output.stdout)?;
    Ok(format!(
        "slocket ({version}-1) unstable; urgency=medium\n\n  * changelog.gz lists the changes.\n\n -- {MAINTAINER}  {}\n",
        date.trim()
    ))
}

fn compress(file: &Path) -> Result {
    command::run(Command::new("gzip").args(["-9", "-n", "-f"]).arg(file))
}

fn control(version: &str, architecture: &str, kilobytes: u64) -> String {
    format!(
        "Package: slocket\n\
         Version: {version}-1\n\
         Architecture: {architecture}\n\
         Maintainer: {MAINTAINER}\n\
         Installed-Size: {kilobytes}\n\
         Section: utils\n\
         Priority: optional\n\
         Homepage: https://github.com/slocket/slocket\n\
         Description: run a command while holding a lock, waiters in order\n \
         slocket runs a command while it holds a lock, a shared lock or one of N\n \
         slots, as flock(1) and sem do. Waiters are served first come, first served.\n \
         A killed holder releases the lock at once, and a released lock leaves\n \
         nothing on disk. slocket status names the holder and the waiters.\n \
         .\n \
         The binary is statically linked.\n"
    )
}

/// The licences, in the form that Debian reads.
fn copyright() -> Result<String> {
    let mit = fs::read_to_string(root().join("LICENSE-MIT"))?;
    let holder = mit.lines().find_map(|line| line.strip_prefix("Copyright (c) ")).unwrap_or("The slocket contributors");
    let paragraph = |text: &str| -> String {
        let lines = text.lines().skip_while(|line| line.trim().is_empty());
        lines.map(|line| if line.trim().is_empty() { " .\n".to_owned() } else { format!(" {line}\n") }).collect()
    };
    Ok(format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
         Upstream-Name: slocket\n\
         Source: https://github.com/slocket/slocket\n\
         Comment: The binary contains the packages that slocket.cdx.json lists, each under its own licence.\n\n\
         Files: *\nCopyright: (c) {holder}\nLicense: MIT or Apache-2.0\n\n\
         License: MIT\n{}\nLicense: Apache-2.0\n On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.\n",
        paragraph(&mit)
    ))
}

fn kilobytes(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let size = entry.metadata()?.len().div_ceil(1024);
        sum += if entry.file_type()?.is_dir() { kilobytes(&entry.path())? } else { size };
    }
    Ok(sum)
}
