//! A time-out, and an error that tells the user what to do.
//!
//! In two terminals: `cargo run --example sync-timeout`

use std::error::Error as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, io};

use slocket_sync::{Error, ErrorKind, Slocket};

const LIMIT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            explain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let slocket = Slocket::new(private_folder().join("slocket-timeout.lock"))?;
    let guard = slocket.acquire_timeout(LIMIT)?;
    println!("held; Enter releases it");
    let _ = io::stdin().read_line(&mut String::new());
    guard.release()
}

fn explain(error: &Error) {
    eprintln!("error: {error}"); // names the lock and the holder
    if let Some(source) = error.source() {
        eprintln!("  {source}"); // what the system said
    }
    match error.kind() {
        ErrorKind::TimedOut => match error.holder().map(|holder| holder.pid) {
            Some(Some(pid)) => eprintln!("  wait until it is done, or end it: kill {pid}"),
            Some(None) => eprintln!("  it cannot be seen from here; wait until it is done"),
            None => eprintln!("  try again"),
        },
        ErrorKind::LockLost => eprintln!("  what was written meanwhile may be wrong: look at it"),
        _ => {}
    }
}

/// A folder of this user's own: in one that all users share, such as /tmp, others can take the path first.
fn private_folder() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
