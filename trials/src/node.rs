//! Whether there is a Node and the npm package, and where its player is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tell;

/// Whether trials with Node can run. If not: says so, and fails under `CI=true`.
///
/// # Panics
/// If there is no Node, or no npm package `slocket` in `interop/node_modules`, and the environment says `CI=true`.
#[must_use]
#[track_caller]
pub fn node_or_skip() -> bool {
    let missing = match (has_node(), interop().join("node_modules/slocket/package.json").is_file()) {
        (true, true) => return true,
        (false, _) => "no Node",
        (true, false) => "no npm slocket: run `npm ci` in interop/",
    };
    let line = format!("SKIPPED: no Node/npm slocket ({missing})");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line}, which CI must not skip");
    tell(format!("{}: {line}", std::thread::current().name().unwrap_or("?")));
    false
}

/// The player that uses the npm package.
pub(crate) fn player() -> PathBuf {
    interop().join("player.js")
}

fn interop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("interop")
}

fn has_node() -> bool {
    let version = Command::new("node").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}
