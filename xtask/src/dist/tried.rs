//! What was packed is installed and used, in a folder that is the root of the file system for it: no library is in reach there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::debian::COMPLETIONS;
use super::files::names;
use crate::command::{announce, root};
use crate::result::Result;

/// Installs the package, compares and uses what is there, and purges it.
pub(super) fn package(package: &Path) -> Result {
    let scratch = tempfile::tempdir()?;
    let at = |path: &str| scratch.path().join(path);
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates"] {
        fs::create_dir_all(at(folder))?;
    }
    fs::write(at("var/lib/dpkg/status"), "")?;
    let dpkg = |action: &str| {
        let mut dpkg = as_root();
        // Its paths are those of the new root, except the package's own.
        dpkg.args(["dpkg", "--log=/dev/null"]).arg(format!("--root={}", scratch.path().display())).arg(action);
        dpkg
    };
    output(dpkg("--install").arg(package))?;
    let mut count = 0;
    let mut same = |source: PathBuf, place: String| -> Result {
        let found = fs::read(at(&place)).map_err(|error| format!("{place}: {error}"))?;
        let wanted = fs::read(root().join(source))?;
        count += 1;
        let found =
            if place.ends_with(".gz") { output(Command::new("gzip").arg("-dc").arg(at(&place)))? } else { found };
        if found == wanted { Ok(()) } else { Err(format!("{place} is not as it is in the repository").into()) }
    };
    for page in names("man")? {
        same(Path::new("slocket-cli/man").join(&page), format!("usr/share/man/man1/{page}.gz"))?;
    }
    for (file, place) in COMPLETIONS {
        same(Path::new("slocket-cli/completions").join(file), place.to_owned())?;
    }
    same("CHANGELOG.md".into(), "usr/share/doc/slocket/changelog.gz".to_owned())?;
    println!("{count} files are as they are in the repository: man pages, completions, changelog");
    use_it(scratch.path(), "/usr/bin/slocket")?;

    output(dpkg("--purge").arg("slocket"))?;
    match ["usr", "etc"].iter().find(|left| at(left).exists()) {
        Some(left) => Err(format!("/{left} is left after a purge").into()),
        None => Ok(()),
    }
}

/// Unpacks the archive and uses its binary.
pub(super) fn archive(archive: &Path) -> Result {
    let scratch = tempfile::tempdir()?;
    output(Command::new("tar").arg("-xzf").arg(archive).args(["--strip-components=1", "-C"]).arg(scratch.path()))?;
    for file in ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "man/slocket.1", "completions/slocket.bash"] {
        fs::metadata(scratch.path().join(file)).map_err(|error| format!("{file}: {error}"))?;
    }
    use_it(scratch.path(), "/slocket")
}

/// Fails if the binary asks for a loader or for a library.
pub(super) fn needs_no_library(binary: &Path) -> Result {
    let listed = output(Command::new("readelf").args(["--wide", "--program-headers", "--dynamic"]).arg(binary))?;
    let listed = String::from_utf8(listed)?;
    match needs(&listed) {
        needs if needs.is_empty() => Ok(()),
        needs => Err(format!("{} is not static: {}", binary.display(), needs.join(", ")).into()),
    }
}

/// The lines of `readelf` that ask for something.
fn needs(listed: &str) -> Vec<&str> {
    listed.lines().map(str::trim).filter(|line| line.starts_with("INTERP") || line.contains("(NEEDED)")).collect()
}

/// Holds, shares and waits for a lock in a root that contains nothing else.
fn use_it(root: &Path, tool: &str) -> Result {
    let inside = |arguments: &[&str]| {
        let mut command = as_root();
        command.arg("chroot").arg(root).args(arguments);
        command
    };
    let status = [tool, "status", "/lock"];
    for (run, expected) in [
        (&["run", "/lock"][..], "held by"),
        (&["run", "-s", "/lock"], "shared by"),
        (&["run", "--slots", "2", "/lock"], "slot 0"),
    ] {
        let mut command = inside(&[tool]);
        let told = output(command.args(run).arg("--").args(status))?;
        let told = String::from_utf8_lossy(&told);
        if !told.contains(expected) {
            return Err(format!("slocket status does not say \"{expected}\": {told}").into());
        }
    }
    let busy = inside(&[tool, "run", "/lock", "--", tool, "run", "-n", "/lock", "--", tool, "--version"]).output()?;
    if busy.status.code() != Some(75) {
        return Err(format!("`slocket run -n` of a held lock: {}", busy.status).into());
    }
    output(&mut inside(&[tool, "wait", "-w", "10s", "/lock"]))?;
    if root.join("lock").exists() {
        return Err("a released lock is left on disk".into());
    }
    println!("run, run -s, run --slots, run -n, status and wait work in a root with nothing else in it");
    Ok(())
}

/// Runs what follows as root, if only in a user namespace.
fn as_root() -> Command {
    let mut command = Command::new("unshare");
    command.arg("--map-root-user");
    command
}

/// What the command prints; fails if it fails.
fn output(command: &mut Command) -> Result<Vec<u8>> {
    announce(command);
    let output = command.output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        let told = String::from_utf8_lossy(&output.stderr);
        Err(format!("{}: {}", output.status, told.trim()).into())
    }
}

#[test]
fn a_binary_that_needs_a_library_is_found_out() {
    let fixed = "Program Headers:\n  LOAD  0x0\n  DYNAMIC 0x1\n 0x1e (FLAGS)  BIND_NOW\n";
    assert!(needs(fixed).is_empty());
    let loaded = "  INTERP  0x318\n 0x0000000000000001 (NEEDED)  Shared library: [libc.so.6]\n";
    assert_eq!(needs(loaded).len(), 2);
}
