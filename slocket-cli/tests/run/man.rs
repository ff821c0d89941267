//! The man pages, as a reader has them typeset.

use std::fs;
use std::process::Command;

use crate::harness::has;

#[test]
fn the_pages_are_typeset_without_a_warning() {
    if !has("groff") {
        return;
    }
    let folder = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/man")).expect("a folder");
    let pages: Vec<_> = folder.map(|page| page.expect("an entry").path()).collect();
    assert_eq!(pages.len(), 4, "{pages:?}");
    for page in pages {
        let output = Command::new("groff").args(["-ww", "-man", "-Tutf8"]).arg(&page).output().expect("it starts");
        assert!(output.status.success() && output.stderr.is_empty(), "{}: {output:?}", page.display());
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let name = page.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(text.starts_with(&format!("{name}(1) ")), "{text}");
    }
}
