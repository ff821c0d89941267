//! What only Linux has: a lock is a socket there, or a locked file where the file system wants it.

pub(crate) mod abstract_name;
pub(crate) mod address;
pub(crate) mod at_once;
pub(crate) mod at_path;
pub(crate) mod bell;
pub(crate) mod bound;
pub(crate) mod connected;
pub(crate) mod copies;
pub(crate) mod file_system;
pub(crate) mod file_watch;
pub(crate) mod flocks;
pub(crate) mod folder;
pub(crate) mod folder_guard;
pub(crate) mod keeper;
pub(crate) mod kernel;
pub(crate) mod making;
pub(crate) mod mark;
pub(crate) mod perform;
pub(crate) mod random;
pub(crate) mod reserve;
pub(crate) mod resolve;
pub(crate) mod retention;
pub(crate) mod sharers;
pub(crate) mod socket_adopt;
pub(crate) mod socket_participant;
pub(crate) mod table;
