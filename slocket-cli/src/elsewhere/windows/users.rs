//! The names of users, which have no numbers.

/// The name of a user, if there is one.
pub(crate) fn name(_: u32) -> Option<String> {
    None
}

/// The users that something may belong to: one, as if it were our own. (The permissions of the folder say which users can use the lock.)
pub(crate) fn of_unknown() -> Vec<u32> {
    vec![0]
}
