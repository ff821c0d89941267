//! What the dependencies must keep to: the MSRV, and the rules of `deny.toml`.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::command::{self, cargo, heading, in_ci, root};
use crate::result::Result;

pub(crate) fn check() -> Result {
    heading("MSRV");
    msrv()?;
    heading("the trees of the libraries");
    trees()?;
    heading("licences, sources and doubled dependencies");
    deny()
}

/// Runtimes, of which each library may bring its own only.
const RUNTIMES: [&str; 4] = ["async-io", "async-std", "smol", "tokio"];

/// The libraries, the runtimes that they may bring, and how many crates their trees may have at most.
const TREES: [(&str, &[&str], usize); 7] = [
    ("slocket-core", &[], 1),
    ("slocket-fork", &[], 5),
    ("slocket-os", &[], 27),
    ("slocket-sync", &[], 28),
    ("slocket-tokio", &["tokio"], 31),
    ("slocket-smol", &["async-io"], 38),
    ("slocket-async-std", &["async-io", "async-std"], 57),
];

/// Fails unless each library's normal tree has the runtime it is for and no other, is small, and is as large as README.md
/// says.
fn trees() -> Result {
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    for (library, runtimes, most) in TREES {
        let arguments = ["tree", "--locked", "--package", library, "--edges", "normal", "--prefix", "none"];
        let output = cargo(&arguments).args(["--format", "{p}"]).output()?;
        if !output.status.success() {
            return Err(format!("cargo tree: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
        }
        let text = String::from_utf8_lossy(&output.stdout).replace(" (*)", "");
        let crates: BTreeSet<_> = text.lines().filter(|line| !line.is_empty()).collect();
        let names: Vec<_> = crates.iter().filter_map(|line| line.split(' ').next()).collect();
        if let Some(other) = names.iter().find(|name| RUNTIMES.contains(name) && !runtimes.contains(name)) {
            return Err(format!("{library} brings {other}").into());
        }
        if crates.is_empty() || crates.len() > most {
            return Err(format!("{library} has {} crates in its tree, {most} at most are allowed", crates.len()).into());
        }
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{library}` |")));
        if !row.is_some_and(|row| row.ends_with(&format!("| {} |", crates.len()))) {
            return Err(format!("README.md does not say that {library} has {} crates in its tree", crates.len()).into());
        }
        println!("{library}: {} crates", crates.len());
    }
    Ok(())
}

/// Fails unless the Rust that the root manifest states is what our packages state, enough for
/// each dependency, and what README.md promises.
fn msrv() -> Result {
    let output = cargo(&["metadata", "--format-version", "1", "--locked"]).output()?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    let packages = packages(&serde_json::from_slice(&output.stdout)?)?;
    let msrv = stated_msrv()?;
    let mut wrong: Vec<_> = packages.iter().filter_map(|package| too_new(package, &msrv)).collect();
    let promise = format!("Rust {msrv}");
    if !std::fs::read_to_string(root().join("README.md"))?.contains(&promise) {
        wrong.push(format!("README.md does not say \"{promise}\""));
    }
    if !wrong.is_empty() {
        return Err(wrong.join("\n       ").into());
    }
    let ours = packages.iter().filter(|package| package.ours).count();
    println!("Rust {msrv}: stated by our {ours} packages, enough for the {} of others", packages.len() - ours);
    Ok(())
}

/// One package of the resolved graph.
#[derive(Debug)]
struct Package {
    name: String,
    rust_version: Option<String>,
    ours: bool,
}

fn packages(metadata: &Value) -> Result<Vec<Package>> {
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    Ok(packages
        .iter()
        .map(|package| Package {
            name: package["name"].as_str().unwrap_or_default().to_owned(),
            rust_version: package["rust_version"].as_str().map(str::to_owned),
            ours: package["source"].is_null(),
        })
        .collect())
}

/// The MSRV as the root manifest states it.
pub(crate) fn stated_msrv() -> Result<String> {
    stated(&std::fs::read_to_string(root().join("Cargo.toml"))?)
}

fn stated(manifest: &str) -> Result<String> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \""));
    Ok(line.and_then(|rest| rest.strip_suffix('"')).ok_or("Cargo.toml states no rust-version")?.to_owned())
}

fn too_new(Package { name, rust_version, ours }: &Package, msrv: &str) -> Option<String> {
    match rust_version {
        None if *ours => Some(format!("{name} does not inherit the workspace's rust-version")),
        Some(needs) if *ours && needs != msrv => Some(format!("{name} states Rust {needs}, not {msrv}")),
        Some(needs) if numbers(needs) > numbers(msrv) => Some(format!("{name} needs Rust {needs}, not {msrv}")),
        _ => None,
    }
}

fn numbers(version: &str) -> Vec<u32> {
    let mut numbers: Vec<_> = version.split('.').map(|part| part.parse().unwrap_or(u32::MAX)).collect();
    numbers.resize(3, 0);
    numbers
}

/// Licences, sources and doubled dependencies. (Not the advisories: their database would have to be fetched from elsewhere
/// than a package registry. `cargo deny check` does both.)
fn deny() -> Result {
    let installed = Command::new("cargo-deny").arg("--version").output().is_ok_and(|output| output.status.success());
    match (installed, in_ci()) {
        (true, _) => command::run(&mut cargo(&["deny", "--locked", "check", "bans", "licenses", "sources"])),
        (false, false) => {
            println!("SKIPPED: cargo-deny is not installed (`cargo install --locked cargo-deny`, or as .ci/run does)");
            Ok(())
        }
        (false, true) => Err("cargo-deny is not installed, and with CI=true nothing may be skipped".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(rust_version: Option<&str>, ours: bool) -> Package {
        Package { name: "some".into(), rust_version: rust_version.map(str::to_owned), ours }
    }

    #[test]
    fn a_dependency_must_do_with_the_msrv() {
        assert_eq!(too_new(&package(None, false), "1.88"), None);
        assert_eq!(too_new(&package(Some("1.9"), false), "1.88"), None);
        assert_eq!(too_new(&package(Some("1.88.0"), false), "1.88"), None);
        assert!(too_new(&package(Some("1.88.1"), false), "1.88").is_some());
        assert!(too_new(&package(Some("1.100"), false), "1.88").is_some());
    }

    #[test]
    fn a_package_of_ours_must_state_the_very_msrv() {
        assert_eq!(too_new(&package(Some("1.88"), true), "1.88"), None);
        assert!(too_new(&package(Some("1.87"), true), "1.88").is_some());
        assert!(too_new(&package(None, true), "1.88").is_some());
    }

    #[test]
    fn the_msrv_is_read_from_the_manifest() {
        assert_eq!(stated("edition = \"2024\"\nrust-version = \"1.88\"\n").unwrap(), "1.88");
        assert!(stated("edition = \"2024\"\n").is_err());
    }
}
