//! Whether a lock file can be removed while it is open: it cannot.

use crate::sys::io::Result;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Local,
    Unknown,
}

impl Place {
    pub(crate) fn of_folder(_: impl Sized) -> Result<Self> {
        Ok(Self::Unknown)
    }

    pub(crate) fn shared_by(self) -> Option<&'static str> {
        None
    }
}
