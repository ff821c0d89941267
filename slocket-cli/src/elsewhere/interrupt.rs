//! A signal of which the tool dies while it waits. It just dies: what it has open is closed then, and nothing waits in line behind it.

use std::convert::Infallible;
use std::io;

use crate::signals::Signal;

pub(crate) struct Watch(Infallible);

/// # Errors
/// Always: the wait needs not be called off.
pub(crate) fn watch(_: impl FnOnce(Signal) + Send + 'static) -> io::Result<Watch> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Watch {
    pub(crate) fn end(self) -> Option<Signal> {
        match self.0 {}
    }
}
