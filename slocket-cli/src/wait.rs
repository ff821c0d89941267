//! `slocket wait`: until a lock is free, without taking it and without queueing.

use std::thread;
use std::time::{Duration, Instant};

use slocket_os::Builder;

use crate::cli::Wait;
use crate::free::is_free;
use crate::later::Later;
use crate::shares;
use crate::target::Target;
use crate::trouble::Trouble;
use crate::want::Want;
use crate::{exit, first, report, say, status};

/// That a holder was killed, and that an abstract name is free, nothing announces.
const RECHECK: Duration = Duration::from_millis(500);

/// Does it all and returns the exit code.
pub(crate) fn run(args: &Wait) -> u8 {
    let target = &args.lock;
    if let Target::Path(path) = target
        && path.file_name().is_none()
    {
        say::say(&format!("{target}: cannot name a lock: it has no file name"));
        return exit::USAGE;
    }
    let until = args.wait.map(|limit| Instant::now() + limit);
    let line = {
        let (target, want) = (target.clone(), args.want());
        move || Some(format!("{target}: waiting: {}", status::words(&target, want)?))
    };
    let later = (!args.quiet).then(|| Later::say(line));
    let waited = {
        let _mortal = first::mortal();
        wait(target, args.want(), until)
    };
    drop(later);
    match waited {
        Ok(true) => exit::SUCCESS,
        Ok(false) => {
            if !args.quiet {
                let within = args.wait.filter(|limit| !limit.is_zero());
                let within = within.map_or_else(String::new, |limit| format!(" within {limit:?}"));
                let mut lines = vec![format!("{target}: not free{within}")];
                lines.extend(status::words(target, args.want()));
                say::say_lines(&lines);
            }
            exit::CONFLICT
        }
        Err(Trouble::Foreign) => {
            say::say_lines(&[
                format!("{target}: not a slocket: a socket for datagrams"),
                "another program listens there; choose another".to_owned(),
            ]);
            exit::CANNOT_CREATE
        }
        Err(Trouble::Io(error)) => {
            say::say_lines(&status::cannot_look(target, &error));
            exit::code_of_io(&error)
        }
        Err(Trouble::Lock(error)) => {
            say::say_lines(&report::failed(target, &error));
            exit::code(&error, exit::CONFLICT)
        }
    }
}

/// Waits until it is free, or the time is up: `false`.
fn wait(target: &Target, want: Want, until: Option<Instant>) -> Result<bool, Trouble> {
    // Armed before the first look: what happens in between is not missed.
    let watch = match target {
        Target::Path(path) => Builder::new(path).build().ok().and_then(|lock| lock.watch()),
        Target::Abstract(_) => None,
    };
    loop {
        if is_free(target)? && has_room(target, want)? {
            return Ok(true);
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(false);
        }
        let pause = left.map_or(RECHECK, |left| left.min(RECHECK));
        match &watch {
            Some(watch) => watch.block(Instant::now() + pause),
            None => thread::sleep(pause),
        }
    }
}

/// Whether the shares that others have leave room for what is wanted.
fn has_room(target: &Target, want: Want) -> Result<bool, Trouble> {
    let Target::Path(path) = target else { return Ok(true) };
    let fifos = shares::beside(path).map_err(Trouble::Io)?;
    Ok(match want {
        Want::Lock => fifos.iter().all(|fifo| !fifo.is_busy),
        Want::Shared => true,
        Want::Slot(count) => {
            let taken = fifos.iter().filter(|fifo| fifo.is_busy && fifo.slot.is_some_and(|slot| slot < count.get()));
            taken.count() < count.get().into()
        }
    })
}
