//! A leader among workers: the lock is the office. If the leader is killed, the next worker takes over at once.
//!
//! `cargo run --example sync-leader` starts three workers and kills each leader but the last.

use std::error::Error;
use std::io::{self, BufRead, BufReader, PipeReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::{env, process};

use slocket_sync::Slocket;

fn main() -> Result<(), Box<dyn Error>> {
    let slocket = Slocket::new(private_folder().join("slocket-leader.lock"))?;
    if env::args().nth(1).as_deref() == Some("worker") { worker(&slocket) } else { election(&slocket) }
}

/// Waits to become the leader, and leads for as long as it lives.
fn worker(slocket: &Slocket) -> Result<(), Box<dyn Error>> {
    let guard = slocket.acquire()?;
    println!("{}", process::id());
    // Leads, until the end of its input says that it is no longer needed.
    io::stdin().read_line(&mut String::new())?;
    guard.release()?;
    Ok(())
}

fn election(slocket: &Slocket) -> Result<(), Box<dyn Error>> {
    let (news, tell) = io::pipe()?;
    let mut workers = Vec::new();
    for _ in 0..3 {
        let mut worker = Command::new(env::current_exe()?);
        worker.arg("worker").stdin(Stdio::piped()).stdout(tell.try_clone()?);
        workers.push(worker.spawn()?);
    }
    drop(tell); // so that the news end when all workers have

    let mut news = BufReader::new(news);
    while let Some(mut leader) = next_leader(&mut news, &mut workers)? {
        // Any process can ask for the leader.
        match slocket.holder()? {
            Some(holder) => println!("worker {} leads: held by {holder}", leader.id()),
            None => println!("worker {} leads, and holds nothing", leader.id()),
        }
        if !workers.is_empty() {
            leader.kill()?; // SIGKILL: it cannot release anything
        }
        let end = leader.wait()?; // this closes its input first
        println!("worker {} has ended: {end}", leader.id());
    }
    Ok(())
}

/// Waits until one of the workers says that it leads; `None` when all have ended.
fn next_leader(news: &mut BufReader<PipeReader>, workers: &mut Vec<Child>) -> Result<Option<Child>, Box<dyn Error>> {
    let mut line = String::new();
    news.read_line(&mut line)?;
    let leader = workers.iter().position(|worker| worker.id().to_string() == line.trim());
    Ok(leader.map(|leader| workers.swap_remove(leader)))
}

/// A folder of this user's own: in one that all users share, such as /tmp, others can take the path first.
fn private_folder() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from)
}
