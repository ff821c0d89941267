//! What the machine is told and what it asks for, as `tracing` events with the protocol's words.

#[cfg(feature = "tracing")]
macro_rules! trace {
    ($($field:tt)*) => { tracing::debug!(target: "slocket", $($field)*) };
}

#[cfg(not(feature = "tracing"))]
macro_rules! trace {
    ($($field:tt)*) => {};
}

#[cfg(feature = "tracing")]
macro_rules! warning {
    ($($field:tt)*) => { tracing::warn!(target: "slocket", $($field)*) };
}

#[cfg(not(feature = "tracing"))]
macro_rules! warning {
    ($($field:tt)*) => {};
}

pub(crate) use {trace, warning};
