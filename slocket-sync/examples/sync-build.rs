//! A build lock, such as cargo's: a waiter names the holder.
//!
//! In two terminals: `cargo run --example sync-build`

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, io};

use slocket_sync::Slocket;

/// A shorter wait is not worth a line.
const PATIENCE: Duration = Duration::from_millis(500);

fn main() -> Result<(), Box<dyn Error>> {
    let slocket = Slocket::builder(private_folder().join("slocket-build.lock"))
        .on_wait(PATIENCE, |waiting| eprintln!("{waiting}"))
        .build()?;
    let guard = slocket.acquire()?;
    build()?;
    guard.release()?;
    Ok(())
}

/// Stands for a build in a folder that all of them share.
fn build() -> io::Result<()> {
    println!("building; Enter ends it");
    io::stdin().read_line(&mut String::new())?;
    println!("built");
    Ok(())
}

/// A folder of this user's own: in one that all users share, such as /tmp, others can take the path first.
fn private_folder() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
