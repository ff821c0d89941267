//! The peers that do not come with cargo: installed here, in the versions that `peers/` pins. What cannot be installed is named
//! in the report, and the run fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::peer::Runtime;
use crate::result::Result;

/// What there is, and in which version.
#[derive(Default)]
pub(crate) struct Installed {
    /// Names and versions, for the report.
    pub(crate) versions: Vec<(String, String)>,
    /// Runtimes whose peers are missing, and why.
    pub(crate) missing: Vec<(Runtime, String)>,
}

/// Installs what is missing of these runtimes.
pub(crate) fn install(runtimes: &[Runtime]) -> Result<Installed> {
    let mut installed = Installed { versions: of_crates()?, missing: Vec::new() };
    for &runtime in runtimes {
        let found = match runtime {
            Runtime::Rust => continue,
            Runtime::Node => node(),
            Runtime::Python => python(),
        };
        match found {
            Ok(versions) => installed.versions.extend(versions),
            Err(error) => {
                println!("MISSING: the peers in {runtime:?}: {error}");
                installed.missing.push((runtime, error.to_string()));
            }
        }
    }
    Ok(installed)
}

/// A script of `peers/`, ready to be run.
pub(crate) fn script(program: &str, name: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(peers().join(name)).env("PYTHONPATH", site_packages()).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn peers() -> PathBuf {
    root().join("bench/peers")
}

fn site_packages() -> PathBuf {
    root().join("target/bench/python")
}

fn node() -> Result<Vec<(String, String)>> {
    let version = output(Command::new("node").arg("--version"))?;
    let mut versions = vec![("Node".to_owned(), version)];
    for (folder, package) in [("interop", "slocket"), ("bench/peers", "lockfile"), ("bench/peers", "proper-lockfile")] {
        let folder = root().join(folder);
        let manifest = folder.join("node_modules").join(package).join("package.json");
        if !manifest.is_file() {
            println!("$ npm ci  (in {})", folder.display());
            let arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
            output(Command::new("npm").args(arguments).current_dir(&folder))?;
        }
        let text = fs::read_to_string(manifest)?;
        let version = text.lines().find_map(|line| line.trim().strip_prefix("\"version\": \""));
        let version = version.and_then(|rest| rest.split('"').next()).ok_or("package.json states no version")?;
        versions.push((format!("npm {package}"), version.to_owned()));
    }
    Ok(versions)
}

fn python() -> Result<Vec<(String, String)>> {
    let version = version_of("python3", "Python ")?;
    let asked = "import filelock, portalocker; print('filelock==' + filelock.__version__, 'portalocker==' + portalocker.__version__, sep='\\n')";
    let ask = || output(Command::new("python3").args(["-c", asked]).env("PYTHONPATH", site_packages()));
    let wanted = fs::read_to_string(peers().join("requirements.txt"))?.trim().to_owned();
    let named = |(name, version): (&str, &str)| (format!("Python {name}"), version.to_owned());
    let mut versions = vec![("Python".to_owned(), version)];
    versions.extend(wanted.lines().filter_map(|line| line.split_once("==")).map(named));
    if ask().is_ok_and(|found| found == wanted) {
        return Ok(versions);
    }
    println!("$ pip install {}", wanted.replace('\n', " "));
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action", "ignore"]);
    output(pip.arg("--upgrade").arg("--target").arg(site_packages()).arg("-r").arg(peers().join("requirements.txt")))?;
    let found = ask()?;
    if found != wanted {
        return Err(format!("{found} is installed, wanted is {wanted}").into());
    }
    Ok(versions)
}

/// The versions of the Rust peers, as Cargo.lock has them.
fn of_crates() -> Result<Vec<(String, String)>> {
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    let mut versions = vec![("rustc".to_owned(), version_of("rustc", "rustc ")?)];
    for name in ["slocket-sync", "slocket-tokio", "fs4", "fd-lock", "named-lock", "tokio"] {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \"")).ok_or("not in Cargo.lock")?;
        versions.push((name.to_owned(), rest.split('"').next().unwrap_or_default().to_owned()));
    }
    versions.push(("flock(1)".to_owned(), version_of("flock", "flock ")?));
    Ok(versions)
}

/// What a program says of its version, without the name that it begins with.
pub(crate) fn version_of(program: &str, name: &str) -> Result<String> {
    let said = output(Command::new(program).arg("--version"))?;
    Ok(said.strip_prefix(name).unwrap_or(&said).to_owned())
}

fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program}: {}: {}", output.status, error.trim()).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
