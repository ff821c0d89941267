//! The same, of Unix.

pub(crate) mod owner;
pub(crate) mod processes;
pub(crate) mod relay;
pub(crate) mod start;
