//! A storm for every system: processes that hold one lock in turn under both witnesses, and are killed at random.
//! (Where the lock is a locked file. `cargo xtask platforms --wine` runs it; `cargo xtask storm` is the one for Linux.)
//!
//! `anywhere FOLDER PROCESSES ACQUISITIONS SEED`; `anywhere hold FOLDER NAME` is one hold under both witnesses, for a command of the tool.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use slocket_sync::{Home, Slocket, TryAcquireError};
use trials::witness::{self, Interval, Witness};
use trials::{PATIENCE, Random};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The most acquisitions between two kills.
const PACE: u64 = 40;

/// How long a process that holds is looked for, which is to be killed.
const AIM: Duration = Duration::from_millis(200);

/// The longest hold, in microseconds; now and then 16 times that.
const LONGEST_HOLD: u64 = 300;

/// The longest time-out, in microseconds.
const LONGEST_TIME_OUT: u64 = 20_000;

/// So often the lock is acquired when all have ended.
const AFTERWARDS: usize = 10;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &*arguments.iter().map(String::as_str).collect::<Vec<_>>() {
        ["hold", folder, name] => {
            let mut witness = witness(Path::new(folder), name);
            let hold = witness.begin();
            last(LONGEST_HOLD);
            witness.end(hold);
            Ok(())
        }
        ["member", folder, name, seed] => member(Path::new(folder), name, seed.parse()?),
        [folder, processes, acquisitions, seed] => {
            let mut storm = Storm::new(folder.into(), seed.parse()?);
            storm.rage(processes.parse()?, acquisitions.parse()?)?;
            storm.end()
        }
        _ => Err("usage: anywhere FOLDER PROCESSES ACQUISITIONS SEED".into()),
    }
}

fn slocket(folder: &Path) -> Result<Slocket> {
    Ok(Slocket::builder(folder.join("lock")).home(Home::File).build()?)
}

fn witness(folder: &Path, name: &str) -> Witness {
    Witness::open(&folder.join("counter"), &log(folder, name))
}

fn log(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.log"))
}

/// Where this file is, the processes end by themselves.
fn stop(folder: &Path) -> PathBuf {
    folder.join("stop")
}

/// One of the processes: acquires, now and then by a try or with a time-out, and releases, until it is told to stop.
fn member(folder: &Path, name: &str, seed: u64) -> Result<()> {
    let (slocket, mut witness, mut random) = (slocket(folder)?, witness(folder, name), Random::new(seed));
    while !stop(folder).exists() {
        let guard = match random.below(8) {
            0 => match slocket.try_acquire() {
                Ok(guard) => guard,
                Err(TryAcquireError::WouldBlock) => continue,
                Err(error) => return Err(error.into()),
            },
            1 => match slocket.acquire_timeout(Duration::from_micros(random.below(LONGEST_TIME_OUT))) {
                Ok(guard) => guard,
                Err(error) if error.is_timed_out() => continue,
                Err(error) => return Err(error.into()),
            },
            _ => slocket.acquire()?,
        };
        let hold = witness.begin();
        let longest = if random.once_in(16) { 16 * LONGEST_HOLD } else { LONGEST_HOLD };
        last(random.below(longest));
        witness.end(hold);
        guard.release()?;
    }
    Ok(())
}

/// Waits for so long.
fn last(micros: u64) {
    let until = Instant::now() + Duration::from_micros(micros);
    while Instant::now() < until {
        thread::yield_now();
    }
}

struct Storm {
    folder: PathBuf,
    random: Random,
    members: Vec<Member>,
    started: usize,
    killed: usize,
}

struct Member {
    name: String,
    child: Child,
}

impl Storm {
    fn new(folder: PathBuf, seed: u64) -> Self {
        Self { folder, random: Random::new(seed), members: Vec::new(), started: 0, killed: 0 }
    }

    fn count(&self) -> u64 {
        witness::count(&self.folder.join("counter"))
    }

    fn start(&mut self) -> Result<()> {
        self.started += 1;
        let name = format!("member-{}", self.started);
        let mut command = Command::new(env::current_exe()?);
        command.arg("member").arg(&self.folder).args([&name, &self.random.next().to_string()]);
        self.members.push(Member { name, child: command.spawn()? });
        Ok(())
    }

    /// Kills one after the other, and starts another one for each, until they have counted that far.
    fn rage(&mut self, processes: usize, acquisitions: u64) -> Result<()> {
        for _ in 0..processes {
            self.start()?;
        }
        while self.count() < acquisitions {
            // That the count goes on after each kill shows that the lock is not lost, whichever process died.
            let goal = self.count() + 1 + self.random.below(PACE);
            let began = Instant::now();
            while self.count() < goal {
                self.all_live()?;
                if began.elapsed() > PATIENCE {
                    return Err(format!("no process acquires the lock any more, after {} kills", self.killed).into());
                }
                thread::park_timeout(Duration::from_millis(1));
            }
            self.kill_one()?;
            self.start()?;
        }
        Ok(())
    }

    fn all_live(&mut self) -> Result<()> {
        for member in &mut self.members {
            if let Some(status) = member.child.try_wait()? {
                return Err(format!("{} has ended by itself: {status}", member.name).into());
            }
        }
        Ok(())
    }

    /// Kills one at any instant, or one that holds.
    fn kill_one(&mut self) -> Result<()> {
        let mut victim = self.random.below(self.members.len() as u64) as usize;
        if self.random.once_in(2) {
            let began = Instant::now();
            while began.elapsed() < AIM {
                if let Some(holder) = self.members.iter().position(|member| self.holds(member)) {
                    victim = holder;
                    break;
                }
            }
        }
        let mut victim = self.members.swap_remove(victim);
        // (SIGKILL, and on Windows TerminateProcess.)
        victim.child.kill()?;
        victim.child.wait()?;
        self.killed += 1;
        Ok(())
    }

    /// Whether its log ends within a hold.
    fn holds(&self, member: &Member) -> bool {
        let log = fs::read_to_string(log(&self.folder, &member.name)).unwrap_or_default();
        log.lines().next_back().is_some_and(|line| line.starts_with('+'))
    }

    /// Lets all end, acquires the lock once more, and says what the witnesses saw.
    fn end(mut self) -> Result<()> {
        fs::write(stop(&self.folder), "")?;
        for mut member in self.members.drain(..) {
            let status = ends(&mut member)?;
            if !status.success() {
                return Err(format!("{} failed: {status}", member.name).into());
            }
        }
        let (slocket, mut witness) = (slocket(&self.folder)?, witness(&self.folder, "afterwards"));
        for _ in 0..AFTERWARDS {
            let guard = slocket.try_acquire()?;
            let hold = witness.begin();
            witness.end(hold);
            guard.release()?;
        }
        self.report()
    }

    fn report(&self) -> Result<()> {
        let report = witness::check(&self.folder);
        let acquired = report.intervals.len();
        let cut = report.intervals.iter().filter(|hold| hold.end.is_none()).count();
        let counted = report.intervals.last().and_then(|last| last.count);
        let named = |hold: &Interval| format!("{hold:?}");
        let mut wrong: Vec<String> = report.overlaps.iter().map(|pair| format!("two holders: {pair:?}")).collect();
        wrong.extend(report.miscounts.iter().map(|hold| format!("an update is lost: {}", named(hold))));
        if counted != Some(self.count()) {
            wrong.push(format!("the counter says {}, the last hold {counted:?}", self.count()));
        }
        if cut == 0 {
            wrong.push("no holder was killed".to_owned());
        }
        if !wrong.is_empty() {
            return Err(wrong.join("\n").into());
        }
        let killed = self.killed;
        println!(
            "{acquired} acquisitions, {killed} kills, {cut} of them of a holder: no second holder, no update lost"
        );
        Ok(())
    }
}

fn ends(member: &mut Member) -> Result<ExitStatus> {
    let began = Instant::now();
    loop {
        if let Some(status) = member.child.try_wait()? {
            return Ok(status);
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("{} does not end", member.name).into());
        }
        thread::park_timeout(Duration::from_millis(1));
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        for member in &mut self.members {
            let _ = member.child.kill();
            let _ = member.child.wait();
        }
    }
}
