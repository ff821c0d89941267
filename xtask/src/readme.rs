//! The README of each published crate: the front page of its documentation, as crates.io shows it.

use std::fs;
use std::path::PathBuf;

use crate::command::root;
use crate::result::Result;

/// The published crates.
const CRATES: [&str; 8] = [
    "slocket-async-std",
    "slocket-cli",
    "slocket-core",
    "slocket-fork",
    "slocket-os",
    "slocket-smol",
    "slocket-sync",
    "slocket-tokio",
];

/// From here on a page is for contributors.
const FOR_CONTRIBUTORS: [&str; 2] = ["# The files", "# The procedures"];

const END: &str = "## Licence

MIT or Apache 2.0, at your option. [slocket](https://github.com/slocket/slocket) has the guarantees, the guides and the benchmarks.
";

/// Writes them again.
pub(crate) fn write() -> Result {
    for name in CRATES {
        fs::write(path(name), readme(name)?)?;
    }
    println!("written: README.md of {} crates", CRATES.len());
    Ok(())
}

fn path(name: &str) -> PathBuf {
    root().join(name).join("README.md")
}

fn readme(name: &str) -> Result<String> {
    let source = root().join(name).join("src");
    let page = ["lib.md", "lib.rs", "main.rs"].iter().find_map(|file| fs::read_to_string(source.join(file)).ok());
    let page = page.ok_or_else(|| format!("{name} has no front page"))?;
    let lines = page.lines().filter_map(|line| match line.strip_prefix("//!") {
        Some(comment) => Some(comment.strip_prefix(' ').unwrap_or(comment)),
        None => (!page.starts_with("//!")).then_some(line),
    });
    let docs = if name == "slocket-cli" { String::new() } else { format!("[Documentation](https://docs.rs/{name}). ") };
    let add = if name == "slocket-cli" { "install" } else { "add" };
    Ok(format!(
        "# {name}\n\n{docs}`cargo {add} {name} --git https://github.com/slocket/slocket`\n\n{}\n{END}",
        as_markdown(lines).trim_end().to_owned() + "\n"
    ))
}

/// A page of rustdoc as a README: without hidden lines and links to items, a level lower.
fn as_markdown<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let (mut is_code, mut is_rust, mut is_left_out) = (false, false, false);
    for line in lines {
        if let Some(language) = line.strip_prefix("```") {
            is_code = !is_code;
            is_rust = is_code && !matches!(language, "text" | "sh");
        } else if !is_code && line.starts_with("# ") {
            is_left_out = FOR_CONTRIBUTORS.contains(&line);
        }
        if is_left_out || (is_rust && (line == "#" || line.starts_with("# "))) {
            continue;
        }
        text += &match line {
            "```" if is_rust => "```rust".to_owned(),
            "```no_run" => "```rust,no_run".to_owned(),
            _ if is_code => line.to_owned(),
            _ if line.starts_with("# ") => format!("#{line}"),
            _ => without_items(line),
        };
        text.push('\n');
    }
    text
}

/// The line with links to pages only: `` [`Guard`] `` becomes `` `Guard` ``.
fn without_items(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('[') {
        text += before;
        let Some((words, after)) = after.split_once(']') else {
            rest = &rest[before.len()..];
            break;
        };
        let target = after.strip_prefix('(').and_then(|target| target.split_once(')'));
        match target {
            Some((target, after)) if !target.starts_with("https:") => {
                text += words;
                rest = after;
            }
            None if words.starts_with('`') && !after.starts_with('[') => {
                text += words;
                rest = after;
            }
            _ => {
                text += &format!("[{words}]");
                rest = after;
            }
        }
    }
    text + rest
}

#[test]
fn every_readme_is_its_crates_front_page() {
    for name in CRATES {
        let written = fs::read_to_string(path(name)).unwrap_or_default();
        assert!(written == readme(name).expect("a front page"), "{name}/README.md: run `cargo xtask generate`");
    }
}

#[test]
fn a_page_of_rustdoc_becomes_a_readme() {
    let page = "Locks [`Slocket`] by [a call](Slocket::acquire), [`x`](crate::x), [`y`](https://y.z) and [z][z].\n\n```\n# hidden\n\
        #[shown]\nlet x = [1];\n#\n```\n\n```no_run\n```\n\n```text\n# shown\n```\n\n# The files\n\nfor contributors\n\n# Errors\n\n\
        [z]: https://z.z\n";
    let expected = "Locks `Slocket` by a call, `x`, [`y`](https://y.z) and [z][z].\n\n```rust\n#[shown]\nlet x = [1];\n```\n\n\
        ```rust,no_run\n```\n\n```text\n# shown\n```\n\n## Errors\n\n[z]: https://z.z\n";
    assert_eq!(as_markdown(page.lines()), expected);
}

#[test]
fn the_adapters_say_the_same_of_what_is_the_same() {
    let section = |name: &str, heading: &str| {
        let page = fs::read_to_string(path(name)).expect("a README");
        let rest = page.split(&format!("## {heading}\n")).nth(1).unwrap_or_else(|| panic!("{name}: no {heading}"));
        rest.split("\n## ").next().unwrap_or_default().to_owned()
    };
    let asynchronous = ["slocket-tokio", "slocket-smol", "slocket-async-std"];
    for heading in ["Errors", "With npm's slocket", "Features", "Platform support"] {
        for name in asynchronous {
            assert_eq!(section(name, heading), section("slocket-sync", heading), "{name}: {heading}");
        }
    }
    for heading in ["Which method", "Behaviour", "Cancel safety"] {
        for name in asynchronous {
            assert_eq!(section(name, heading), section("slocket-smol", heading), "{name}: {heading}");
        }
    }
}
