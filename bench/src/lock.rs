//! What all that is measured has in common.

/// A handle of a lock, as a program that uses it again and again keeps it.
pub(crate) trait Lock {
    /// Acquires, waiting for as long as it takes; runs `held`; releases.
    fn with(&mut self, held: &mut dyn FnMut());

    /// Acquires and releases so often, with nothing done under the lock.
    fn repeat(&mut self, times: u64) {
        for _ in 0..times {
            self.with(&mut || ());
        }
    }
}
