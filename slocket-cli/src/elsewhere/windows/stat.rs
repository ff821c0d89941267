//! What is at a path.

use std::fs::Metadata;

use crate::kind::{FILE, Kind, LINK, OTHER};

/// Tells it from its metadata.
pub(crate) fn kind(found: &Metadata) -> Kind {
    Kind::Other(match () {
        () if found.is_dir() => "a directory",
        () if found.is_symlink() => LINK,
        () if found.is_file() => FILE,
        () => OTHER,
    })
}
