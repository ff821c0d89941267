//! The pages for people, as Markdown has them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::command::root;

/// What is in a page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Where its links and pictures lead, as it is written.
    pub(crate) links: Vec<String>,
    /// The names that GitHub gives its headings.
    pub(crate) anchors: Vec<String>,
    /// What is set as code within a line.
    pub(crate) spans: Vec<String>,
}

impl Page {
    pub(crate) fn parse(text: &str) -> Self {
        let mut page = Self::default();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let name = anchor(&heading.take().unwrap_or_default());
                    let before = seen.entry(name.clone()).or_default();
                    page.anchors.push(if *before == 0 { name } else { format!("{name}-{before}") });
                    *before += 1;
                }
                Event::Text(text) => heading.iter_mut().for_each(|heading| heading.push_str(&text)),
                Event::Code(code) => {
                    heading.iter_mut().for_each(|heading| heading.push_str(&code));
                    page.spans.push(code.into_string());
                }
                _ => {}
            }
        }
        page
    }

    pub(crate) fn read(path: &Path) -> Self {
        Self::parse(&fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }
}

/// The name that GitHub gives a heading: in lower case, without punctuation, with hyphens for spaces.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// All pages: those at the root of the repository, those in `docs`, and the README of each crate.
pub(crate) fn all() -> Vec<PathBuf> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
    };
    let mut pages = [entries(&root()), entries(&root().join("docs"))].concat();
    let crates = entries(&root()).into_iter().filter(|path| path.is_dir());
    pages.extend(crates.map(|folder| folder.join("README.md")).filter(|readme| readme.is_file()));
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

#[test]
fn a_page_is_read_as_github_reads_it() {
    let page = Page::parse(
        "# A `b.rs`: c, d_e & f-g!\n[x](y.md#z) ![p](q.svg) <https://r.s>\n\n# Same\n# Same\n\n| `i` |\n|---|\n| `j` [k](l) |\n\n\
         ```text\n[no](link) `no span`\n```\n",
    );
    assert_eq!(page.links, ["y.md#z", "q.svg", "https://r.s", "l"]);
    assert_eq!(page.anchors, ["a-brs-c-d_e--f-g", "same", "same-1"]);
    assert_eq!(page.spans, ["b.rs", "i", "j"]);
}
