//! Processes that count in one file: no count is lost, whichever of them is killed.
//!
//! Several at once: `for i in 1 2 3 4; do cargo run --quiet --example sync-counter & done; wait`

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::{env, fs, process, thread};

use slocket_sync::Slocket;

/// How often each process counts, unless it is told otherwise.
const TIMES: u64 = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let folder = arguments.next().map_or_else(private_folder, PathBuf::from);
    let times = arguments.next().and_then(|times| times.to_str()?.parse().ok()).unwrap_or(TIMES);
    let slocket = Slocket::new(folder.join("slocket-counter.lock"))?;
    let counter = folder.join("slocket-counter");
    let mut last = 0;
    for _ in 0..times {
        let guard = slocket.acquire()?;
        last = count(&counter)?;
        guard.release()?;
    }
    println!("counted to {last}");
    Ok(())
}

/// Adds one to the number in a file. A process that is killed here leaves the number as it was, or the next.
fn count(counter: &Path) -> Result<u64, Box<dyn Error>> {
    let number: u64 = match fs::read_to_string(counter) {
        Ok(number) => number.parse()?,
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(error.into()),
    };
    alone(&counter.with_extension("pid"))?;
    let draft = counter.with_extension("draft");
    fs::write(&draft, (number + 1).to_string())?;
    fs::rename(draft, counter)?;
    Ok(number + 1)
}

/// Fails if another process does the same meanwhile.
fn alone(witness: &Path) -> io::Result<()> {
    let ours = process::id().to_string();
    fs::write(witness, &ours)?;
    thread::yield_now();
    let theirs = fs::read_to_string(witness)?;
    if theirs == ours { Ok(()) } else { Err(io::Error::other(format!("process {theirs} holds the lock, too"))) }
}

/// A folder of this user's own: in one that all users share, such as /tmp, others can take the path first.
fn private_folder() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
