//! What the machine is told and what it asks for, as `tracing` events with the protocol's words, in a span for each request.
//! Without the feature none of this is in the program.

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

#[cfg(feature = "tracing")]
pub(crate) use on::Span;

#[cfg(not(feature = "tracing"))]
pub(crate) use off::Span;

#[cfg(feature = "tracing")]
mod on {
    use tracing::span::EnteredSpan;

    use crate::name::LockName;

    /// The span of one request, wherever it is worked on: by the caller, by another task of a runtime, in the background.
    #[derive(Debug)]
    pub(crate) struct Span(tracing::Span);

    impl Span {
        pub(crate) fn new(lock: &LockName) -> Self {
            Self(tracing::debug_span!(target: "slocket", "slocket", path = %lock))
        }

        /// In the span, until dropped. (What is done for a request never waits.)
        pub(crate) fn enter(&self) -> EnteredSpan {
            self.0.clone().entered()
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use crate::name::LockName;

    #[derive(Debug)]
    pub(crate) struct Span;

    impl Span {
        pub(crate) fn new(_lock: &LockName) -> Self {
            Self
        }

        pub(crate) fn enter(&self) -> Self {
            Self
        }
    }
}
