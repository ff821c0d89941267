//! What is at a path, by its stat(2).

use std::fs::Metadata;
use std::os::unix::fs::FileTypeExt;

use crate::kind::{FILE, Kind, LINK};

/// Tells it from its stat(2).
pub(crate) fn kind(found: &Metadata) -> Kind {
    let kind = found.file_type();
    if kind.is_socket() {
        return Kind::Socket { marked: slocket_os::is_marked(found) };
    }
    Kind::Other(if kind.is_dir() {
        "a directory"
    } else if kind.is_symlink() {
        LINK
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_file() {
        FILE
    } else {
        "a device"
    })
}
