//! The command that `slocket run` runs in the storm: one hold under both witnesses.
//!
//! `witnessed COUNTER LOG MICROS`

use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use trials::witness::Witness;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [counter, log, micros] = arguments.as_slice() else { panic!("usage: witnessed COUNTER LOG MICROS") };
    let mut witness = Witness::open(Path::new(counter), Path::new(log));
    let hold = witness.begin();
    let begin = Instant::now();
    io::stdout().write_all(b"holding\n").expect("somebody listens");
    while begin.elapsed() < Duration::from_micros(micros.parse().expect("MICROS")) {
        thread::yield_now();
    }
    witness.end(hold);
}
