//! This user, and this machine.

use std::fs::FileType;
use std::path::Path;

/// Our user's number. (Users have none.)
pub(crate) fn user() -> u32 {
    0
}

/// The user of a process, if that is known.
pub(crate) fn user_of_process(_: u32) -> Option<u32> {
    None
}

/// The name of this machine.
pub(crate) fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

/// The user that a file belongs to: the standard library does not tell.
pub(crate) fn owner_of(_: &Path) -> Option<u32> {
    None
}

/// Whether that is a socket.
pub(crate) fn is_socket(_: FileType) -> bool {
    false
}
