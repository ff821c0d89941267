//! `docs/security.md`: every row of a table names a test, and every test that it names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::root;

/// Where the tests are that it names.
const FOLDERS: [&str; 3] = ["trials/tests", "slocket-cli/tests", "fuzz-bodies/tests"];

/// The tests, each as `file::function`.
fn tests() -> BTreeSet<String> {
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root().join(folder)).collect();
    let mut tests = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of tests") {
            let path = entry.expect("a file").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                tests.extend(tests_in(&path));
            }
        }
    }
    tests
}

fn tests_in(path: &Path) -> Vec<String> {
    let file = path.file_stem().expect("a name").to_string_lossy();
    let text = fs::read_to_string(path).expect("a source");
    let functions = text.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split('(').next());
    functions.map(|function| format!("{file}::{function}")).collect()
}

/// Rows without a test, and names of no test.
fn faults(page: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| test |"));
    for row in rows {
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let names: Vec<_> = cell.split('`').filter(|name| name.contains("::")).collect();
        if names.is_empty() {
            faults.push(format!("no test: {row}"));
        }
        let unknown = names.into_iter().filter(|name| !tests.contains(*name));
        faults.extend(unknown.map(|name| format!("no such test: {name}")));
    }
    faults
}

#[test]
fn each_promise_has_a_test() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    assert!(page.lines().filter(|line| line.starts_with("| ")).count() > 20, "the tables are there");
    assert_eq!(faults(&page, &tests()), [""; 0]);
}

#[test]
fn a_promise_without_a_test_is_found_out() {
    let tests = BTreeSet::from(["users::one".to_owned()]);
    let page =
        "| what | promised | test |\n|---|---|---|\n| a | b | `users::one` |\n| c | d | |\n| e | f | `users::two` |\n";
    assert_eq!(faults(page, &tests), ["no test: | c | d | |", "no such test: users::two"]);
}
