//! What can be at a path.

pub(crate) const FILE: &str = "a file";
pub(crate) const OTHER: &str = "something else";
pub(crate) const LINK: &str = "a symbolic link";

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Socket {
        /// Its owner hands it over and never lends it: dead means free.
        marked: bool,
    },
    Other(&'static str),
}
