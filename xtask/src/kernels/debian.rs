//! Kernels as Debian's packages have them, of whatever release: fetched by apt with lists of its own, and unpacked beside
//! what is built. Nothing of the machine is changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::kernel::Kernel;
use crate::command::run;
use crate::result::Result;

/// Where a kernel comes from.
struct Source {
    suite: &'static str,
    package: &'static str,
    /// Its path in the package.
    program: &'static str,
}

impl Kernel {
    fn source(self) -> Source {
        let (suite, package, program) = match self {
            Self::Gvisor => ("trixie", "runsc", "usr/bin/runsc"),
            Self::Linux6 => ("bookworm", "user-mode-linux", "usr/bin/linux.uml"),
            Self::Linux5 => ("bullseye", "user-mode-linux", "usr/bin/linux.uml"),
        };
        Source { suite, package, program }
    }
}

/// The folder of what belongs to a kernel.
pub(super) fn folder(kernel: Kernel) -> Result<PathBuf> {
    let myself = std::env::current_exe()?;
    let target = myself.ancestors().nth(2).ok_or("this program lies in no target folder")?;
    Ok(target.join("kernels").join(kernel.name()))
}

/// The kernel's program, fetched if it is not there yet.
pub(super) fn program(kernel: Kernel) -> Result<PathBuf> {
    if !cfg!(target_arch = "x86_64") {
        return Err(format!("{} is fetched for x86-64 only", kernel.name()).into());
    }
    if !rustix::process::getuid().is_root() {
        return Err(format!("{} is run by root only", kernel.name()).into());
    }
    let source = kernel.source();
    let folder = folder(kernel)?;
    let program = folder.join(source.program);
    if !program.is_file() {
        fetch(&source, &folder).map_err(|error| format!("{}: {error}", kernel.name()))?;
    }
    Ok(program)
}

fn fetch(source: &Source, folder: &Path) -> Result {
    println!("Fetching {} of Debian {}:", source.package, source.suite);
    for part in ["state/lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join("apt").join(part))?;
    }
    let (apt, configuration) = (folder.join("apt"), folder.join("apt/apt.conf"));
    fs::write(apt.join("sources.list"), format!("deb {} {} main\n", archive()?, source.suite))?;
    fs::write(apt.join("status"), "")?;
    let path = |name: &str| apt.join(name).display().to_string();
    let lines = [
        format!("Dir::State \"{}\";", path("state")),
        format!("Dir::State::status \"{}\";", path("status")),
        format!("Dir::Cache \"{}\";", path("cache")),
        format!("Dir::Etc::SourceList \"{}\";", path("sources.list")),
        "Dir::Etc::SourceParts \"-\";".to_owned(),
        // Only the list of packages.
        "Acquire::Languages \"none\";".to_owned(),
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";".to_owned(),
        // The folder may be closed to the user that apt would change to.
        "APT::Sandbox::User \"root\";".to_owned(),
    ];
    fs::write(&configuration, lines.join("\n"))?;
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("APT_CONFIG", &configuration).current_dir(&apt);
        run(&mut command)
    };
    apt_get(&["-qq", "update"])?;
    apt_get(&["-qq", "download", source.package])?;
    let is_package = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "deb");
    let package = fs::read_dir(&apt)?.filter_map(|entry| Some(entry.ok()?.path())).find(is_package);
    let package = package.ok_or_else(|| format!("apt-get fetched no {}", source.package))?;
    let unpacked = folder.join("unpacked");
    run(Command::new("dpkg-deb").arg("-x").arg(package).arg(&unpacked))?;
    // Last, so that what is there is whole.
    fs::rename(unpacked.join("usr"), folder.join("usr"))?;
    Ok(())
}

/// The archive that this machine takes Debian's packages from, and the keys of all its releases.
fn archive() -> Result<String> {
    const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", "$(LABEL) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]);
    let output = command.stderr(Stdio::null()).output().map_err(|error| format!("apt-get: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let uri = text.lines().find_map(|line| line.strip_prefix("Debian main "));
    let uri = uri.ok_or("apt knows no archive of Debian on this machine")?;
    Ok(format!("[signed-by={KEYS}] {uri}"))
}
