//! Which processes this one descends from, as far as the system tells.

use std::os::unix::process::parent_id;
use std::process::id;

/// This process, and the one that started it.
pub(crate) fn lineage() -> Vec<u32> {
    vec![id(), parent_id()]
}
