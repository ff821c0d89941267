//! Random numbers of the kernel's, some at a time: a call for each would be felt.

use rustix::io::{Errno, Result};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::process::{Inherit, PerProcess, Process};

static POOL: PerProcess<Pool> = PerProcess::new();

struct Pool {
    numbers: [u64; 32],
    left: usize,
}

impl Inherit for Pool {
    const NEW: Self = Self { numbers: [0; 32], left: 0 };

    /// A child must not have the same as its parent.
    fn inherit(&mut self) {
        self.left = 0;
    }
}

/// 64 random bits.
pub(crate) fn random(here: Process) -> Result<u64> {
    let mut pool = POOL.lock(here);
    if pool.left == 0 {
        let mut bytes = [0; 256];
        // (As many as that come at once, whatever signal does: getrandom(2).)
        if getrandom(&mut bytes, GetRandomFlags::empty())? != bytes.len() {
            return Err(Errno::INTR);
        }
        for (number, bytes) in pool.numbers.iter_mut().zip(bytes.chunks_exact(8)) {
            *number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        }
        pool.left = pool.numbers.len();
    }
    pool.left -= 1;
    let last = pool.left;
    Ok(pool.numbers.get(last).copied().unwrap_or(0))
}
