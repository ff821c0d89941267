//! Why the system refused something.

/// Why something could not be done.
pub(crate) enum Refused {
    /// No lock can be at that path.
    NoLock,
    /// There is no permission.
    Permission,
    /// Another reason.
    Other,
}

/// Why a command did not start.
pub(crate) enum NotStarted {
    /// It was not found.
    Missing,
    /// The process could not even be made.
    NoProcess,
    /// It was found.
    Found,
}
