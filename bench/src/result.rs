//! What a measure returns.

/// What a measure returns: an error is one line for a person.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
