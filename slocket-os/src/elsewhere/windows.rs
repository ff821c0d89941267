//! The same, of Windows.

pub(crate) mod address;
pub(crate) mod at_path;
pub(crate) mod background;
pub(crate) mod bell;
pub(crate) mod blocking;
pub(crate) mod closing;
pub(crate) mod descriptor;
pub(crate) mod file_system;
pub(crate) mod folder;
pub(crate) mod found;
pub(crate) mod io;
pub(crate) mod lock_files;
pub(crate) mod mark;
pub(crate) mod resolve;
pub(crate) mod system;
pub(crate) mod wait;
