//! Whether there is a Node and the npm package, and where its player is.

use std::path::{Path, PathBuf};

use crate::needs::{runs, skip};

/// Whether trials with Node can run. If not: says so, and fails under `CI=true`.
///
/// # Panics
/// If there is no Node, or no npm package `slocket` in `interop/node_modules`, and the environment says `CI=true`.
#[must_use]
#[track_caller]
pub fn node_or_skip() -> bool {
    match (runs("node", "--version"), interop().join("node_modules/slocket/package.json").is_file()) {
        (true, true) => true,
        (false, _) => skip("no Node"),
        (true, false) => skip("no npm slocket: run `npm ci` in interop/"),
    }
}

/// The player that uses the npm package.
pub(crate) fn player() -> PathBuf {
    interop().join("player.js")
}

fn interop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("interop")
}
