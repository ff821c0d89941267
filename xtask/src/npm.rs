//! The npm package that this implementation is tested against.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::command::{root, run};
use crate::result::Result;

/// What became of the npm package.
pub(crate) enum Npm {
    /// It is installed, in this version, under this Node.
    Ready { version: String, node: String },
    /// It is not available, for this reason.
    Missing(String),
}

/// Installs the npm package in exactly the version of `interop/package.json`, if Node is there.
pub(crate) fn install() -> Result<Npm> {
    let Some(node) = version_of("node") else { return Ok(Npm::Missing("Node is not installed".into())) };
    let wanted = wanted()?;
    if installed().as_deref() != Some(&wanted) {
        if version_of("npm").is_none() {
            return Ok(Npm::Missing("npm is not installed".into()));
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(root().join("interop"));
        if let Err(error) = run(&mut npm) {
            return Ok(Npm::Missing(format!("slocket@{wanted} cannot be installed ({error})")));
        }
    }
    match installed() {
        Some(version) if version == wanted => Ok(Npm::Ready { version, node }),
        other => Err(format!("interop/node_modules has slocket {other:?}, wanted is {wanted}").into()),
    }
}

/// The npm package if Node is there and it was installed before. Nothing is fetched.
pub(crate) fn if_installed() -> Result<Npm> {
    match (version_of("node"), installed()) {
        (Some(node), Some(version)) if version == wanted()? => Ok(Npm::Ready { version, node }),
        _ => Ok(Npm::Missing("npm's slocket is not installed (--node 2 installs it)".into())),
    }
}

fn wanted() -> Result<String> {
    let manifest: Value = serde_json::from_slice(&fs::read(root().join("interop/package.json"))?)?;
    let version = manifest["dependencies"]["slocket"].as_str().ok_or("interop/package.json names no slocket")?;
    if version.starts_with(|first: char| first.is_ascii_digit()) {
        Ok(version.to_owned())
    } else {
        Err(format!("interop/package.json asks for slocket {version:?}, which is not an exact version").into())
    }
}

fn installed() -> Option<String> {
    let manifest = fs::read(root().join("interop/node_modules/slocket/package.json")).ok()?;
    let manifest: Value = serde_json::from_slice(&manifest).ok()?;
    Some(manifest["version"].as_str()?.to_owned())
}

fn version_of(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
