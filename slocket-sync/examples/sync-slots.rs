//! At most two jobs at once on this machine, each with a device of its own. A job that is killed gives its device back.
//!
//! In three terminals: `cargo run --example sync-slots`

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, io};

use slocket_sync::Slocket;

/// How many devices there are.
const DEVICES: usize = 2;

/// A wait that is shorter than this is not worth a line.
const PATIENCE: Duration = Duration::from_millis(500);

fn main() -> Result<(), Box<dyn Error>> {
    // (Without options it is `Semaphore::new(path, DEVICES)`.)
    let devices = Slocket::builder(private_folder().join("slocket-slots.lock"))
        .on_wait(PATIENCE, |waiting| eprintln!("{waiting}"))
        .build()?
        .semaphore(DEVICES)?;
    let permit = devices.acquire()?;
    job(permit.index())?;
    permit.release()?;
    Ok(())
}

/// The work that needs a device: no other job has the same.
fn job(device: usize) -> io::Result<()> {
    println!("the job runs on device {device}; Enter ends it");
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// A folder of this user's own: in one that all users share, such as /tmp, others can take the path first.
fn private_folder() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
