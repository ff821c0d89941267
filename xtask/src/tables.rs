//! `docs/environment.md` and `docs/security.md`: every row of a table names a test that there is, and every test of what surrounds
//! a lock has a row.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::command::root;

/// Where the tests are that `docs/environment.md` names.
const SURROUNDINGS: [&str; 2] = ["trials/tests/bad_input", "trials/tests/fork"];
/// Where those are that `docs/security.md` names.
const PROMISES: [&str; 3] = ["trials/tests", "slocket-cli/tests", "fuzz-bodies/tests"];

/// What shows how it is on another kernel: no test.
const KERNELS: &str = "`cargo xtask kernels`";

/// The tests in a folder, each as `file::function`.
fn tests_in(folder: &Path) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder of tests") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            tests.extend(tests_in(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let file = path.file_stem().expect("a name").to_string_lossy();
            let text = fs::read_to_string(&path).expect("a source");
            let functions = text.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split('(').next());
            tests.extend(functions.map(|function| format!("{file}::{function}")));
        }
    }
    tests
}

fn tests(folders: &[&str]) -> BTreeSet<String> {
    folders.iter().flat_map(|folder| tests_in(&root().join(folder))).collect()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).expect("a page")
}

fn rows(page: &str) -> impl Iterator<Item = &str> {
    page.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| test |"))
}

/// What the last cell of a row says.
fn cell(row: &str) -> &str {
    row.trim_end_matches('|').rsplit('|').next().unwrap_or_default()
}

/// The tests that a row names.
fn named(row: &str) -> impl Iterator<Item = &str> {
    cell(row).split('`').filter(|name| name.contains("::"))
}

/// Rows without a test, nor an excuse; and names of no test.
fn faults(page: &str, tests: &BTreeSet<String>, excuse: Option<&str>) -> Vec<String> {
    let mut faults = Vec::new();
    for row in rows(page) {
        if named(row).next().is_none() && !excuse.is_some_and(|excuse| cell(row).contains(excuse)) {
            faults.push(format!("no test: {row}"));
        }
        faults.extend(named(row).filter(|name| !tests.contains(*name)).map(|name| format!("no such test: {name}")));
    }
    faults
}

/// Tests without a row, of the files of which a row names another.
fn without_a_row(page: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let file = |test: &str| test.split("::").next().map(str::to_owned);
    let named: BTreeSet<_> = rows(page).flat_map(named).collect();
    let files: BTreeSet<_> = named.iter().filter_map(|test| file(test)).collect();
    let missing =
        tests.iter().filter(|test| !named.contains(&***test) && file(test).is_some_and(|file| files.contains(&file)));
    missing.map(|test| format!("no row: {test}")).collect()
}

#[test]
fn each_surrounding_has_a_test_and_each_test_a_row() {
    let (page, tests) = (page("environment.md"), tests(&SURROUNDINGS));
    assert!(rows(&page).count() > 50, "the table is there");
    assert_eq!(faults(&page, &tests, Some(KERNELS)), [""; 0]);
    assert_eq!(without_a_row(&page, &tests), [""; 0]);
}

#[test]
fn each_promise_has_a_test() {
    let page = page("security.md");
    assert!(rows(&page).count() > 20, "the tables are there");
    assert_eq!(faults(&page, &tests(&PROMISES), None), [""; 0]);
}

#[test]
fn a_wrong_table_is_found_out() {
    let page = "| surroundings | what you get | test |\n|---|---|---|\n| a | b | `users::one` |\n\
        | c | d | |\n| e | f | `users::two`, `nowhere::x` |\n| g | h | `cargo xtask kernels` |\n";
    let tests = BTreeSet::from(["users::one", "users::three", "other::four"].map(str::to_owned));
    let mut expected = vec!["no test: | c | d | |", "no such test: users::two", "no such test: nowhere::x"];
    assert_eq!(faults(page, &tests, Some(KERNELS)), expected);
    expected.push("no test: | g | h | `cargo xtask kernels` |");
    assert_eq!(faults(page, &tests, None), expected);
    assert_eq!(without_a_row(page, &tests), ["no row: users::three"]);
}
