//! Waiting for what no event announces.

use std::time::{Duration, Instant};

/// How long a trial waits for anything before it calls it a hang. No trial measures time by it.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Looks again and again until `seen` gives something, and gives it back.
///
/// # Panics
/// After [`PATIENCE`], with what was waited for.
#[track_caller]
pub fn watch_for<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = seen() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "hang: waited {PATIENCE:?} for {what}");
        // Only to leave the processor to those that are watched.
        std::thread::park_timeout(Duration::from_micros(200));
    }
}
