//! The same, of Windows.

mod errors;
pub(crate) mod inherit;
pub(crate) mod names;
pub(crate) mod owner;
pub(crate) mod processes;
pub(crate) mod relay;
pub(crate) mod sandbox;
pub(crate) mod shell;
pub(crate) mod signals;
pub(crate) mod start;
pub(crate) mod stat;
pub(crate) mod terminal;
pub(crate) mod thread;
pub(crate) mod users;
