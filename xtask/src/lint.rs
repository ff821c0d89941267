//! `cargo xtask lint`: all that is checked without running the tests.

use crate::command::{self, cargo, heading};
use crate::result::Result;
use crate::{dependencies, package, prose, rustdoc};

/// A workspace of its own.
const FUZZ: &str = "fuzz/Cargo.toml";

pub(crate) fn run() -> Result {
    prose::check()?;
    step("format", &["fmt", "--all", "--check"])?;
    step("clippy", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    step(
        "clippy, all features",
        &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"],
    )?;
    step("format of the fuzz targets", &["fmt", "--manifest-path", FUZZ, "--check"])?;
    step("clippy, the fuzz targets", &["clippy", "--manifest-path", FUZZ, "--all-targets", "--", "-D", "warnings"])?;
    step("docs", &["doc", "--workspace", "--no-deps", "--all-features"])?;
    rustdoc::check(&dependencies::stated_msrv()?)?;
    dependencies::check()?;
    package::check()
}

fn step(name: &str, arguments: &[&str]) -> Result {
    heading(name);
    command::run(cargo(arguments).env("RUSTDOCFLAGS", "-D warnings"))
}
