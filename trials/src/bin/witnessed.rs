//! The command that `slocket run` runs in the storms: one hold under both witnesses.
//!
//! `witnessed COUNTER LOG MICROS`, `witnessed --sharing FOLDER NAME MICROS lock|shared|slot SLOTS`

use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use trials::sharing::witness::{self, What};
use trials::witness::Witness;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &*arguments.iter().map(String::as_str).collect::<Vec<_>>() {
        [counter, log, micros] => {
            let mut witness = Witness::open(Path::new(counter), Path::new(log));
            let hold = witness.begin();
            last(micros);
            witness.end(hold);
        }
        ["--sharing", folder, name, micros, what, slots] => {
            let mut witness = witness::Witness::open(Path::new(folder), name);
            let hold = witness.begin(held(what, slots));
            last(micros);
            witness.end(hold);
        }
        _ => panic!("usage: witnessed COUNTER LOG MICROS | --sharing FOLDER NAME MICROS lock|shared|slot SLOTS"),
    }
}

/// Says that it holds, and waits for so long.
fn last(micros: &str) {
    let begin = Instant::now();
    io::stdout().write_all(b"holding\n").expect("the trial listens");
    while begin.elapsed() < Duration::from_micros(micros.parse().expect("MICROS")) {
        thread::yield_now();
    }
}

/// What the tool holds for this command: it says which slot.
fn held(what: &str, slots: &str) -> What {
    let slot = std::env::var("SLOCKET_SLOT").ok().map(|slot| slot.parse().expect("a slot"));
    match (what, slot) {
        ("lock", None) => What::Lock,
        ("shared", None) => What::Shared,
        ("slot", Some(index)) => What::Slot { index, of: slots.parse().expect("SLOTS") },
        other => panic!("{other:?}"),
    }
}
