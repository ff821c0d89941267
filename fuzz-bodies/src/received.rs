//! A waiter of `slocket-os`, and a server that does to it what the bytes say, on the real kernel.

pub(crate) mod act;
mod scene;
mod server;

use std::sync::Once;

use tempfile::TempDir;

use crate::home::Home;
use crate::left;
use crate::received::scene::Scene;

/// The most that a server does.
pub(crate) const MOST_ACTS: usize = 24;

/// Lets a server do to a waiter what the bytes stand for. (It counts the descriptors of the process, so nothing else may
/// run in it.)
///
/// # Panics
/// If the waiter believes what it may not, or does not do what it should; if it hangs; if something is left.
pub fn received(bytes: &[u8]) {
    static RESERVE: Once = Once::new();
    let Some((setting, script)) = bytes.split_first() else { return };
    let folder = TempDir::with_prefix("slocket-fuzz-").expect("a temporary folder");
    let home = Home::new(folder.path(), setting & 4 != 0);
    // The process keeps a descriptor in reserve from the first time on.
    RESERVE.call_once(|| left::assert_free(&home));
    let before = left::open();

    let mut scene = Scene::new(&home, setting & 1 != 0, setting & 2 != 0);
    for act in act::all(script).take(MOST_ACTS) {
        scene.play(act);
    }
    scene.end();
    drop(scene);
    left::assert_nothing(&home, folder.path(), before);
}
