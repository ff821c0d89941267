//! What is known of a file.

/// What a file was when it was looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) uid: u32,
}
