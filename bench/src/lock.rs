//! What all that is measured has in common.

/// A handle of a lock, as a program that uses it again and again keeps it.
pub(crate) trait Lock {
    /// Acquires, waiting for as long as it takes; runs `held`; releases.
    fn with(&mut self, held: &mut dyn FnMut());
}
