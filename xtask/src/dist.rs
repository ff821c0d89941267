//! `cargo xtask dist`: the tool for people without Rust, as a static binary and as a Debian package, each tried out.
//!
//! Both contain the same binary. It is linked with musl, because it then runs on every Linux of its architecture; a static glibc would
//! load the libraries that nsswitch.conf names, and those belong to another glibc.

mod archive;
mod bom;
mod debian;
mod files;
mod tried;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, cargo, heading, root};
use crate::result::Result;
use files::Files;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The profile to build with: `dev` takes less time, and makes packages of the same files
    #[arg(long, default_value = "packed")]
    profile: String,
}

pub(crate) fn run(options: &Options) -> Result {
    heading("the tool as a static binary");
    let files = build(&options.profile)?;
    let folder = target().join("dist");
    fs::create_dir_all(&folder)?;

    let archive = archive::pack(&files, &folder)?;
    let package = debian::pack(&files, &folder)?;
    heading("the Debian package is installed, used and purged");
    tried::package(&package)?;
    heading("the archive is unpacked and used");
    tried::archive(&archive)?;
    heading("made");
    for path in [archive, package] {
        println!("{:>9} kB  {}", fs::metadata(&path)?.len() / 1000, path.display());
    }
    Ok(())
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}

fn build(profile: &str) -> Result<Files> {
    let architecture = env::consts::ARCH;
    let musl = format!("{architecture}-unknown-linux-musl");
    let gnu = format!("{architecture}-unknown-linux-gnu");
    let (triple, library) = if is_installed(&musl)? {
        (musl, "musl")
    } else {
        println!("Rust's target {musl} is not installed: `rustup target add {musl}` adds it.");
        println!("The binary is linked with the static glibc instead. Names of users may then be shown as numbers.");
        (gnu, "gnu")
    };
    let mut build = cargo(&["build", "--quiet", "--locked", "--package", "slocket-cli", "--target", &triple]);
    build.args(["--profile", profile]).env("RUSTFLAGS", "-C target-feature=+crt-static");
    command::run(&mut build)?;
    let folder = if profile == "dev" { "debug" } else { profile };
    let built = target().join(&triple).join(folder).join("slocket");
    let binary = target().join("dist/slocket");
    fs::create_dir_all(target().join("dist"))?;
    fs::copy(built, &binary)?;
    command::run(Command::new("strip").arg(&binary))?;
    tried::needs_no_library(&binary)?;
    Ok(Files {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        architecture: architecture.to_owned(),
        library,
        bom: bom::of("slocket-cli", &triple)?,
        binary,
    })
}

/// Whether Rust's standard library is there for a target.
fn is_installed(triple: &str) -> Result<bool> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir", "--target", triple]).output()?;
    let folder = String::from_utf8(output.stdout)?;
    Ok(output.status.success() && Path::new(folder.trim()).is_dir())
}
