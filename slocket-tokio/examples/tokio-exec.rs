//! A command that inherits the lock: even if its launcher is killed, no other process starts while the command runs.
//!
//! `cargo run --example tokio-exec` starts a launcher, kills it, and shows that the command keeps the lock.

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::process::Stdio;

use slocket_tokio::{Guard, Slocket};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let slocket = Slocket::new(private_folder().join("slocket-exec.lock"))?;
    if env::args().nth(1).as_deref() == Some("launcher") {
        launch(&slocket.acquire().await?).await
    } else {
        show(&slocket).await
    }
}

/// Runs a command that keeps the lock for as long as it, or whatever it starts, lives.
async fn launch(guard: &Guard) -> Result<(), Box<dyn Error>> {
    let mut command = Command::new("sh");
    command.args(["-c", "echo the command runs; read line"]);
    guard.pass_to(command.as_std_mut())?; // nothing else that this process starts inherits the lock
    let mut child = command.spawn()?;
    drop(command); // and its duplicate of the lock with it
    child.wait().await?;
    // The guard is released now, even if the command left processes behind. (`slocket run` checks for them.)
    Ok(())
}

async fn show(slocket: &Slocket) -> Result<(), Box<dyn Error>> {
    let mut launcher =
        Command::new(env::current_exe()?).arg("launcher").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let input = launcher.stdin.take();
    let mut output = String::new();
    BufReader::new(launcher.stdout.take().ok_or("no output")?).read_line(&mut output).await?;
    print!("{output}");

    launcher.kill().await?; // and waits for its end
    println!("the launcher was killed");
    println!("is the lock free? {}", if slocket.try_acquire().is_ok() { "yes" } else { "no" });

    drop(input); // the command's input as well: it ends
    slocket.acquire().await?.release()?;
    println!("the command has ended, and the lock was had");
    Ok(())
}

/// A folder of this user's own: in one that all users share, such as /tmp, others can take the path first.
fn private_folder() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
