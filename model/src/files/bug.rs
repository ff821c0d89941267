//! Variants of the protocol, each of which breaks a promise.

/// A variant of the protocol that must be caught. (They are in this model only; no release contains them.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A file that was locked is not compared with what has the lock's name.
    NoCompare,
}
