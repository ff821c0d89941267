//! One hold of the lock, as the storm has them.

use std::thread;
use std::time::{Duration, Instant};

use trials::lock::Guard;
use trials::witness::Witness;

use crate::answer::Refusal;

/// Holds the lock for so many microseconds, and releases it. The witness sees it.
pub(crate) fn one_round(guard: Guard, micros: u64, witness: &mut Witness) -> Result<(), Refusal> {
    let hold = witness.begin();
    let begin = Instant::now();
    // At least once, so that a second holder, if there is one, gets its chance in the gap.
    loop {
        thread::yield_now();
        if begin.elapsed() >= Duration::from_micros(micros) {
            break;
        }
    }
    witness.end(hold);
    Ok(guard.release()?)
}
