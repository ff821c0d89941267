//! A leader among workers: the lock is the office. If the leader is killed, the next worker takes over at once.
//!
//! `cargo run --example smol-leader` starts three workers and kills each leader but the last.

use std::error::Error;
use std::io::{self, BufRead, BufReader, PipeReader};
use std::process::{Child, Command, Stdio};
use std::{env, process};

use slocket_smol::Slocket;

fn main() -> Result<(), Box<dyn Error>> {
    if env::args().nth(1).as_deref() == Some("worker") { smol::block_on(worker()) } else { election() }
}

/// Waits to become the leader, and leads for as long as it lives.
async fn worker() -> Result<(), Box<dyn Error>> {
    let slocket = Slocket::new(env::temp_dir().join("slocket-leader.lock"))?;
    let guard = slocket.acquire().await?;
    println!("{}", process::id());
    // Leads, until the end of its input says that it is no longer needed.
    smol::unblock(|| io::stdin().read_line(&mut String::new())).await?;
    guard.release()?;
    Ok(())
}

fn election() -> Result<(), Box<dyn Error>> {
    let (news, tell) = io::pipe()?;
    let mut workers = Vec::new();
    for _ in 0..3 {
        let mut worker = Command::new(env::current_exe()?);
        worker.arg("worker").stdin(Stdio::piped()).stdout(tell.try_clone()?);
        workers.push(worker.spawn()?);
    }
    drop(tell); // so that the news end when all workers have

    let mut news = BufReader::new(news);
    while workers.len() > 1 {
        let mut leader = next_leader(&mut news, &mut workers)?;
        leader.kill()?; // SIGKILL: it cannot release anything
        leader.wait()?;
        println!("worker {} was killed", leader.id());
    }
    let mut leader = next_leader(&mut news, &mut workers)?;
    leader.wait()?; // this closes its input first
    println!("worker {} was the last", leader.id());
    Ok(())
}

/// Waits until one of the workers says that it leads.
fn next_leader(news: &mut BufReader<PipeReader>, workers: &mut Vec<Child>) -> Result<Child, Box<dyn Error>> {
    let mut line = String::new();
    news.read_line(&mut line)?;
    let pid: u32 = line.trim().parse()?;
    println!("worker {pid} leads");
    let place = workers.iter().position(|worker| worker.id() == pid).ok_or("that is no worker")?;
    Ok(workers.swap_remove(place))
}
