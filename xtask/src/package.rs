//! What is published: each package is complete, and breaks no promise of the version before.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::command::{self, cargo, heading, in_ci, root};
use crate::result::Result;

/// What each package must contain, wherever cargo finds it.
const FILES: [&str; 3] = ["README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// What a manifest must say.
const FIELDS: [&str; 9] = [
    "categories",
    "description",
    "documentation",
    "homepage",
    "keywords",
    "license",
    "readme",
    "repository",
    "rust_version",
];

/// Fails unless all packages that are for others can be packaged, in the order of their dependencies, and are complete.
pub(crate) fn check() -> Result {
    let output = cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"]).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages: Vec<_> = metadata["packages"].as_array().into_iter().flatten().filter(is_published).collect();
    let names: Vec<_> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    if names.is_empty() {
        return Err("no package is for others".into());
    }

    heading("packages");
    let mut faults: Vec<_> = packages.iter().flat_map(|package| gaps(package)).collect();
    for name in &names {
        let list = cargo(&["package", "--list", "--allow-dirty", "--package", name]).output()?;
        faults.extend(missing(name, &String::from_utf8_lossy(&list.stdout)));
    }
    if !faults.is_empty() {
        return Err(faults.join("\n       ").into());
    }
    let mut package = cargo(&["package", "--quiet", "--no-verify", "--allow-dirty"]);
    command::run(package.args(names.iter().flat_map(|name| ["--package", name])))?;
    println!("{} packages, each with its licences and README.md", names.len());

    heading("promises of the version before");
    semver(&names)
}

fn is_published(package: &&Value) -> bool {
    // `publish = false` is an empty list of registries.
    package["publish"].as_array().is_none_or(|registries| !registries.is_empty())
}

/// What a manifest does not say.
fn gaps(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let is_there = |value: &Value| match value {
        Value::Array(values) => !values.is_empty(),
        value => value.as_str().is_some_and(|text| !text.is_empty()),
    };
    let mut gaps: Vec<_> = FIELDS.into_iter().filter(|field| !is_there(&package[field])).map(str::to_owned).collect();
    let docs = &package["metadata"]["docs"]["rs"];
    let targets: Vec<_> = docs["targets"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if docs["all-features"] != true || targets.is_empty() || targets.iter().any(|target| !target.contains("linux")) {
        gaps.push("metadata.docs.rs, with all features, for Linux".to_owned());
    }
    gaps.into_iter().map(|gap| format!("{name} does not state its {gap}")).collect()
}

/// What is missing in a package that contains these files.
fn missing(name: &str, list: &str) -> Vec<String> {
    let missing = FILES.iter().filter(|file| !list.lines().any(|line| line == **file));
    missing.map(|file| format!("the package {name} is without {file}")).collect()
}

/// Compares what the libraries offer with the last version that has a tag, if there is one.
fn semver(names: &[&str]) -> Result {
    let tag =
        Command::new("git").args(["describe", "--tags", "--abbrev=0", "--match", "v*"]).current_dir(root()).output()?;
    let tag = String::from_utf8_lossy(&tag.stdout).trim().to_owned();
    if tag.is_empty() {
        println!("no version has a tag yet: nothing to compare with");
        return Ok(());
    }
    let installed = cargo(&["semver-checks", "--version"]).output().is_ok_and(|output| output.status.success());
    match (installed, in_ci()) {
        (true, _) => {
            let libraries = names.iter().filter(|name| root().join(name).join("src/lib.rs").exists());
            let mut command = cargo(&["semver-checks", "--baseline-rev", &tag]);
            command::run(command.args(libraries.flat_map(|name| ["--package", name])))
        }
        (false, false) => {
            println!("SKIPPED: cargo-semver-checks is not installed (cargo install --locked cargo-semver-checks)");
            Ok(())
        }
        (false, true) => Err("cargo-semver-checks is not installed, and with CI=true nothing may be skipped".into()),
    }
}

#[derive(clap::Args)]
pub(crate) struct Notes {
    /// The version, as CHANGELOG.md has it
    version: String,
}

/// Prints the section of CHANGELOG.md for one version.
pub(crate) fn notes(options: &Notes) -> Result {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md"))?;
    let notes = section(&changelog, &options.version);
    println!("{}", notes.ok_or_else(|| format!("CHANGELOG.md has nothing about {}", options.version))?);
    Ok(())
}

/// What is under `## VERSION`, or `## VERSION (and more)`, up to the next version.
fn section(changelog: &str, version: &str) -> Option<String> {
    let is_heading = |line: &str| line.strip_prefix("## ").and_then(|title| title.split(' ').next()) == Some(version);
    let lines = changelog.lines().skip_while(|line| !is_heading(line)).skip(1);
    let notes = lines.take_while(|line| !line.starts_with("## ")).collect::<Vec<_>>().join("\n");
    Some(notes.trim().to_owned()).filter(|notes| !notes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_without_a_licence_is_found_out() {
        let list = "Cargo.toml\nLICENSE-APACHE\nLICENSE-MIT\nREADME.md\nsrc/lib.rs\n";
        assert_eq!(missing("some", list), [""; 0]);
        assert_eq!(missing("some", &list.replace("LICENSE-MIT\n", "")), ["the package some is without LICENSE-MIT"]);
        assert_eq!(missing("some", "").len(), 3);
    }

    #[test]
    fn a_manifest_with_a_gap_is_found_out() {
        let mut package = serde_json::json!({
            "name": "some", "description": "a", "keywords": ["b"], "categories": ["c"], "readme": "d", "documentation": "e",
            "homepage": "f", "repository": "g", "license": "h", "rust_version": "i",
            "metadata": { "docs": { "rs": { "all-features": true, "targets": ["x86_64-unknown-linux-gnu"] } } },
        });
        assert_eq!(gaps(&package), [""; 0]);
        package["keywords"] = serde_json::json!([]);
        package["homepage"] = Value::Null;
        package["metadata"]["docs"]["rs"]["targets"][0] = "x86_64-apple-darwin".into();
        let expected = ["homepage", "keywords", "metadata.docs.rs, with all features, for Linux"];
        assert_eq!(gaps(&package), expected.map(|gap| format!("some does not state its {gap}")));
    }

    #[test]
    fn the_notes_are_those_of_the_version() {
        let changelog = "# Changelog\n\nAll.\n\n## Unreleased\n\n- new\n\n## 1.0.1 (a date)\n\n- one\n- two\n\n## 1.0.0\n\n## 0.9\n- old\n";
        assert_eq!(section(changelog, "Unreleased").as_deref(), Some("- new"));
        assert_eq!(section(changelog, "1.0.1").as_deref(), Some("- one\n- two"));
        assert_eq!(section(changelog, "0.9").as_deref(), Some("- old"));
        assert_eq!(section(changelog, "1.0.0"), None, "it is empty");
        assert_eq!(section(changelog, "1.0"), None);
    }
}
