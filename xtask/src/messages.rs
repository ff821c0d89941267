//! `docs/troubleshooting.md`: every message that a user can get is in it, as the source has it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::command::root;
use crate::page::Page;

/// Calls with words for contributors: a bug, or a line of the log.
const NOT_FOR_USERS: [&str; 4] = ["expect", "unreachable", "panic", "warning"];

/// The beginnings of texts that are not messages: the help, and prefixes of messages.
const NO_MESSAGES: [&str; 5] = ["… Examples:", "Examples:", "Exit codes:", "error: ", "slocket: "];

/// The messages in the sources of a folder, with `…` for what changes.
fn messages(folder: &str, speaks: impl Fn(&str, &str) -> bool) -> BTreeSet<String> {
    let mut messages = BTreeSet::new();
    for entry in fs::read_dir(root().join(folder)).expect("sources") {
        let path = entry.expect("a source").path();
        if path.is_dir() {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source");
        if speaks(&path.file_name().unwrap_or_default().to_string_lossy(), &text) {
            collect(&text, &path, &mut messages);
        }
    }
    messages
}

fn collect(text: &str, path: &Path, messages: &mut BTreeSet<String>) {
    let tokens = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut literals = Vec::new();
    walk(tokens, &mut literals);
    let is_message = |text: &String| {
        let words = text.replace('…', "");
        // Braces that are meant are those of `Debug`.
        words.trim().contains(' ')
            && !words.contains("{{")
            && !NO_MESSAGES.iter().any(|no_message| text.starts_with(no_message))
    };
    messages.extend(literals.iter().map(|literal| pattern(literal)).filter(is_message));
}

/// Collects the strings; not those of attributes (but `#[error("…")]`, which is a message) and comments for the documentation, of
/// tests, and of calls that are not for users.
fn walk(tokens: TokenStream, literals: &mut Vec<String>) {
    let mut last = String::new();
    let mut is_test = false;
    let mut after_hash = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) if after_hash && group.delimiter() == Delimiter::Bracket => {
                is_test |= group.stream().to_string().replace(' ', "") == "cfg(test)";
                if matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "error") {
                    walk(group.stream(), literals);
                }
            }
            TokenTree::Group(group) => {
                if !is_test && !NOT_FOR_USERS.contains(&last.as_str()) {
                    walk(group.stream(), literals);
                }
                if group.delimiter() == Delimiter::Brace {
                    is_test = false;
                }
            }
            TokenTree::Ident(ident) => last = ident.to_string(),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                literals.extend(text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).map(unescaped));
            }
            TokenTree::Punct(punct) => {
                after_hash = punct.as_char() == '#' || (after_hash && punct.as_char() == '!');
                continue;
            }
        }
        after_hash = false;
    }
}

fn unescaped(literal: &str) -> String {
    literal.replace("\\n", "\n").replace("\\\"", "\"")
}

/// The message as it is in the page: `…` for each `{…}`, and one space where there is any.
fn pattern(literal: &str) -> String {
    let mut text = String::new();
    let mut rest = literal;
    while let Some((before, after)) = rest.split_once('{').filter(|(_, after)| !after.starts_with('{')) {
        text.push_str(before);
        text.push('…');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_message_is_in_the_page() {
    let page = Page::read(&root().join("docs/troubleshooting.md"));
    let spans: BTreeSet<_> = page.spans.into_iter().collect();
    let library = messages("slocket-os/src", |_, _| true);
    let words_of_the_tool = [
        "found.rs",
        "duration.rs",
        "exit.rs",
        "home.rs",
        "mode.rs",
        "report.rs",
        "sandbox.rs",
        "slots.rs",
        "target.rs",
    ];
    let tool = messages("slocket-cli/src", |name, text| words_of_the_tool.contains(&name) || text.contains("say::say"));
    assert!(library.len() > 40 && tool.len() > 40, "the messages are found: {} and {}", library.len(), tool.len());
    let missing: Vec<_> = library.union(&tool).filter(|message| !spans.contains(*message)).collect();
    assert!(missing.is_empty(), "not in docs/troubleshooting.md:\n{missing:#?}");
}

#[test]
fn messages_are_found_and_nothing_else() {
    let source = r##"
        //! `"a comment \" of the module"`
        /// "a comment of an item"
        #[must_use = "an attribute, that is"]
        #[error("a text of {0}, by thiserror")]
        fn f() {
            g("a plain message").expect("a bug, it is");
            write!(f, "{path} has {n:>3}\n    \"parts\": {}", x);
            unreachable!("never, not at all");
            h("{only} {patterns}", "word", "Exit codes: none", "Debug {{ {x} }}", ' ', 1);
        }
        #[cfg(test)]
        mod tests { const A: &str = "a test, it is"; }
        const B: &str = "a last message";
    "##;
    let mut found = BTreeSet::new();
    collect(source, Path::new("source"), &mut found);
    let found: Vec<_> = found.into_iter().collect();
    assert_eq!(found, ["a last message", "a plain message", "a text of …, by thiserror", "… has … \"parts\": …"]);
}
