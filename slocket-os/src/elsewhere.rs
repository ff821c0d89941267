//! What other systems than Linux have in place of the modules of the same names: no lock is a socket there, and each is a locked file.

pub(crate) mod abstract_name;
pub(crate) mod copies;
pub(crate) mod flocks;
pub(crate) mod keeper;
pub(crate) mod kernel;
pub(crate) mod making;
pub(crate) mod random;
pub(crate) mod reserve;
pub(crate) mod retention;
pub(crate) mod sharers;
pub(crate) mod socket_adopt;
pub(crate) mod socket_participant;
mod unix;

pub(crate) use unix::{address, at_path, bell, file_system, files, folder, found, mark, resolve};
