//! A process that uses a lock on command, one line each, so that its start is never measured. `peers/worker.js` and
//! `peers/worker.py` speak the same.
//!
//! | command | answer |
//! |---|---|
//! | (start) | `ready` |
//! | `uncontended PEER PATH N` | `done NANOS`: so long took N times acquire and release, one after the other |
//! | `contend PEER PATH START END HOLD spin` | from START to END, again and again: acquire, hold for so many nanoseconds, |
//! | `contend PEER PATH START END HOLD sleep` | release. Then a line `ASKED ACQUIRED RELEASED` each, then `done ERRORS` |
//! | `visit PEER PATH START END PAUSE` | as `contend`, but nothing is held, and a pause of so many nanoseconds comes first each time |
//! | `hold PEER PATH` | `asked`, then `held ACQUIRED`; from then on it holds until it is killed |
//!
//! All instants are nanoseconds of `CLOCK_MONOTONIC`. RELEASED is when the release begins.

use std::fmt::Write as _;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use trials::witness::now;

use crate::peer::Peer;
use crate::result::Result;

/// Takes commands until stdin ends.
pub(crate) fn serve() -> Result {
    say("ready")?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<_> = line.split(' ').collect();
        match words.as_slice() {
            ["uncontended", key, path, count] => {
                let mut lock = peer(key)?.open(Path::new(path));
                let start = now();
                for _ in 0..count.parse::<u64>()? {
                    lock.with(&mut || ());
                }
                say(&format!("done {}", now() - start))?;
            }
            ["contend", key, path, start, end, hold, how] => {
                let hold = Hold { nanos: hold.parse()?, spins: *how == "spin" };
                again_and_again(peer(key)?, Path::new(path), start.parse()?, end.parse()?, || {}, || hold.pass())?;
            }
            ["visit", key, path, start, end, pause] => {
                let pause = Duration::from_nanos(pause.parse()?);
                again_and_again(
                    peer(key)?,
                    Path::new(path),
                    start.parse()?,
                    end.parse()?,
                    || thread::sleep(pause),
                    || {},
                )?;
            }
            ["hold", key, path] => {
                let mut lock = peer(key)?.open(Path::new(path));
                say("asked")?;
                lock.with(&mut || {
                    let acquired = now();
                    say(&format!("held {acquired}")).expect("the crew listens");
                    loop {
                        thread::park();
                    }
                });
            }
            _ => return Err(format!("no such command: {line}").into()),
        }
    }
    Ok(())
}

/// How long the lock is held, and what is done meanwhile.
#[derive(Clone, Copy)]
struct Hold {
    nanos: u64,
    spins: bool,
}

impl Hold {
    fn pass(self) {
        if self.nanos == 0 {
            // Not even to look at the clock.
        } else if self.spins {
            let end = now() + self.nanos;
            while now() < end {
                std::hint::spin_loop();
            }
        } else {
            thread::sleep(Duration::from_nanos(self.nanos));
        }
    }
}

fn again_and_again(peer: Peer, path: &Path, start: u64, end: u64, before: impl Fn(), inside: impl Fn()) -> Result {
    let mut lock = peer.open(path);
    let mut stamps: Vec<[u64; 3]> = Vec::with_capacity(1 << 16);
    thread::sleep(Duration::from_nanos(start.saturating_sub(now())));
    loop {
        before();
        let asked = now();
        if asked >= end {
            break;
        }
        let mut held = [0, 0];
        lock.with(&mut || {
            held[0] = now();
            inside();
            held[1] = now();
        });
        stamps.push([asked, held[0], held[1]]);
    }
    let mut text = String::new();
    for [asked, acquired, released] in stamps {
        writeln!(text, "{asked} {acquired} {released}")?;
    }
    text.push_str("done 0");
    say(&text)
}

fn peer(key: &str) -> Result<Peer> {
    Ok(Peer::of_key(key).ok_or_else(|| format!("no such peer: {key}"))?)
}

fn say(text: &str) -> Result {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
