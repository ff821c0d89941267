//! A thousand tasks of one process want one lock.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::task::yield_now;
use trials::process;
use trials::witness::now;

use crate::crew::{Worker, myself};
use crate::figure::{self, Figure};
use crate::peer::lock_file;
use crate::plan::Bench;
use crate::report::{Claim, Comparison, Section, Table};
use crate::result::Result;

/// How the tasks come to the lock.
const WAYS: [(&str, &str); 5] = [
    ("slocket", "slocket-tokio, clones of one handle"),
    ("handles", "slocket-tokio, a handle each"),
    ("blocking", "spawn_blocking + flock"),
    ("poll-1", "try-lock polled at 1 ms"),
    ("poll-50", "try-lock polled at 50 ms"),
];

pub(crate) fn measure(bench: &mut Bench) -> Result<Section> {
    let tasks = bench.scale.of(50, 1_000, 1_000);
    let limit = Duration::from_millis(bench.scale.of(500, 500, 10_000));
    let mut section = Section {
        title: "Many tasks of one process",
        text: format!(
            "{tasks} tasks on a Tokio runtime with two workers are started at once; each acquires one lock (on tmpfs) once, \
             holds it across one await point (`yield_now`) and releases it. The time from the first start until the last has \
             released; after {} only the finished tasks are counted. *Threads*: the most at a time, beyond those \
             that the runtime has before.",
            figure::time(limit.as_nanos() as f64)
        ),
        ..Section::default()
    };
    let mut all = vec![(Vec::new(), Vec::new(), tasks); WAYS.len()];
    for _ in 0..bench.rounds() {
        for ((key, _), (rates, threads, served)) in WAYS.iter().zip(&mut all) {
            let path = bench.fresh_path();
            let millis = limit.as_millis();
            let mut worker =
                Worker::of(myself(&["tasks", key])?.arg(&path).args([tasks.to_string(), millis.to_string()]))?;
            let answer = worker.expect("done")?;
            let numbers = answer.split(' ').map(str::parse).collect::<std::result::Result<Vec<u64>, _>>()?;
            let [count, nanos, before, most] = *numbers else { return Err("tasks: four numbers".into()) };
            if count == 0 {
                return Err(format!("{key}: no task acquired the lock").into());
            }
            rates.push(count as f64 / (nanos as f64 / 1e9));
            threads.push(most.saturating_sub(before) as f64);
            *served = (*served).min(usize::try_from(count)?);
        }
    }
    let figure = |values: &[f64]| Figure::of(values).ok_or("not measured");
    let ours = figure(&all[0].0)?.median;
    let head = ["", "acquisitions/s (quartiles)", "for all", "served", "threads", "to slocket"];
    let mut table = Table::new(format!("{tasks} tasks"), &head);
    for ((key, name), (rates, threads, served)) in WAYS.iter().zip(&all) {
        let (rate, threads) = (figure(rates)?, figure(threads)?);
        let [median, low, high] = [rate.median, rate.low, rate.high].map(figure::number);
        let time = if *served == tasks { figure::time(tasks as f64 / rate.median * 1e9) } else { "never".into() };
        table.row(vec![
            (*name).into(),
            format!("{median} ({low} … {high})"),
            time,
            format!("{served} of {tasks}"),
            format!("{:.0}", threads.median),
            figure::ratio(ours / rate.median),
        ]);
        let factor = ours / rate.median;
        if *key != "slocket" && *key != "handles" {
            let what = format!("{tasks} tasks, acquisitions/s");
            section.comparisons.push(Comparison { what, other: (*name).into(), factor });
        }
        if *key == "blocking" || *key == "poll-1" {
            section.claims.push(Claim::at_least(
                format!("{tasks} tasks: at least 5× {name}"),
                factor,
                5.0,
                figure::ratio,
            ));
        }
    }
    let further = figure(&all[0].1)?.median;
    let text = format!("{tasks} tasks: no further thread");
    section.claims.push(Claim::at_most(text, further, 0.0, |threads| format!("{threads:.0} more")));
    section.tables.push(table);
    Ok(section)
}

/// The process that has the tasks: `done SERVED NANOS THREADS-BEFORE MOST-THREADS`.
pub(crate) fn serve(way: &str, path: &Path, tasks: usize, limit: Duration) -> Result {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let myself = std::process::id();
    let (stop, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let watcher = thread::spawn({
        let (stop, most) = (Arc::clone(&stop), Arc::clone(&most));
        move || {
            while !stop.load(Ordering::Relaxed) {
                most.fetch_max(process::threads(myself), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let before = process::threads(myself);
    let served = Arc::new(AtomicUsize::new(0));
    let first = slocket_tokio::Slocket::new(path)?;
    // Its first lock pays for what later ones reuse.
    runtime.block_on(async { first.acquire().await?.release() })?;

    let start = now();
    let finished = runtime.block_on(async {
        let mut handles = Vec::new();
        for _ in 0..tasks {
            let served = Arc::clone(&served);
            let turn = turn(way, path, &first)?;
            handles.push(tokio::spawn(async move {
                turn.await;
                served.fetch_add(1, Ordering::Relaxed);
            }));
        }
        let all = async {
            for handle in handles {
                handle.await.expect("a task");
            }
        };
        let _ = tokio::time::timeout(limit, all).await;
        Result::Ok((served.load(Ordering::Relaxed), now() - start))
    });
    let (count, nanos) = finished?;
    stop.store(true, Ordering::Relaxed);
    watcher.join().expect("the watcher");
    println!("done {count} {nanos} {before} {}", most.load(Ordering::Relaxed));
    // Threads that block for a lock do not end before they have it.
    std::process::exit(0)
}

type Turn = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// One task's turn: acquire, hold across an await point, release.
fn turn(way: &str, path: &Path, first: &slocket_tokio::Slocket) -> Result<Turn> {
    let pause = match way {
        "slocket" | "handles" => {
            let slocket = if way == "slocket" { first.clone() } else { slocket_tokio::Slocket::new(path)? };
            return Ok(Box::pin(async move {
                let guard = slocket.acquire().await.expect("acquire");
                yield_now().await;
                guard.release().expect("release");
            }));
        }
        "blocking" => {
            // A file of its own, where no socket is.
            let path = path.with_extension("flock");
            return Ok(Box::pin(async move {
                let locked = tokio::task::spawn_blocking(move || {
                    let file = lock_file(&path);
                    file.lock().map(|()| file)
                });
                let file = locked.await.expect("the pool").expect("flock");
                yield_now().await;
                drop(file);
            }));
        }
        "poll-1" => 1,
        "poll-50" => 50,
        _ => return Err(format!("no such way: {way}").into()),
    };
    let file = lock_file(&path.with_extension("flock"));
    Ok(Box::pin(async move {
        while file.try_lock().is_err() {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        yield_now().await;
        drop(file);
    }))
}

/// The command of a process of waiting tasks: `waiter.rs`.
pub(crate) fn command(way: &str, path: &Path, tasks: usize) -> Result<Command> {
    let mut command = myself(&["wait", way])?;
    command.arg(path).arg(tasks.to_string());
    Ok(command)
}

/// The process whose tasks wait: `ready`, then, told to, `waiting` when all have asked.
pub(crate) fn wait(way: &str, path: &Path, tasks: usize) -> Result {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let first = slocket_tokio::Slocket::new(path)?;
    // Both workers are there, and the timer has been used.
    runtime.block_on(async { tokio::spawn(tokio::time::sleep(Duration::from_millis(1))).await })?;
    println!("ready");
    std::io::stdin().read_line(&mut String::new())?;
    runtime.block_on(async {
        let mut handles = Vec::new();
        for _ in 0..tasks {
            handles.push(tokio::spawn(turn(way, path, &first)?));
        }
        println!("waiting");
        for handle in handles {
            handle.await.expect("a task");
        }
        Result::Ok(())
    })
}
