//! Tasks and a thread of one program share a lock with other programs; and the user cancels a wait.
//!
//! In two terminals: `cargo run --example smol-tasks`

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, io};

use slocket_smol::Slocket;
use smol::future::or;
use smol::io::{AsyncBufReadExt, BufReader};
use smol::stream::StreamExt;
use smol::{LocalExecutor, Timer, Unblock, unblock};

/// A shorter wait is not worth a line.
const PATIENCE: Duration = Duration::from_millis(500);

fn main() -> Result<(), Box<dyn Error>> {
    let executor = LocalExecutor::new();
    smol::block_on(executor.run(run(&executor)))
}

async fn run(executor: &LocalExecutor<'_>) -> Result<(), Box<dyn Error>> {
    let slocket = Slocket::new(private_folder().join("slocket-tasks.lock"))?;
    let mut input = BufReader::new(Unblock::new(io::stdin())).lines();

    let acquire = async { Some(slocket.acquire().await) };
    let give_up = async {
        Timer::after(PATIENCE).await;
        println!("waiting; Enter gives up");
        input.next().await;
        None
    };
    // Whichever is not the first is dropped: an acquire has left the queue then.
    let Some(guard) = or(acquire, give_up).await else {
        println!("given up");
        return Ok(());
    };
    let guard = guard?;
    println!("held; Enter releases it");

    // All of them wait inside this process; one at a time goes outside for all.
    let task = |number| {
        let slocket = slocket.clone();
        executor.spawn(async move {
            let guard = slocket.acquire().await?;
            println!("task {number} has had it");
            guard.release()
        })
    };
    let tasks = [task(1), task(2)];
    let blocking = slocket.clone();
    let thread = unblock(move || {
        let guard = blocking.acquire_blocking()?;
        println!("a thread has had it");
        guard.release()
    });
    input.next().await;
    guard.release()?;
    for task in tasks {
        task.await?;
    }
    thread.await?;
    Ok(())
}

/// A folder of this user's own: in one that all users share, such as /tmp, others can take the path first.
fn private_folder() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
