//! The same, of Unix.

pub(crate) mod address;
pub(crate) mod at_path;
pub(crate) mod bell;
pub(crate) mod copies;
pub(crate) mod file_system;
pub(crate) mod files;
pub(crate) mod folder;
pub(crate) mod found;
pub(crate) mod making;
pub(crate) mod mark;
pub(crate) mod resolve;
pub(crate) mod socket_adopt;
