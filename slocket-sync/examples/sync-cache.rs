//! A cache folder that processes share: the first process fills it, the second finds it filled.
//!
//! Several at once: `for i in 1 2 3 4; do cargo run --quiet --example sync-cache & done; wait`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, process, thread};

use slocket_sync::Slocket;

fn main() -> Result<(), Box<dyn Error>> {
    let cache = private_folder().join("slocket-cache");
    fs::create_dir_all(&cache)?;
    let entry = cache.join("answer");
    let slocket = Slocket::new(cache.join("answer.lock"))?;
    // What is there is whole (see `fill`): to read it takes no lock.
    if !entry.exists() {
        let guard = slocket.acquire()?;
        // Another process may have filled it while we waited: look again.
        if !entry.exists() {
            fill(&entry)?;
            println!("filled {}", entry.display());
        }
        guard.release()?;
    }
    println!("found {}", fs::read_to_string(&entry)?);
    Ok(())
}

/// Writes beside the entry and renames: a process that is killed here leaves a free lock, and no half-written entry.
fn fill(entry: &Path) -> Result<(), Box<dyn Error>> {
    thread::sleep(Duration::from_secs(1)); // a download, say
    let draft = entry.with_extension("draft");
    fs::write(&draft, format!("the answer of pid {}", process::id()))?;
    fs::rename(draft, entry)?;
    Ok(())
}

/// A folder of this user's own: in one that all users share, such as /tmp, others can take the path first.
fn private_folder() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
