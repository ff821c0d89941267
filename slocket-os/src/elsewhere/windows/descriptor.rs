//! A file that carries a lock, or a share of one. There is no fork, so that no other process has a copy.

use std::fs::File;

use crate::process::Process;

/// A file that is open. It is not inherited by programs that this process starts.
#[derive(Debug)]
pub(crate) struct Descriptor(File);

impl Descriptor {
    pub(crate) fn new(file: File) -> Self {
        Self(file)
    }

    pub(crate) fn list(&mut self, _: Process) {}

    pub(crate) fn unlist(&mut self) {}

    /// The file, to make a call about it.
    pub(crate) fn borrowed(&self) -> &File {
        &self.0
    }
}

pub(crate) fn close_copies(_: Process) {}

pub(crate) fn note_shown() {}
