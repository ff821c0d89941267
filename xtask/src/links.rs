//! The pages for people: every link leads somewhere, and every file that they name is there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::root;
use crate::page::{self, Page};

/// What the name of a file of the repository ends with. (`build.lock` is a user's.)
const ENDINGS: [&str; 7] = [".rs", ".md", ".toml", ".svg", ".js", ".json", ".yml"];

/// Names for readers that are not files of the repository.
const NOT_OURS: [&str; 2] = ["Cargo.toml", ".cargo/config.toml"];

/// What is wrong with the links of a page that lies in `folder`.
fn broken_links(page: &Page, folder: &Path) -> Vec<String> {
    page.links.iter().filter_map(|link| Some(format!("{link}: {}", fault(link, page, folder)?))).collect()
}

fn fault(link: &str, page: &Page, folder: &Path) -> Option<&'static str> {
    if let Some((scheme, rest)) = link.split_once(':') {
        // Form only: no test asks the network.
        let host = rest.strip_prefix("//").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let formed = scheme == "https" && host.contains('.') && !link.contains(char::is_whitespace);
        return (!formed).then_some("not a link of the form https://host/path");
    }
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let target = folder.join(file);
    if !file.is_empty() && (file.starts_with('/') || !target.exists()) {
        return Some("no such file");
    }
    let anchor = anchor?;
    let there = if file.is_empty() { page.anchors.clone() } else { Page::read(&target).anchors };
    (!there.iter().any(|name| name == anchor)).then_some("no such heading")
}

/// The files that a page names in spans of code and that are not there.
fn missing_files(page: &Page, files: &[PathBuf]) -> Vec<String> {
    let spans = page.spans.iter().filter(|span| is_file_of_ours(span));
    spans.filter(|span| !files.iter().any(|file| file.ends_with(span.as_str()))).cloned().collect()
}

/// Whether a span of code names a file or a folder of the repository: `trials/tests/crash.rs`, `crash.rs`, `trials/src`.
fn is_file_of_ours(span: &str) -> bool {
    let like_a_path = span.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c)) && !span.starts_with('/');
    let begins = span.split_once('/').is_some_and(|(first, _)| root().join(first).is_dir());
    let ends = ENDINGS.iter().any(|ending| span.ends_with(ending) && span.len() > ending.len());
    like_a_path && (begins || ends) && !NOT_OURS.contains(&span)
}

/// All files and folders of the repository, except what is built or installed.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let entry = entry.expect("an entry");
            if ["target", "node_modules", ".git"].iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if entry.file_type().expect("a type").is_dir() {
                folders.push(entry.path());
            }
            files.push(entry.path());
        }
    }
    files
}

#[test]
fn every_link_leads_somewhere_and_every_file_is_there() {
    let files = files();
    let pages = page::all();
    assert!(pages.len() >= 8, "the pages are there");
    let mut faults = Vec::new();
    for path in &pages {
        let page = Page::read(path);
        let name = path.strip_prefix(root()).unwrap().display();
        faults.extend(broken_links(&page, path.parent().unwrap()).into_iter().map(|fault| format!("{name}: {fault}")));
        faults.extend(missing_files(&page, &files).into_iter().map(|file| format!("{name}: no such file: {file}")));
    }
    assert_eq!(faults, [""; 0]);
}

#[test]
fn what_leads_nowhere_is_found_out() {
    let page = Page::parse(
        "# One heading\n[a](README.md) [b](README.md#licence) [c](#one-heading) [d](https://crates.io/x) [e](docs)\n\
         [1](missing.md) [2](README.md#missing) [3](#missing) [4](https://nowhere) [5](http://crates.io) [6](/README.md)\n\n\
         `trials/tests/crash.rs` `crash.rs` `trials/src` `/run/app.rs` `x.lock` `read/write` `Cargo.toml` `a b.rs` `.rs`\n\
         `trials/tests/crush.rs` `crush.rs` `trials/sources` `ests/crash.rs`\n",
    );
    let faults: Vec<_> = broken_links(&page, &root());
    let expected = [
        "missing.md: no such file",
        "README.md#missing: no such heading",
        "#missing: no such heading",
        "https://nowhere: not a link of the form https://host/path",
        "http://crates.io: not a link of the form https://host/path",
        "/README.md: no such file",
    ];
    assert_eq!(faults, expected);
    let expected = ["trials/tests/crush.rs", "crush.rs", "trials/sources", "ests/crash.rs"];
    assert_eq!(missing_files(&page, &files()), expected);
}
