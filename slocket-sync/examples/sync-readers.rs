//! A cache that many processes read at once. The one that finds it empty fills it alone, and goes on as a reader.
//!
//! In several terminals: `cargo run --example sync-readers`, and in one of them `cargo run --example sync-readers refill`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, io, process};

use slocket_sync::{SharedGuard, Slocket};

/// A wait that is shorter than this is not worth a line.
const PATIENCE: Duration = Duration::from_millis(500);

fn main() -> Result<(), Box<dyn Error>> {
    let cache = private_folder().join("slocket-readers");
    fs::create_dir_all(&cache)?;
    let slocket = Slocket::builder(cache.join("lock")).on_wait(PATIENCE, |waiting| eprintln!("{waiting}")).build()?;
    let reader = if env::args().nth(1).as_deref() == Some("refill") {
        fill(&slocket, &cache, |_| true)?
    } else {
        let reader = slocket.acquire_shared()?; // beside all others that read
        if is_empty(&cache) {
            // A shared lock cannot become the lock: two readers that both wanted it would wait for each other for ever.
            reader.release()?;
            fill(&slocket, &cache, is_empty)?
        } else {
            reader
        }
    };
    read(&cache)?;
    reader.release()?;
    Ok(())
}

/// Fills the cache if it is still empty: another process may have filled it before.
fn fill(slocket: &Slocket, cache: &Path, is_wanted: impl FnOnce(&Path) -> bool) -> Result<SharedGuard, Box<dyn Error>> {
    let writer = slocket.acquire()?; // no other process reads or writes now
    if is_wanted(cache) {
        // Two files that belong together: without the lock a reader could find one of them old and the other new.
        for name in ["answer", "sum"] {
            fs::write(cache.join(name), process::id().to_string())?;
        }
        println!("filled");
    }
    // Others may read now, too; no process can have written in between.
    Ok(writer.downgrade()?)
}

fn is_empty(cache: &Path) -> bool {
    !cache.join("sum").exists()
}

fn read(cache: &Path) -> Result<(), Box<dyn Error>> {
    let [answer, sum] = ["answer", "sum"].map(|name| fs::read_to_string(cache.join(name)));
    let answer = answer?;
    if answer != sum? {
        return Err("the two do not belong together".into());
    }
    println!("reading what pid {answer} has written; Enter ends it");
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// A folder of this user's own: in one that all users share, such as /tmp, others can take the path first.
fn private_folder() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
