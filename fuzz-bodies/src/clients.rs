//! A holder of `slocket-os`, and clients that do whatever the bytes say, on the real kernel.

mod act;
mod client;
mod queue;
mod scene;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Once;

use tempfile::TempDir;

use crate::clients::scene::Scene;
use crate::home::Home;
use crate::left;

/// The most that is done.
const MOST_ACTS: usize = 32;

/// Lets clients do to a holder what the bytes stand for. (It counts the descriptors of the process, so nothing else may run
/// in it.)
///
/// # Panics
/// If there are two holders, or the lock goes to a client that is not the first live waiter; if it hangs; if something is left.
pub fn clients(bytes: &[u8]) {
    static RESERVE: Once = Once::new();
    let Some((setting, script)) = bytes.split_first() else { return };
    let folder = TempDir::with_prefix("slocket-fuzz-").expect("a temporary folder");
    let aside = TempDir::with_prefix("slocket-fuzz-").expect("a temporary folder");
    let home = Home::new(folder.path(), setting & 1 != 0);
    // The process keeps a descriptor in reserve from the first time on.
    RESERVE.call_once(|| left::assert_free(&home));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    fs::create_dir_all(aside.path().join("slocket/2")).expect("it is ours");
    let before = left::open();

    let mut scene = Scene::new(&home, setting & 2 != 0, aside.path());
    for act in act::all(script).take(MOST_ACTS) {
        scene.play(act);
    }
    scene.end();
    left::assert_nothing(&home, folder.path(), before);
}
