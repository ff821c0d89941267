//! There is one `unsafe` block, in `slocket-fork`: every other crate inherits the lints of the workspace, which forbid it.

use std::fs;
use std::path::Path;

use crate::command::root;

/// The crate that has it.
const EXCEPT: &str = "slocket-fork";

/// The crates of the workspace that do not inherit its lints.
fn without_lints(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root).expect("the workspace").map(|entry| entry.expect("an entry").path());
    let manifests = entries.filter_map(|folder| Some((fs::read_to_string(folder.join("Cargo.toml")).ok()?, folder)));
    let without = manifests.filter(|(manifest, _)| !manifest.contains("[lints]\nworkspace = true\n"));
    let mut names: Vec<_> =
        without.filter_map(|(_, folder)| Some(folder.file_name()?.to_string_lossy().into_owned())).collect();
    names.sort();
    names
}

#[test]
fn all_but_one_crate_forbid_it() {
    // (fuzz is a workspace of its own, in no package.)
    assert_eq!(without_lints(&root()), ["fuzz", EXCEPT]);
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    assert!(workspace.contains("unsafe_code = \"forbid\""));
}

#[test]
fn it_is_one_block() {
    let sources = fs::read_dir(root().join(EXCEPT).join("src")).expect("its sources");
    let blocks: usize = sources
        .map(|source| fs::read_to_string(source.expect("a source").path()).expect("a source"))
        .map(|source| source.matches("unsafe {").count() + source.matches("unsafe fn").count())
        .sum();
    assert_eq!(blocks, 1);
}
