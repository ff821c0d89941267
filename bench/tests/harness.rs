//! That the harness measures at all: no time is asserted.

use std::path::Path;
use std::process::{Command, Output};

/// The measures, and a row that each must have.
const MEASURES: [(&str, &str); 12] = [
    ("Uncontended: acquire and release", "floor: the bare system calls"),
    ("Handoff between processes", "std File::lock"),
    ("Fairness", "slocket-tokio"),
    ("Throughput", "O_EXCL file, polled at 1 ms"),
    ("From an idle retainer", "floor: the barest passing on"),
    ("Many tasks of one process", "slocket-tokio, clones of one handle"),
    ("What a waiter costs", "flock(1)"),
    ("Recovery", "not within"),
    ("Readers and a writer", "std File::lock_shared"),
    ("Semaphore", "4 flock files, tried at 1 ms"),
    ("Pound", "5 and 5 of 5"),
    ("Command line", "slocket run"),
];

fn bench(out: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slocket-bench"));
    command.args(["run", "--tiny", "--out"]).arg(out).args(arguments);
    command.output().expect("the harness")
}

#[test]
fn every_measure_writes_its_rows_and_plots() {
    let out = tempfile::tempdir().expect("a folder");
    let output = bench(out.path(), &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let document = std::fs::read_to_string(out.path().join("benchmarks.md")).unwrap_or_default();
    assert!(output.status.success(), "{told}\n{document}");
    for (title, row) in MEASURES {
        let section = document.split(&format!("\n## {title}\n")).nth(1).unwrap_or_else(|| panic!("no {title}"));
        let section = section.split("\n## ").next().unwrap_or_default();
        assert!(section.contains(row), "{title} has no row {row:?}: {section}");
    }
    assert!(!document.contains("NaN") && !document.contains("inf×"), "{document}");
    for plot in ["uncontended-tmpfs-new.svg", "handoff-2.svg", "throughput.svg", "readers.svg"] {
        let svg = std::fs::read_to_string(out.path().join("benchmarks").join(plot)).expect(plot);
        assert!(svg.contains("slocket") && svg.contains("</svg>"), "{plot}");
    }
}

#[test]
fn a_measure_that_does_not_run_is_a_failure() {
    let out = tempfile::tempdir().expect("a folder");
    let tool = out.path().join("slocket-bench");
    // Where the tool is not beside it.
    std::fs::copy(env!("CARGO_BIN_EXE_slocket-bench"), &tool).expect("a copy");
    let mut command = Command::new(&tool);
    command.args(["run", "--tiny", "--only", "command-line", "--out"]).arg(out.path());
    let output = command.output().expect("the harness");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("is not built"), "{told}");
}
