//! The commands of a player.

use std::fs::File;
use std::hint;
use std::io::{self, Write};
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use slocket_os::{Disowned, ErrorKind, Lock, close_copies};
use trials::lock::{Guard, Held, Kind, Patience, Slocket, Waits, settle};
use trials::sharing::witness::{self as sharing, What};
use trials::witness::shares::ShareLog;
use trials::witness::{Hold, Witness, now};
use trials::{Adapter, Random};

use crate::answer::{Answer, Refusal, nothing_is_held, number, refusal, told};
use crate::busy::Busy;
use crate::child::{self, Notes};
use crate::pass;
use crate::round::one_round;

/// One in so many holds of the storm forks a child.
const FORKS: u64 = 64;

/// A player's state between two commands.
pub(crate) struct Commands {
    lock: Lock,
    adapter: Slocket,
    busy: Option<Busy>,
    witness: Option<Witness>,
    /// Where it is noted when a share is had.
    shares: Option<ShareLog>,
    /// The two witnesses of shares.
    sharing: Option<sharing::Witness>,
    held: Option<Kept>,
    disowned: Option<Disowned>,
    /// Of the descriptor of what is held.
    duplicate: Option<OwnedFd>,
    /// A file that is locked without the library, and what the witness saw of that.
    flock: Option<(File, Option<Hold>)>,
    random: Random,
}

/// What is held, and seen by the witnesses.
struct Kept {
    held: Held,
    hold: Option<Hold>,
    shared: Option<sharing::Hold>,
}

impl Commands {
    pub(crate) fn new(adapter: Adapter, lock: Lock) -> Self {
        Self {
            adapter: Slocket::of(adapter, lock.clone()),
            lock,
            busy: None,
            witness: None,
            shares: None,
            sharing: None,
            held: None,
            disowned: None,
            duplicate: None,
            flock: None,
            random: Random::new(u64::from(std::process::id()) << 32 | now() & 0xffff_ffff),
        }
    }

    pub(crate) fn adapter(&self) -> &Slocket {
        &self.adapter
    }

    pub(crate) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    pub(crate) fn lock(&self) -> &Lock {
        &self.lock
    }

    /// Goes on in a forked child: with the same lock, but without the runtime and the threads, which do not survive a fork.
    pub(crate) fn become_child(&mut self) {
        self.adapter = Slocket::of(Adapter::Sync, self.lock.clone());
        if let Some(busy) = self.busy.take() {
            busy.forget();
        }
    }

    /// Does what the line says and gives the answer.
    pub(crate) fn perform(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let answer = match *words {
            ["acquire"] => self.acquire(None),
            ["acquire-for", milliseconds] => {
                number(milliseconds).and_then(|milliseconds| self.acquire(Some(Duration::from_millis(milliseconds))))
            }
            ["acquire-until", instant] => number(instant)
                .and_then(|instant| self.acquire(Some(Duration::from_nanos(u64::saturating_sub(instant, now()))))),
            ["try"] => self.try_acquire(),
            ["release"] => self.release(),
            ["release-at", instant] | ["release-at", instant, "blindly"] => number(instant).and_then(|instant| {
                while now() < instant {
                    hint::spin_loop();
                }
                self.release()
            }),
            ["contended"] => self.held().map(|held| format!("contended {}", held.contended())),
            ["intact"] => self.held().and_then(|held| Ok(format!("intact {}", held.is_intact()?))),
            ["holder"] => self.holder(),
            ["witness", counter, log] => {
                self.witness = Some(Witness::open(Path::new(counter), Path::new(log)));
                self.shares = Some(ShareLog::open(Path::new(log)));
                Ok("ok".into())
            }
            ["witness-shares", folder, name] => {
                self.sharing = Some(sharing::Witness::open(Path::new(folder), name));
                Ok("ok".into())
            }
            ["rounds", rounds, micros, counter, log] => number(rounds).and_then(|rounds| {
                self.rounds(rounds, number(micros)?, &mut Witness::open(Path::new(counter), Path::new(log)))
            }),
            ["timeouts", rounds, micros, counter, log] => number(rounds).and_then(|rounds| {
                self.timeouts(rounds, number(micros)?, &mut Witness::open(Path::new(counter), Path::new(log)))
            }),
            ["tries", rounds, counter, log] => number(rounds)
                .and_then(|rounds| self.tries(rounds, &mut Witness::open(Path::new(counter), Path::new(log)))),
            ["storm", rounds, micros, counter, log] => number(rounds).and_then(|rounds| {
                self.storm(rounds, number(micros)?, &Notes { counter: Path::new(counter), log: Path::new(log) })
            }),
            ["busy", threads, counter, log] => number(threads).map(|threads| {
                self.busy = Some(Busy::start(threads, &self.adapter, Path::new(counter), Path::new(log)));
                "busy".into()
            }),
            ["busy-with", "share"] => self.be_busy(Kind::Shared),
            ["busy-with", "slot", permits] => number(permits).and_then(|permits| self.be_busy(Kind::SlotOf(permits))),
            ["pass", others] => number(others).and_then(|others| pass::pass(self.any_held()?, others)),
            ["idle"] => {
                self.busy.take().map_or(Err(refusal("Usage", "not busy")), |busy| Ok(format!("idle {}", busy.end())))
            }
            ["acquire-beside"] => {
                // What is held stays as it is, out of reach: the parent's guard, in a child.
                mem::forget(self.held.take());
                self.acquire(None)
            }
            ["try-beside"] => {
                mem::forget(self.held.take());
                self.try_acquire()
            }
            ["close-copies"] => {
                close_copies();
                Ok("closed".into())
            }
            ["duplicate"] => self.duplicate(),
            ["disown"] => self.disown(),
            ["adopt"] => self.adopt(),
            ["drop"] => self.held.take().map(drop).ok_or_else(nothing_is_held).map(|()| "dropped".into()),
            ["flock", file] => self.flock(Path::new(file)),
            ["unflock"] => self.unflock(),
            ["once-marked"] => self.once_marked(Kind::Lock),
            ["marked", rounds] => number(rounds).and_then(|rounds| self.marked(rounds)),
            ["settle"] => {
                settle();
                Ok("settled".into())
            }
            _ => self.perform_on_shares(&words),
        };
        told(answer)
    }

    /// As `acquire`, or as the commands for shares; and does something else while the future waits.
    pub(crate) fn wait_beside(&mut self, kind: Kind, beside: impl FnOnce(Waits) -> Waits + Send + 'static) -> String {
        let held = self.must_not_hold().and_then(|()| Ok(self.adapter.wait_beside(kind, beside)?));
        told(held.map(|held| match held {
            Held::Lock(guard) => self.hold(guard),
            held => self.keep(Kept { held, hold: None, shared: None }),
        }))
    }

    /// Releases what is held and settles.
    pub(crate) fn end(&mut self) {
        self.busy.take().map(Busy::end);
        if self.held.is_some() {
            let _ = self.release();
        }
        settle();
    }

    fn acquire(&mut self, timeout: Option<Duration>) -> Answer {
        self.must_not_hold()?;
        let result = match timeout {
            None => self.adapter.acquire(),
            Some(timeout) => self.adapter.acquire_timeout(timeout),
        };
        match result {
            Ok(held) => Ok(self.hold(held)),
            Err(error) if error.is_timed_out() => {
                let pid = error.holder().and_then(|holder| holder.pid);
                Ok(format!("timed-out {}", pid.map_or("unknown".into(), |pid| pid.to_string())))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn try_acquire(&mut self) -> Answer {
        self.must_not_hold()?;
        Ok(match self.adapter.try_acquire()? {
            Some(held) => self.hold(held),
            None => "would-block".into(),
        })
    }

    fn hold(&mut self, held: Guard) -> String {
        let hold = self.witness.as_mut().map(Witness::begin);
        let shared = self.begin_shared(What::Lock);
        self.keep(Kept { held: Held::Lock(held), hold, shared })
    }

    /// Keeps a share until it is asked for.
    pub(crate) fn hold_share(&mut self, held: Held, what: What) -> String {
        let shared = self.begin_shared(what);
        self.keep(Kept { held, hold: None, shared })
    }

    fn begin_shared(&mut self, what: What) -> Option<sharing::Hold> {
        self.sharing.as_mut().map(|witness| witness.begin(what))
    }

    fn keep(&mut self, kept: Kept) -> String {
        let answer = kept.held.to_string();
        if let (Some(log), Some(share)) = (&mut self.shares, answer.strip_prefix("held s")) {
            log.begin(&format!("s{share}"));
        }
        self.held = Some(kept);
        answer
    }

    /// Locks a file by flock(2), waiting in the kernel.
    fn flock(&mut self, file: &Path) -> Answer {
        let file = File::open(file).map_err(|error| refusal("Io", &error.to_string()))?;
        flock(&file, FlockOperation::LockExclusive).map_err(|errno| refusal("Io", &errno.to_string()))?;
        let hold = self.witness.as_mut().map(Witness::begin);
        self.flock = Some((file, hold));
        Ok("held".into())
    }

    fn unflock(&mut self) -> Answer {
        let (file, hold) = self.flock.take().ok_or_else(nothing_is_held)?;
        if let (Some(witness), Some(hold)) = (&mut self.witness, hold) {
            witness.end(hold);
        }
        drop(file);
        Ok("released".into())
    }

    fn release(&mut self) -> Answer {
        self.take()?.release()?;
        Ok("released".into())
    }

    /// Takes what is held; the witnesses see its end.
    pub(crate) fn take(&mut self) -> Result<Held, Refusal> {
        let Kept { held, hold, shared } = self.held.take().ok_or_else(nothing_is_held)?;
        if let (Some(witness), Some(hold)) = (&mut self.witness, hold) {
            witness.end(hold);
        }
        if let (Some(log), Held::Shared(_) | Held::Slot(_)) = (&mut self.shares, &held) {
            log.end();
        }
        if let (Some(witness), Some(hold)) = (&mut self.sharing, shared) {
            witness.end(hold);
        }
        Ok(held)
    }

    fn be_busy(&mut self, kind: Kind) -> Answer {
        self.busy = Some(Busy::share(kind, &self.adapter));
        Ok("busy".into())
    }

    /// What is held, whatever it is.
    pub(crate) fn any_held(&self) -> Result<&Held, Refusal> {
        self.held.as_ref().map(|kept| &kept.held).ok_or_else(nothing_is_held)
    }

    fn duplicate(&mut self) -> Answer {
        let duplicate = self.held()?.as_fd().try_clone_to_owned();
        self.duplicate = Some(duplicate.map_err(|error| refusal("Io", &error.to_string()))?);
        Ok("duplicated".into())
    }

    fn disown(&mut self) -> Answer {
        let Some(Kept { held: Held::Lock(held), .. }) = self.held.take() else { return Err(nothing_is_held()) };
        self.disowned = Some(held.disown()?);
        Ok("disowned".into())
    }

    fn adopt(&mut self) -> Answer {
        let disowned = self.disowned.take().ok_or_else(|| refusal("Usage", "nothing is disowned"))?;
        let held = disowned.adopt()?;
        Ok(self.hold(held))
    }

    fn holder(&mut self) -> Answer {
        Ok(match self.adapter.holder()? {
            None => "holder none".into(),
            Some(holder) => {
                let pid = holder.pid.map_or("unknown".into(), |pid| pid.to_string());
                format!("holder {pid} {}", holder.uid)
            }
        })
    }

    fn rounds(&mut self, rounds: u64, micros: u64, witness: &mut Witness) -> Answer {
        self.must_not_hold()?;
        for _ in 0..rounds {
            one_round(self.adapter.acquire()?, micros, witness)?;
        }
        Ok(format!("done {rounds}"))
    }

    fn timeouts(&mut self, rounds: u64, micros: u64, witness: &mut Witness) -> Answer {
        self.must_not_hold()?;
        let (mut held, mut timed_out) = (0, 0);
        for _ in 0..rounds {
            let timeout = Duration::from_nanos(self.random.below(micros * 1000 + 1));
            match self.adapter.acquire_timeout(timeout) {
                Ok(guard) => {
                    one_round(guard, 0, witness)?;
                    held += 1;
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => timed_out += 1,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(format!("done {held} {timed_out}"))
    }

    fn tries(&mut self, rounds: u64, witness: &mut Witness) -> Answer {
        self.must_not_hold()?;
        let (mut held, mut would_block) = (0, 0);
        while held < rounds {
            if let Some(guard) = self.adapter.try_acquire()? {
                one_round(guard, 0, witness)?;
                held += 1;
            } else {
                would_block += 1;
                thread::yield_now();
            }
        }
        Ok(format!("done {held} {would_block}"))
    }

    fn storm(&mut self, rounds: u64, micros: u64, notes: &Notes) -> Answer {
        self.must_not_hold()?;
        let witness = &mut Witness::open(notes.counter, notes.log);
        let (mut held, mut timed_out, mut cancelled, mut would_block, mut longest) = (0, 0, 0, 0, 0);
        for _ in 0..rounds {
            let patience = Duration::from_micros(self.random.below(4 * micros + 1));
            let begin = now();
            let guard = match self.random.below(16) {
                0 => self.adapter.try_acquire()?.or_else(|| tally(&mut would_block)),
                1 => self.adapter.acquire_or_cancel(patience)?.or_else(|| tally(&mut cancelled)),
                2 => match self.adapter.acquire_timeout(patience) {
                    Err(error) if error.kind() == ErrorKind::TimedOut => tally(&mut timed_out),
                    result => Some(result?),
                },
                _ => Some(self.adapter.acquire()?),
            };
            if let Some(guard) = guard {
                held += 1;
                longest = longest.max(now() - begin);
                // Now and then for longer than it takes the others to notice that a process is dead.
                let most = if self.random.once_in(16) { 16 * micros } else { micros };
                let guard = if self.random.once_in(FORKS) { child::make(&self.lock, guard, notes)? } else { guard };
                one_round(guard, self.random.below(most + 1), witness)?;
            }
        }
        child::bury()?;
        Ok(format!("done {held} {timed_out} {cancelled} {would_block} 0 {longest}"))
    }

    pub(crate) fn once_marked(&mut self, kind: Kind) -> Answer {
        self.must_not_hold()?;
        mark("mark: begin\n")?;
        let held = self.adapter.ask(kind, Patience::Endless)?.ok_or_else(nothing_is_held)?;
        mark("mark: held\n")?;
        held.release()?;
        mark("mark: end\n")?;
        Ok("done 1".into())
    }

    fn marked(&mut self, rounds: u32) -> Answer {
        self.must_not_hold()?;
        mark("mark: begin\n")?;
        for _ in 0..rounds {
            self.adapter.acquire()?.release()?;
        }
        mark("mark: end\n")?;
        Ok(format!("done {rounds}"))
    }

    fn held(&self) -> Result<&Guard, Refusal> {
        match &self.held {
            Some(Kept { held: Held::Lock(held), .. }) => Ok(held),
            _ => Err(nothing_is_held()),
        }
    }

    pub(crate) fn must_not_hold(&self) -> Result<(), Refusal> {
        if self.held.is_some() { Err(refusal("Usage", "the lock is held already")) } else { Ok(()) }
    }
}

fn tally(count: &mut u64) -> Option<Guard> {
    *count += 1;
    None
}

/// Shows up in a trace of the system calls.
fn mark(text: &str) -> Result<(), Refusal> {
    io::stderr().write_all(text.as_bytes()).map_err(|error| refusal("Io", &error.to_string()))
}
