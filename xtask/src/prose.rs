//! What people read is plain English: no page, comment, help text or message uses the words and phrases of [`RULES`].
//!
//! A list of words finds no bad sentence that is made of good ones. It keeps out those that were weeded out before.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{heading, root};
use crate::result::Result;

mod words;

use words::{Word, of_page, of_source};

/// Where the sources of contributors are.
const OF_CONTRIBUTORS: [&str; 7] =
    ["bench", "fuzz-bodies", "fuzz/targets", "interleavings", "model", "trials", "xtask/src"];

/// A phrase to avoid, in lower case, and what to write in its place.
struct Rule {
    /// Words and punctuation marks, separated by spaces.
    phrase: &'static str,
    /// The phrase is good English right after one of these.
    unless_after: &'static [&'static str],
    /// The phrase is good English right before one of these.
    unless_before: &'static [&'static str],
    instead: &'static str,
}

const fn rule(phrase: &'static str, instead: &'static str) -> Rule {
    Rule { phrase, unless_after: &[], unless_before: &[], instead }
}

const ACTOR: &str = "a noun as the actor: the holder, a waiter, no process, the caller, the process that ...";
const OLD: &str = "today's word: by this, with it, in it, so that";
const HOLDS: &str = "holds the lock";
const EXAMPLE: &str = "for example";

/// Nouns after which `who` is a relative pronoun that has its noun.
const PEOPLE: &[&str] = &[
    "user",
    "users",
    "person",
    "people",
    "anyone",
    "everyone",
    "someone",
    "administrator",
    "administrators",
    "author",
    "authors",
    "contributor",
    "contributors",
    "maintainer",
    "maintainers",
    "reader",
    "readers",
    "owner",
    "member",
    "members",
    "human",
];

#[rustfmt::skip]
const RULES: &[Rule] = &[
    Rule { unless_after: PEOPLE, ..rule("who", ACTOR) },
    rule("whoever", ACTOR),
    rule("whomever", ACTOR),
    rule("somebody", ACTOR),
    rule("anybody", ACTOR),
    rule("nobody", ACTOR),
    rule("everybody", ACTOR),
    rule(". whose", ACTOR),
    rule("¶ whose", ACTOR),
    rule("( whose", ACTOR),
    rule("and whose", ACTOR),
    rule("by whom", ACTOR),
    rule("for whom", ACTOR),
    rule("he", ACTOR),
    rule("him", ACTOR),
    rule("his", ACTOR),
    rule("not said", "Defaults to ..."),
    rule("known are", "subject, verb, object"),
    rule("it be", "the indicative: so that it is"),
    rule("lest", OLD),
    rule("shall", "must, can or never"),
    rule("thereby", OLD),
    rule("therewith", OLD),
    rule("thereof", OLD),
    rule("therein", OLD),
    rule("whereby", OLD),
    rule("wherein", OLD),
    rule("whereof", OLD),
    rule("anew", "again"),
    rule("mend", "repair, fix or restore"),
    rule("mends", "repairs, fixes or restores"),
    rule("mended", "repaired, fixed or restored"),
    rule("as a rule", "usually"),
    rule("but for", "except, except for"),
    rule("to be had", "available"),
    rule("be had", "available"),
    Rule { unless_after: &["one"], ..rule("of ours", "our ...") },
    rule("of yours", "your ..."),
    rule("of theirs", "their ..."),
    rule(", say ,", EXAMPLE),
    rule(", say )", EXAMPLE),
    rule(", say .", EXAMPLE),
    rule(", say ;", EXAMPLE),
    Rule { unless_before: &["in"], ..rule("has the lock", HOLDS) },
    Rule { unless_before: &["in"], ..rule("have the lock", HOLDS) },
    Rule { unless_before: &["in"], ..rule("had the lock", HOLDS) },
    Rule { unless_before: &["now", "version", "linux", "rust"], ..rule("as of", "since; or: the same as for") },
    Rule { unless_after: &["there"], unless_before: &["longer", "more", "better"], ..rule("is no", "is not a") },
    Rule {
        unless_after: &["because", "instead", "out", "ahead", "front", "inside", "outside", "speed", "knowledge"],
        ..rule("of it", "its ..., or the thing by its name")
    },
];

/// What stands where, and what to write in its place.
struct Fault {
    line: usize,
    phrase: &'static str,
    instead: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: \"{}\": write {}", self.line, self.phrase, self.instead)
    }
}

/// The phrases in these words that a rule forbids.
fn faults(words: &[Word]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for rule in RULES {
        let phrase: Vec<_> = rule.phrase.split(' ').collect();
        for (at, found) in words.windows(phrase.len()).enumerate() {
            let before = at.checked_sub(1).map_or("", |before| &*words[before].text);
            let after = words.get(at + phrase.len()).map_or("", |word| &*word.text);
            if found.iter().zip(&phrase).all(|(word, wanted)| word.text == *wanted)
                && !rule.unless_after.contains(&before)
                && !rule.unless_before.contains(&after)
            {
                faults.push(Fault { line: found[0].line, phrase: rule.phrase, instead: rule.instead });
            }
        }
    }
    faults.sort_by_key(|fault| fault.line);
    faults
}

/// Fails if a rule finds something in a page, a comment or a message.
pub(crate) fn check() -> Result {
    heading("prose");
    let files = files();
    let mut wrong = Vec::new();
    for path in &files {
        let text = fs::read_to_string(path)?;
        let words =
            if path.extension().is_some_and(|ending| ending == "md") { of_page(&text) } else { of_source(&text) };
        let name = path.strip_prefix(root()).unwrap_or(path).display().to_string();
        wrong.extend(faults(&words).iter().map(|fault| format!("{name}:{fault}")));
    }
    if files.len() < 500 {
        return Err(format!("only {} files were found", files.len()).into());
    }
    if !wrong.is_empty() {
        return Err(format!("{}\n       {} phrases to avoid", wrong.join("\n       "), wrong.len()).into());
    }
    println!("{} pages and sources, {} rules", files.len(), RULES.len());
    Ok(())
}

/// The pages, and all sources, with those of the tests.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let root = root();
    collect(&root, "md", false, &mut files);
    collect(&root.join("docs"), "md", true, &mut files);
    for entry in fs::read_dir(&root).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("slocket-") {
            collect(&entry.path(), "md", false, &mut files);
            collect(&entry.path().join("src"), "rs", true, &mut files);
            collect(&entry.path().join("examples"), "rs", true, &mut files);
            collect(&entry.path().join("tests"), "rs", true, &mut files);
        }
    }
    for folder in OF_CONTRIBUTORS {
        collect(&root.join(folder), "rs", true, &mut files);
    }
    for folder in ["interop", "bench/peers"] {
        collect(&root.join(folder), "js", false, &mut files);
    }
    files.retain(|path| !path.ends_with("xtask/src/prose.rs"));
    files.sort();
    files
}

fn collect(folder: &Path, ending: &str, deep: bool, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if deep && path.is_dir() {
            collect(&path, ending, deep, files);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(words: &[Word]) -> Vec<(usize, &'static str)> {
        faults(words).iter().map(|fault| (fault.line, fault.phrase)).collect()
    }

    #[test]
    fn the_cadence_that_was_weeded_out_fails() {
        for (sentence, phrase) in [
            ("who holds it listens on a Unix socket there, who waits is connected to it", "who"),
            ("Whose servers are believed; `Owner` if not said", "not said"),
            ("a socket there that is no slocket", "is no"),
            ("When somebody began to wait the kernel does not record.", "somebody"),
            ("Known are the process and its program.", "known are"),
            ("is no missing folder to him", "him"),
            ("so that it be free", "it be"),
            ("the whole of it", "of it"),
            ("a signal by which it thereby dies", "thereby"),
            ("Everybody else waits; whoever comes first\nhas the lock.", "has the lock"),
        ] {
            let found = phrases(&of_page(sentence));
            assert!(found.iter().any(|(_, found)| *found == phrase), "{sentence}: {found:?}");
        }
    }

    #[test]
    fn plain_english_passes() {
        let page = "The holder listens on a Unix socket at that path; waiters connect to it.\n\
            A user who may write to the folder can remove the path. There is no upgrade; it is no longer held.\n\
            Which users' servers to trust. Defaults to `Owner`. It waits because of it, and gets out of it.\n\n\
            ```text\nwho waits, somebody, whoever\n```\n`who` and [this](https://who.is/whoever) are no prose.\n";
        assert_eq!(phrases(&of_page(page)), []);
    }

    #[test]
    fn comments_and_messages_of_a_source_are_read_and_its_code_is_not() {
        let source = "/// The whole of\n/// it.\nfn who(him: char) { // nobody\n    let whoever = 'w'; say(\"lent to {who}, \
            somebody\");\n    let lifetime: &'static str = r#\"a \"raw\" one, thereby\"#;\n}\n";
        assert_eq!(phrases(&of_source(source)), [(1, "of it"), (3, "nobody"), (4, "somebody"), (5, "thereby")]);
    }
}
