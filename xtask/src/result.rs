//! What a task returns.

/// What a task returns: an error is one line for a person.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
