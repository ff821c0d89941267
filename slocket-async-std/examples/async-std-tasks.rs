//! Tasks and a thread of one program share a lock with other programs; and the user cancels a wait.
//!
//! In two terminals: `cargo run --example async-std-tasks`

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use async_std::future::timeout;
use async_std::{io, task};
use slocket_async_std::{Guard, Slocket};

/// A shorter wait is not worth a line.
const PATIENCE: Duration = Duration::from_millis(500);

fn main() -> Result<(), Box<dyn Error>> {
    task::block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    let slocket = Slocket::new(private_folder().join("slocket-tasks.lock"))?;
    let mut acquire = task::spawn(acquire(slocket.clone()));
    let acquired = match timeout(PATIENCE, &mut acquire).await {
        Ok(guard) => {
            enter().await?;
            Some(guard)
        }
        Err(_) => {
            println!("waiting; Enter gives up");
            enter().await?;
            acquire.cancel().await // a task that has ended is not cancelled: the lock is held by now
        }
    };
    let Some(guard) = acquired else {
        println!("given up"); // the task is dropped: it has left the queue
        return Ok(());
    };

    // All of them wait inside this process; one at a time goes outside for all.
    let tasks = [1, 2].map(|number| {
        let slocket = slocket.clone();
        task::spawn(async move {
            let guard = slocket.acquire().await?;
            println!("task {number} has had it");
            guard.release()
        })
    });
    let thread = task::spawn_blocking(move || {
        let guard = slocket.acquire_blocking()?;
        println!("a thread has had it");
        guard.release()
    });
    guard?.release()?;
    for task in tasks {
        task.await?;
    }
    thread.await?;
    Ok(())
}

async fn acquire(slocket: Slocket) -> Result<Guard, slocket_async_std::Error> {
    let guard = slocket.acquire().await?;
    println!("held; Enter releases it");
    Ok(guard)
}

async fn enter() -> io::Result<()> {
    io::stdin().read_line(&mut String::new()).await.map(drop)
}

/// A folder of this user's own: in one that all users share, such as /tmp, others can take the path first.
fn private_folder() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
