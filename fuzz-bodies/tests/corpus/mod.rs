//! Replaying what the fuzzer has found worth keeping.

use std::fs;
use std::path::Path;

/// How many files there must be at least: a corpus that was lost shows nothing.
const LEAST: usize = 20;

/// Gives each file of a target's corpus to its body. What panics names the file above.
pub(crate) fn replay(target: &str, body: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("a corpus").map(|entry| entry.expect("it exists").path()).collect();
    files.sort();
    assert!(files.len() >= LEAST, "{} files", files.len());
    for file in &files {
        println!("{}", file.display());
        body(&fs::read(file).expect("it can be read"));
    }
}
