//! The names of users.

use nix::unistd::{Uid, User};

/// The name of a user, if there is one.
pub(crate) fn name(uid: u32) -> Option<String> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
}

/// The users that something may belong to of which the system does not tell.
pub(crate) fn of_unknown() -> Vec<u32> {
    Vec::new()
}
