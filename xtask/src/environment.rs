//! `docs/environment.md`: every row names a test that there is, and every test of what surrounds a lock has a row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::command::root;

/// What shows how it is on another kernel: no test of bad input.
const KERNELS: &str = "`cargo xtask kernels`";

/// The names of the tests in each file of `bad_input`, and of `fork`.
fn tests() -> BTreeMap<String, BTreeSet<String>> {
    let folders = ["bad_input", "fork"].map(|folder| root().join("trials/tests").join(folder));
    let files = folders.into_iter().flat_map(|folder| fs::read_dir(folder).expect("the tests"));
    let read = |path: std::path::PathBuf| {
        let file = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a source");
        let names = text.split("#[test]\nfn ").skip(1).filter_map(|rest| Some(rest.split_once('(')?.0.to_owned()));
        (file, names.collect())
    };
    files.map(|entry| read(entry.expect("a file").path())).collect()
}

/// What is wrong with a table: rows without a test, names of no test, tests of a file it names that it does not name.
fn faults(table: &str) -> Vec<String> {
    let tests = tests();
    let mut faults = Vec::new();
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| surroundings |")) {
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let names: Vec<_> = cell.split('`').filter_map(|name| name.split_once("::")).collect();
        if names.is_empty() && !cell.contains(KERNELS) {
            faults.push(format!("no test: {row}"));
        }
        for (file, name) in names {
            if !tests.get(file).is_some_and(|tests| tests.contains(name)) {
                faults.push(format!("no such test: {file}::{name}"));
            }
            named.entry(file).or_default().insert(name);
        }
    }
    for (file, names) in &named {
        let tests = tests.get(*file).into_iter().flatten();
        faults.extend(tests.filter(|test| !names.contains(&***test)).map(|test| format!("no row: {file}::{test}")));
    }
    faults
}

#[test]
fn each_row_has_a_test_and_each_test_a_row() {
    let table = fs::read_to_string(root().join("docs/environment.md")).unwrap();
    assert!(table.lines().filter(|line| line.starts_with("| ")).count() > 50, "the table is there");
    assert_eq!(faults(&table), [""; 0]);
}

#[test]
fn a_wrong_table_is_found_out() {
    let table = "| surroundings | what you get | test |\n|---|---|---|\n\
        | a | b | `watch::no_such_test` |\n| c | d | |\n| e | f | `watch::no_inotify_watches`, `nowhere::x` |\n";
    let expected = [
        "no such test: watch::no_such_test",
        "no test: | c | d | |",
        "no such test: nowhere::x",
        "no row: watch::a_watch_is_quicker_than_a_look_now_and_then",
        "no row: watch::no_inotify_instances",
        "no row: watch::one_watcher_for_all",
    ];
    assert_eq!(faults(table), expected);
}
