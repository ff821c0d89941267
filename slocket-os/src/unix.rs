//! What every Unix has, Linux among them.

pub(crate) mod as_fd;
pub(crate) mod background;
pub(crate) mod blocking;
pub(crate) mod closing;
pub(crate) mod descriptor;
pub(crate) mod disowned;
pub(crate) mod pass;
pub(crate) mod wait;
