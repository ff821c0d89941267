//! Replaying what the fuzzer has found worth keeping, and what was kept by hand.

use std::fs;
use std::path::{Path, PathBuf};

/// How many files there must be at least: a corpus that was lost shows nothing.
const LEAST: usize = 20;

/// Gives each file of a target to its body. What panics names the file above.
pub(crate) fn replay(target: &str, body: impl Fn(&[u8])) {
    let files: Vec<_> = ["corpus", "regressions"].into_iter().flat_map(|kind| files(kind, target)).collect();
    assert!(files.len() >= LEAST, "{} files", files.len());
    for file in &files {
        println!("{}", file.display());
        body(&fs::read(file).expect("it can be read"));
    }
    println!("{} files", files.len());
}

/// The files of a target: the `corpus`, which the fuzzer minimises, or the `regressions`, which it leaves alone.
pub(crate) fn files(kind: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(kind).join(target);
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it exists").path()).collect();
    files.sort();
    files
}
