//! `cargo xtask mutants`: breaks `slocket-core` in every small way; its tests have to see each. (What is changed and how it is
//! tested is said in `.cargo/mutants.toml`.)

use crate::command::{self, cargo, heading};
use crate::result::Result;

pub(crate) fn run() -> Result {
    let installed = cargo(&["mutants", "--version"]).output().is_ok_and(|output| output.status.success());
    if !installed {
        return Err("cargo-mutants is not installed (cargo install --locked cargo-mutants)".into());
    }
    heading("mutants of slocket-core");
    command::run(&mut cargo(&["mutants", "--no-shuffle"]))
}
