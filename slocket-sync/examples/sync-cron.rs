//! A job that is skipped if it is still running: one process at a time.
//!
//! In two terminals: `cargo run --example sync-cron`

use std::error::Error;
use std::path::PathBuf;
use std::{env, io};

use slocket_sync::{Slocket, TryAcquireError};

fn main() -> Result<(), Box<dyn Error>> {
    let slocket = Slocket::new(private_folder().join("slocket-cron.lock"))?;
    let guard = match slocket.try_acquire() {
        Ok(guard) => guard,
        Err(TryAcquireError::WouldBlock) => {
            match slocket.holder()? {
                Some(holder) => println!("skipped: {holder} is at work"),
                None => println!("skipped: a process was at work a moment ago"),
            }
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    job()?;
    guard.release()?;
    Ok(())
}

/// The work that must not be done twice at once.
fn job() -> io::Result<()> {
    println!("the job runs; Enter ends it");
    io::stdin().read_line(&mut String::new())?;
    println!("the job is done");
    Ok(())
}

/// A folder of this user's own: in one that all users share, such as /tmp, others can take the path first.
fn private_folder() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
