//! `docs/status-json.md`: its example is what the tool writes, and every state and field of the source is in it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Folder, HOLD, start, watch_for};
use crate::status::json;

/// A file of the repository.
fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).expect(path)
}

/// The names in a value, with what they are within.
fn names(value: &Value, within: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let name = format!("{within}.{name}");
            names(value, &name, found);
            found.push(name);
        }),
        Value::Array(values) => values.iter().for_each(|value| names(value, &format!("{within}[]"), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn sorted_names(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    names(value, "", &mut found);
    found.sort();
    found
}

#[test]
fn the_example_has_the_fields_that_the_tool_writes() {
    let page = text("docs/status-json.md");
    let example = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let folder = Folder::new();
    let mut holder = start(folder.run(&[], &HOLD));
    holder.expect_output("up");
    let mut waiter = start(folder.run(&["-q"], &["true"]));
    let has_one = |found: &Value| found.as_array().is_some_and(|found| found.len() == 1);
    // (A process that is just being started shares the lock, too, until it runs its program.)
    let waits = |report: &Value| has_one(&report["queue"]) && has_one(&report["holder"]["shared_with"]);
    let report = watch_for("it does not wait", || Some(json(&folder.lock())).filter(waits));
    let example: Value = serde_json::from_str(example).expect("JSON");
    assert_eq!(sorted_names(&example), sorted_names(&report));
    holder.tell();
    assert!(holder.status().success() && waiter.status().success());
}

#[test]
fn the_page_has_every_state_and_every_field() {
    let (page, source) = (text("docs/status-json.md"), text("slocket-cli/src/known.rs"));
    let within = |opening: &str| {
        let rest = source.split(&format!("{opening} {{\n")).nth(1).unwrap_or_else(|| panic!("no {opening}"));
        let lines: Vec<_> = rest.split("\n}").next().expect("a text").lines().map(str::trim).collect();
        lines.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let states: Vec<_> =
        within("enum State").iter().filter_map(|line| Some(line.strip_suffix(',')?.to_lowercase())).collect();
    assert!(states.len() >= 8, "{states:?}");
    let mut fields = Vec::new();
    for owner in ["struct Report", "struct Owner", "struct Party", "struct Share", "struct Sharer"] {
        let lines = within(owner);
        for (n, line) in lines.iter().enumerate() {
            let is_written = n == 0 || !["#[serde(skip)]", "#[serde(flatten)]"].contains(&lines[n - 1].as_str());
            if let (true, Some((name, _))) =
                (is_written, line.strip_prefix("pub(crate) ").and_then(|line| line.split_once(':')))
            {
                fields.push(name.to_owned());
            }
        }
    }
    assert!(fields.len() >= 19, "{fields:?}");
    let missing: Vec<_> =
        states.iter().chain(&fields).filter(|name| !page.contains(&format!("| `{name}` |"))).collect();
    assert!(missing.is_empty(), "not in docs/status-json.md: {missing:?}");
}
