//! `slocket run`, from the lock to the exit code.

use std::fmt::Display;
use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use slocket_sync::{Error, ErrorKind, LockName, OccupiedPolicy, Slocket, Trust, TryAcquireError};

use crate::cli::Run;
use crate::ending::Ending;
use crate::found::{self, Found, Standing};
use crate::hold::{Hold, Missed};
use crate::patience::PATIENCE;
use crate::relay::Relay;
use crate::signals::Signal;
use crate::target::Target;
use crate::waiting::Waiting;
use crate::want::Want;
use crate::{exit, first, inherit, report, say, start};

/// How long an npm server that is busy, or stopped, may put off the end of the tool when it no longer queues.
const FAREWELL: Duration = Duration::from_secs(5);

/// A process that only passes through is gone at the next try, or holds the lock by then, and can be named.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(1);

/// Does it all and returns what to end with.
pub(crate) fn run(args: &Run) -> Ending {
    if let Some(refused) = args.refused() {
        say::say(refused);
        return exit::USAGE.into();
    }
    let waiting = Waiting::default();
    let done = slocket(args, &waiting).map_err(Refusal::Failed).and_then(|slocket| {
        let hold = acquire(&slocket, args, &waiting)?;
        Ok(run_holding(hold, slocket.name(), args))
    });
    done.unwrap_or_else(|refusal| {
        let dies_of = if let Refusal::Interrupted(signal) = refusal { Some(signal) } else { None };
        let code = told(refusal, args);
        // A waiter that gives up may have been granted the lock in the same instant, and have lent it.
        await_loan(&args.lock, args.quiet);
        Ending { dies_of, ..code.into() }
    })
}

/// Tells the user why the command was not run, and returns the exit code.
fn told(refusal: Refusal, args: &Run) -> u8 {
    match refusal {
        Refusal::Said(code) => code,
        Refusal::Interrupted(signal) => exit::of_signal(signal),
        Refusal::Failed(error) => {
            say::say_lines(&report::failed(&args.lock, &error));
            exit::code(&error, args.conflict_exit_code)
        }
        Refusal::Untrusted(lock, uid) => {
            say::say_lines(&report::untrusted(&lock, uid));
            exit::NO_PERMISSION
        }
    }
}

/// Why the command was not run.
enum Refusal {
    /// The user was told, as far as the options ask for it; the exit code.
    Said(u8),
    /// The user must still be told.
    Failed(Error),
    /// The tool must die of the signal.
    Interrupted(Signal),
    /// The user must still be told: the lock belongs to that user, which is not trusted.
    Untrusted(LockName, u32),
}

impl From<Missed> for Refusal {
    fn from(missed: Missed) -> Self {
        match missed {
            Missed::Failed(error) => Self::Failed(error),
            Missed::Interrupted(signal) => Self::Interrupted(signal),
        }
    }
}

fn slocket(args: &Run, waiting: &Waiting) -> Result<Slocket, Error> {
    let name = LockName::from(&args.lock);
    let told = (!args.quiet).then(|| waiting.hook(&args.lock, args.want(), believes(args)));
    let builder = Slocket::builder(name).occupied(OccupiedPolicy::Wait);
    let builder = if let Some(told) = told { builder.on_wait(PATIENCE, told) } else { builder };
    let builder = if trusts_anyone(args) { builder.trust(Trust::Anyone) } else { builder };
    let builder = if let Some(home) = args.home { builder.home(home) } else { builder };
    if let Some(mode) = args.mode { builder.mode(mode) } else { builder }.build()
}

/// Connecting needs permission to write. A user who gives it to others means them to take part, and to hold the lock.
fn trusts_anyone(args: &Run) -> bool {
    matches!(args.lock, Target::Path(_)) && args.mode.is_some_and(|mode| mode & 0o022 != 0)
}

fn believes(args: &Run) -> impl Fn(u32) -> bool + Copy + use<> {
    let anyone = trusts_anyone(args);
    move |uid| uid == 0 || slocket_os::is_ours(uid) || anyone
}

/// Acquires the lock the way the user wants it.
fn acquire(slocket: &Slocket, args: &Run, waiting: &Waiting) -> Result<Hold, Refusal> {
    let began = Instant::now();
    let acquired = match args.wait {
        Some(limit) if limit > Duration::ZERO => timed(slocket, limit, args, waiting),
        None if !args.nonblock => {
            let acquired = Hold::acquire(slocket, args.want(), None);
            waiting.over();
            acquired.map_err(Refusal::from)
        }
        _ => {
            let _mortal = first::mortal();
            at_once(slocket, args)
        }
    };
    if acquired.is_err() {
        slocket_sync::depart(FAREWELL);
    } else if args.verbose {
        say::say_in_passing(format!("{}: getting the lock took {:?}", slocket.name(), began.elapsed()));
    }
    acquired
}

/// What is in the way, and what that means.
fn in_the_way(slocket: &Slocket, args: &Run) -> (Found, Standing) {
    let named = !args.quiet || args.want() != Want::Lock;
    let found = found::ask(&args.lock, args.want(), slocket, named);
    let standing = found.standing(believes(args));
    (found, standing)
}

fn at_once(slocket: &Slocket, args: &Run) -> Result<Hold, Refusal> {
    let mut last = (Found::Nothing, Standing::Gone);
    for _ in 0..TRIES {
        let refused = match Hold::try_acquire(slocket, args.want()) {
            Ok(hold) => return Ok(hold),
            Err(refused) => refused,
        };
        let (found, standing) = in_the_way(slocket, args);
        match refused {
            // It may not be connected to, but is seen to be held.
            TryAcquireError::Error(error)
                if error.kind() == ErrorKind::PermissionDenied
                    && error.user().is_some()
                    && standing == Standing::Held
                    && matches!(found, Found::Held(_)) => {}
            TryAcquireError::Error(error) => return Err(Refusal::Failed(error)),
            TryAcquireError::WouldBlock => {}
        }
        let passes = standing == Standing::Gone || args.want() != Want::Lock && found.may_pass();
        last = (found, standing);
        if !passes {
            break;
        }
        thread::sleep(PAUSE);
    }
    let (found, standing) = last;
    if standing == Standing::Gone {
        // No trusted process was seen to hold it.
        say::say_lines(&report::held(slocket, &found));
        return Err(Refusal::Said(exit::NO_PERMISSION));
    }
    Err(refusal(slocket, standing, args, || report::held(slocket, &found)))
}

fn timed(slocket: &Slocket, limit: Duration, args: &Run, waiting: &Waiting) -> Result<Hold, Refusal> {
    let acquired = Hold::acquire(slocket, args.want(), Some(limit));
    waiting.over();
    match acquired {
        Ok(hold) => Ok(hold),
        Err(Missed::Failed(error)) if error.is_timed_out() => {
            let found = found::look_beside(&args.lock, args.want(), error.holder().cloned());
            match found.standing(believes(args)) {
                Standing::Gone => at_once(slocket, args),
                standing => Err(refusal(slocket, standing, args, || report::timed_out(slocket, limit, &found))),
            }
        }
        Err(missed) => Err(missed.into()),
    }
}

/// Only a lock that a trusted user holds counts as held. Anything else in the way does not go away by itself, as a holder does, and is
/// never silent or a success.
fn refusal(slocket: &Slocket, standing: Standing, args: &Run, lines: impl FnOnce() -> Vec<String>) -> Refusal {
    match standing {
        Standing::Untrusted(uid) => Refusal::Untrusted(slocket.name().clone(), uid),
        Standing::NoLock => {
            say::say_lines(&lines());
            Refusal::Said(exit::CANNOT_CREATE)
        }
        Standing::Kept => {
            say::say_lines(&lines());
            Refusal::Said(exit::NO_PERMISSION)
        }
        Standing::Held | Standing::Gone => {
            if !args.quiet {
                say::say_lines(&lines());
            }
            Refusal::Said(args.conflict_exit_code)
        }
    }
}

/// Prints nothing while the lock is held: standard error may be blocked.
fn run_holding(hold: Hold, lock: &LockName, args: &Run) -> Ending {
    let mut relay = match Relay::new() {
        Ok(relay) => relay,
        Err(error) => {
            return not_started(hold, None, args, &[format!("cannot catch signals: {error}")], exit::OS_ERROR);
        }
    };
    let (inherited, witness) = if args.close {
        (None, None)
    } else {
        match inherit::inherit(&hold) {
            Ok((inherited, witness)) => (Some(inherited), Some(witness)),
            Err(error) => {
                let line = format!("cannot pass the lock to the command: {error}");
                return not_started(hold, Some(relay), args, &[line], exit::OS_ERROR);
            }
        }
    };
    let program = args.program();
    if args.verbose {
        let command = program.display();
        say::say_in_passing(match hold.slot() {
            None => format!("{lock}: running {command}"),
            Some(slot) => format!("{lock}: running {command} in slot {slot}"),
        });
    }
    let command = {
        let _inherited = inherited;
        start::start(&mut relay, args, hold.slot())
    };
    let command = match command {
        Ok(command) => command,
        Err(error) => {
            let why = report::not_run(&program, &error);
            return not_started(hold, Some(relay), args, &why, exit::code_of_start(&error));
        }
    };
    let ended = relay.wait(command);
    let code = ended.as_ref().map_or(exit::OS_ERROR.into(), |ended| ended.code);
    let released = if witness.is_some_and(inherit::Witness::left_behind) {
        let intact = hold.is_intact();
        if !args.quiet {
            let line = format!("{lock}: kept by a process that the command left behind; -o avoids this");
            say::say_in_passing(line);
        }
        // To release would hand the lock to the next while a descendant of this command still runs under it.
        mem::forget(hold);
        if intact.is_ok_and(|intact| !intact) { Released::Lost } else { Released::Well }
    } else {
        let released = hold.release();
        settle(relay, lock, args.quiet);
        Released::from(released)
    };
    if let Err(error) = &ended {
        say::say(&format!("cannot wait for the command: {error}"));
    }
    // The command has run: that it failed is told first.
    let or = |of_release: u8| if code == exit::SUCCESS.into() { of_release.into() } else { code };
    let code = match released {
        Released::Well => code,
        Released::Lost => {
            say::say_lines(&report::lost(lock));
            or(exit::LOST)
        }
        Released::Failed(error) => {
            say::say_lines(&report::failed(&args.lock, &error));
            or(exit::SUCCESS)
        }
    };
    Ending { code, dies_of: ended.ok().and_then(|ended| ended.dies_of) }
}

/// How the lock was given back.
enum Released {
    Well,
    /// Another command may have run at the same time.
    Lost,
    /// A socket may be left behind.
    Failed(Error),
}

impl From<Result<(), Error>> for Released {
    fn from(released: Result<(), Error>) -> Self {
        match released {
            Ok(()) => Self::Well,
            Err(error) if error.kind() == ErrorKind::LockLost => Self::Lost,
            Err(error) => Self::Failed(error),
        }
    }
}

/// The lock was acquired, but the command did not start.
fn not_started(hold: Hold, relay: Option<Relay>, args: &Run, why: &[String], code: u8) -> Ending {
    let released = hold.release();
    drop(relay);
    say::say_lines(why);
    if let Err(error) = released {
        say::say_lines(&report::failed(&args.lock, &error));
    }
    slocket_sync::settle();
    code.into()
}

/// Waits until a lock that was lent on release is back. From here on a signal ends the tool.
fn settle(relay: Relay, lock: &LockName, quiet: bool) {
    drop(relay);
    await_loan(lock, quiet);
    // A process that asked for the holder may still have a place in an npm server's queue.
    slocket_sync::depart(FAREWELL);
}

/// The lender must not be gone before a lock that it has lent is back.
fn await_loan(lock: &dyn Display, quiet: bool) {
    if !slocket_sync::settle_timeout(PATIENCE) {
        if !quiet {
            say::say_in_passing(format!("{lock}: lent to a client that cannot take it over; waiting until it is done"));
        }
        slocket_sync::settle();
    }
}
