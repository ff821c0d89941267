//! Which processes this one descends from: the standard library does not tell.

/// This process.
pub(crate) fn lineage() -> Vec<u32> {
    vec![std::process::id()]
}
