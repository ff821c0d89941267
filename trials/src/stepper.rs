//! A player that is stopped at its system calls: ptrace(2), on all its threads.
//!
//! The calls that count are those that any thread makes between the player's reading of a command and the writing of its
//! answer, without those that are the player's own: its stdin and stdout, and the files of its witness. And without those of a look
//! through all processes in `/proc`, of which there are as many as the machine has processes: they change nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;
use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc::{self, user_regs_struct};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::calls::{EPOLL_CTL_ADD, FLOCK_UN, name};
use crate::patience::PATIENCE;
use crate::place::Place;
use crate::player::Player;
use crate::witness;

/// Where a player is stopped, and what is done to it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Which of the calls that count, from 0; of a call that fails, which of its kind.
    pub at: usize,
    /// Before it takes effect, or after.
    pub side: Side,
    /// What is done.
    pub deed: Deed,
}

/// A side of a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The call has not taken effect.
    Before,
    /// It has, but has not returned.
    After,
}

impl Side {
    /// Both, in order.
    pub const BOTH: [Self; 2] = [Self::Before, Self::After];
}

/// What is done to a player that is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is killed by SIGKILL.
    Kill,
    /// All its threads stand still until [`Stepper::go_on`].
    Pause,
    /// The call fails.
    Fail(Failure),
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which kind of call, as in `SYS_read` (or [`EPOLL_CTL_ADD`]). [`Stop::at`] counts these alone: threads shift the others.
    pub number: i64,
    /// With what.
    pub errno: Errno,
    /// From there on, every call of that name fails.
    pub forever: bool,
    /// The call takes effect all the same (as close(2) does, whatever it says).
    pub takes_effect: bool,
}

/// A system call that counted.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The thread.
    pub thread: Pid,
    /// Which one, as in `SYS_read` (or [`EPOLL_CTL_ADD`]).
    pub number: i64,
    /// What it returned; `None` if it has not.
    pub result: Option<i64>,
    /// It was made to fail.
    pub failed: bool,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", name(self.number))?;
        match self.result {
            None => write!(f, " ...")?,
            Some(result @ -4095..0) => write!(f, " = {:?}", Errno::from_raw(-i32::try_from(result).unwrap_or(-1)))?,
            Some(result) => write!(f, " = {result}")?,
        }
        if self.failed { write!(f, " (made to fail)") } else { Ok(()) }
    }
}

/// What was seen of a player.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The calls that counted.
    pub calls: Vec<Call>,
    /// When it was killed, as [`witness::now`] tells the time.
    pub killed: Option<u64>,
}

impl Record {
    /// How many calls of one kind returned `result`.
    #[must_use]
    pub fn count(&self, number: i64, result: i64) -> usize {
        self.calls.iter().filter(|call| call.number == number && call.result == Some(result)).count()
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, call) in self.calls.iter().enumerate() {
            writeln!(f, "    {index:3} [{}] {call}", call.thread)?;
        }
        Ok(())
    }
}

/// Stands over a player. All its ptrace calls come from one thread, as the kernel wants it.
///
/// While it does, no other thread may wait for the player's end: see [`finish`](Self::finish).
#[derive(Debug)]
pub struct Stepper {
    thread: Option<JoinHandle<Record>>,
    over: Arc<AtomicBool>,
    reached: Receiver<usize>,
    go: Sender<()>,
    /// How often a counted read(2) found nothing yet.
    reads_nothing: Arc<AtomicUsize>,
}

impl Stepper {
    /// Attaches to a player that waits for a command. (It leads its own process group: see [`Player::start_apart`].)
    ///
    /// # Panics
    /// If ptrace is not permitted.
    #[must_use]
    pub fn attach(player: &Player, place: &Place, stops: &[Stop]) -> Self {
        let (tell_reached, reached) = channel();
        let (go, may_go) = channel();
        let (tell_ready, ready) = channel();
        let over = Arc::new(AtomicBool::new(false));
        let reads_nothing = Arc::new(AtomicUsize::new(0));
        let leader = Pid::from_raw(i32::try_from(player.pid()).expect("a process id"));
        let own = own_descriptors(leader, place.notes());
        let mut tracer = Tracer {
            leader,
            own,
            stops: stops.to_vec(),
            over: Arc::clone(&over),
            reached: tell_reached,
            may_go,
            active: false,
            threads: BTreeMap::new(),
            forever: None,
            reads_nothing: Arc::clone(&reads_nothing),
            look_through: BTreeMap::new(),
            record: Record::default(),
        };
        let thread = thread::spawn(move || {
            tracer.seize();
            let _ = tell_ready.send(());
            tracer.run();
            tracer.record
        });
        ready.recv().expect("attached");
        Self { thread: Some(thread), over, reached, go, reads_nothing }
    }

    /// The stop at which the player stands still now, if it has just come to one.
    #[must_use]
    pub fn reached(&self) -> Option<usize> {
        self.reached.try_recv().ok()
    }

    /// How often the player has found a pipe without bytes, and with a writer: what a FIFO says by which a process has a share.
    #[must_use]
    pub fn reads_nothing(&self) -> usize {
        self.reads_nothing.load(Ordering::Relaxed)
    }

    /// Lets the player go on.
    pub fn go_on(&self) {
        let _ = self.go.send(());
    }

    /// Lets go of the player, which runs on by itself if it was not killed. Only now its end can be waited for.
    ///
    /// # Panics
    /// If the stepper itself went wrong.
    #[must_use]
    pub fn finish(mut self) -> Record {
        self.over.store(true, Ordering::Relaxed);
        self.thread.take().expect("not finished yet").join().expect("the stepper")
    }
}

impl Drop for Stepper {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Tracer {
    leader: Pid,
    own: BTreeSet<u64>,
    stops: Vec<Stop>,
    over: Arc<AtomicBool>,
    reached: Sender<usize>,
    may_go: Receiver<()>,
    /// A command is being done.
    active: bool,
    /// The threads, with the call that each is in.
    threads: BTreeMap<Pid, Option<Current>>,
    /// All calls of this kind fail from here on.
    forever: Option<(i64, Failure)>,
    reads_nothing: Arc<AtomicUsize>,
    /// The threads that look through `/proc`, with the descriptor of that.
    look_through: BTreeMap<Pid, u64>,
    record: Record,
}

/// A call that a thread is in.
#[derive(Clone, Copy)]
struct Current {
    /// Which of those that count, if it does.
    index: Option<usize>,
    reads_command: bool,
    opens_proc: bool,
    failure: Option<Failure>,
}

/// A player that was killed is nobody's any more.
struct Gone;

impl Tracer {
    /// Attaches to all threads; they stop at their next system call.
    fn seize(&mut self) {
        let options = Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_EXITKILL;
        loop {
            let new: Vec<Pid> =
                threads_of(self.leader).into_iter().filter(|thread| !self.threads.contains_key(thread)).collect();
            if new.is_empty() {
                break;
            }
            for thread in new {
                ptrace::seize(thread, options)
                    .unwrap_or_else(|errno| panic!("ptrace (is it permitted here?): {errno}"));
                self.threads.insert(thread, None);
            }
        }
        let mut running: BTreeSet<Pid> = self.threads.keys().copied().collect();
        for thread in &running {
            let _ = ptrace::interrupt(*thread);
        }
        let start = Instant::now();
        while !running.is_empty() {
            assert!(start.elapsed() < PATIENCE, "hang: a player's threads do not stop");
            if let Some((thread, _)) = self.next_stop() {
                running.remove(&thread);
            }
        }
        // Not before all stand still: a thread that goes on comes to its next call, which must be seen.
        for thread in self.threads.keys() {
            let _ = ptrace::syscall(*thread, None);
        }
    }

    fn run(&mut self) {
        let mut idle = 0;
        while !self.over.load(Ordering::Relaxed) {
            match self.next_stop() {
                Some((thread, status)) => {
                    idle = 0;
                    if let Err(Gone) = self.see(thread, status) {
                        return;
                    }
                }
                None if idle < 50 => {
                    idle += 1;
                    thread::yield_now();
                }
                // Only to leave the processor to the player.
                None => thread::park_timeout(Duration::from_micros(20)),
            }
        }
        self.detach();
    }

    /// The next thread that has stopped. (Ends of threads are left to whom they belong to.)
    fn next_stop(&self) -> Option<(Pid, WaitStatus)> {
        let flags = WaitPidFlag::WSTOPPED | WaitPidFlag::WNOHANG | WaitPidFlag::__WALL;
        let status = waitid(Id::PGid(self.leader), flags).ok()?;
        Some((status.pid()?, status))
    }

    fn see(&mut self, thread: Pid, status: WaitStatus) -> Result<(), Gone> {
        let signal = match status {
            WaitStatus::PtraceSyscall(_) => {
                match self.threads.get(&thread).copied().flatten() {
                    None => self.enter(thread)?,
                    Some(current) => self.leave(thread, current)?,
                }
                None
            }
            WaitStatus::PtraceEvent(_, signal, 0) | WaitStatus::Stopped(_, signal) => Some(signal),
            _ => {
                self.threads.entry(thread).or_default();
                None
            }
        };
        let _ = ptrace::syscall(thread, signal);
        Ok(())
    }

    fn enter(&mut self, thread: Pid) -> Result<(), Gone> {
        let Ok(mut registers) = ptrace::getregs(thread) else { return Ok(()) };
        let number = call_number(&registers);
        let transfers = [libc::SYS_read, libc::SYS_write, libc::SYS_pread64, libc::SYS_pwrite64].contains(&number);
        let is_own = transfers && self.own.contains(&registers.rdi);
        if number == libc::SYS_write && registers.rdi == 1 {
            self.active = false;
        }
        if number == libc::SYS_close && self.look_through.get(&thread) == Some(&registers.rdi) {
            self.look_through.remove(&thread);
        }
        let mut current = Current {
            index: None,
            reads_command: number == libc::SYS_read && registers.rdi == 0,
            opens_proc: number == libc::SYS_openat && is_text(self.leader, registers.rsi, c"/proc"),
            failure: None,
        };
        if self.active && !is_own && !self.look_through.contains_key(&thread) {
            let index = self.record.calls.len();
            self.record.calls.push(Call { thread, number, result: None, failed: false });
            current.index = Some(index);
            current.failure = self.stop(index, Side::Before)?;
            if let Some(failure) = current.failure
                && failure.forever
            {
                self.forever = Some((number, failure));
            }
            if let Some((same, failure)) = self.forever
                && same == number
            {
                current.failure = Some(failure);
            }
            if current.failure.is_some_and(|failure| !failure.takes_effect) {
                registers.orig_rax = u64::MAX;
                let _ = ptrace::setregs(thread, registers);
            }
        }
        self.threads.insert(thread, Some(current));
        Ok(())
    }

    fn leave(&mut self, thread: Pid, current: Current) -> Result<(), Gone> {
        self.threads.insert(thread, None);
        let Ok(mut registers) = ptrace::getregs(thread) else { return Ok(()) };
        if let Some(failure) = current.failure {
            registers.rax = i64::from(-(failure.errno as i32)).cast_unsigned();
            let _ = ptrace::setregs(thread, registers);
        }
        let result = registers.rax.cast_signed();
        if current.opens_proc && result >= 0 {
            self.look_through.insert(thread, registers.rax);
        }
        if let Some(index) = current.index {
            let call = &mut self.record.calls[index];
            call.result = Some(result);
            call.failed = current.failure.is_some();
            if call.number == libc::SYS_read && call.result == Some(-i64::from(libc::EAGAIN)) {
                self.reads_nothing.fetch_add(1, Ordering::Relaxed);
            }
            self.stop(index, Side::After)?;
        }
        self.active |= current.reads_command && result > 0;
        Ok(())
    }

    /// Does what is to be done at this point.
    fn stop(&mut self, index: usize, side: Side) -> Result<Option<Failure>, Gone> {
        let of_kind = |number: i64| self.record.calls[..=index].iter().filter(|call| call.number == number).count();
        let here = |stop: &Stop| match stop.deed {
            Deed::Fail(Failure { number, .. }) => {
                number == self.record.calls[index].number && stop.at + 1 == of_kind(number) && stop.side == side
            }
            Deed::Kill | Deed::Pause => stop.at == index && stop.side == side,
        };
        let Some(which) = self.stops.iter().position(here) else { return Ok(None) };
        match self.stops[which].deed {
            Deed::Fail(failure) => return Ok(Some(failure)),
            Deed::Kill => {
                // A call that it was about to make is not made: the kernel looks for a signal like this one first.
                let _ = kill(self.leader, Signal::SIGKILL);
                self.record.killed = Some(witness::now());
                return Err(Gone);
            }
            Deed::Pause => {
                let _ = self.reached.send(which);
                while self.may_go.recv_timeout(Duration::from_millis(1)).is_err() && !self.over.load(Ordering::Relaxed)
                {
                }
            }
        }
        Ok(None)
    }

    /// Lets all threads run on by themselves.
    fn detach(&mut self) {
        let mut left: BTreeSet<Pid> = threads_of(self.leader).into_iter().collect();
        let start = Instant::now();
        for thread in &left {
            let _ = ptrace::interrupt(*thread);
        }
        while !left.is_empty() && start.elapsed() < PATIENCE {
            match self.next_stop() {
                Some((thread, status)) => {
                    let signal = match status {
                        WaitStatus::PtraceEvent(_, signal, 0) | WaitStatus::Stopped(_, signal) => Some(signal),
                        _ => None,
                    };
                    self.end_call(thread);
                    let _ = ptrace::detach(thread, signal);
                    left.remove(&thread);
                }
                None => {
                    // A thread that was just made stops by itself; one that has ended never does.
                    left.retain(|thread| ptrace::interrupt(*thread).is_ok() && !has_ended(self.leader, *thread));
                    thread::park_timeout(Duration::from_micros(20));
                }
            }
        }
    }

    /// A call that was not made, because it was to fail, still has to.
    fn end_call(&mut self, thread: Pid) {
        if let Some(current) = self.threads.get(&thread).copied().flatten()
            && current.failure.is_some()
        {
            let _ = self.leave(thread, current);
        }
    }
}

/// Whether that text is at an address of a process's.
fn is_text(process: Pid, address: u64, text: &CStr) -> bool {
    let text = text.to_bytes_with_nul();
    let mut bytes = vec![0; text.len()];
    let memory = File::open(format!("/proc/{process}/mem"));
    memory.and_then(|memory| memory.read_exact_at(&mut bytes, address)).is_ok() && bytes == text
}

/// `LOCK_UN`, as flock(2) takes it.
const LOCK_UN: u64 = libc::LOCK_UN as u64;

fn call_number(registers: &user_regs_struct) -> i64 {
    match registers.orig_rax.cast_signed() {
        libc::SYS_flock if registers.rsi == LOCK_UN => FLOCK_UN,
        libc::SYS_epoll_ctl if i32::try_from(registers.rsi) == Ok(libc::EPOLL_CTL_ADD) => EPOLL_CTL_ADD,
        number => number,
    }
}

fn threads_of(leader: Pid) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir(format!("/proc/{leader}/task")) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).map(Pid::from_raw).collect()
}

/// Whether a thread has ended, and is only kept for us to see that.
fn has_ended(leader: Pid, thread: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{leader}/task/{thread}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, fields)| fields.starts_with(['Z', 'X']))
}

/// The descriptors that are the player's own: those it is commanded by, and those of its witness.
fn own_descriptors(player: Pid, notes: &Path) -> BTreeSet<u64> {
    let entries = fs::read_dir(format!("/proc/{player}/fd")).expect("the player's descriptors");
    let of_witness = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let target = fs::read_link(entry.path()).ok()?;
        if target.starts_with(notes) { entry.file_name().to_str()?.parse().ok() } else { None }
    });
    of_witness.chain([0, 1, 2]).collect()
}
