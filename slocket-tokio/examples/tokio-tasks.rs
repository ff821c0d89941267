//! Tasks and a thread of one program share a lock with other programs; and the user cancels a wait.
//!
//! In two terminals: `cargo run --example tokio-tasks`

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use slocket_tokio::{Guard, Slocket};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// A shorter wait is not worth a line.
const PATIENCE: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let slocket = Slocket::new(private_folder().join("slocket-tasks.lock"))?;
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    let Some(guard) = acquire_unless(&slocket, async { input.next_line().await.map(drop) }).await? else {
        println!("given up");
        return Ok(());
    };
    println!("held; Enter releases it");

    // All of them wait inside this process; one at a time goes outside for all.
    let mut tasks = JoinSet::new();
    for number in 1..=2 {
        let slocket = slocket.clone();
        tasks.spawn(async move {
            let guard = slocket.acquire().await?;
            println!("task {number} has had it");
            guard.release()
        });
    }
    tasks.spawn_blocking(move || {
        let guard = slocket.acquire_blocking()?;
        println!("a thread has had it");
        guard.release()
    });
    input.next_line().await?;
    guard.release()?;
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// Acquires the lock; `None` if the other future ends before.
async fn acquire_unless(
    slocket: &Slocket,
    enough: impl Future<Output = std::io::Result<()>>,
) -> Result<Option<Guard>, Box<dyn Error>> {
    let mut acquire = pin!(slocket.acquire());
    tokio::select! {
        biased; // a lock that is free is had, also at the end of the input
        guard = &mut acquire => return Ok(Some(guard?)),
        () = sleep(PATIENCE) => println!("waiting; Enter gives up"),
    }
    tokio::select! {
        guard = acquire => Ok(Some(guard?)),
        ended = enough => ended.map(|()| None).map_err(Into::into), // `acquire` is dropped: it has left the queue
    }
}

/// A folder of this user's own: in one that all users share, such as /tmp, others can take the path first.
fn private_folder() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
