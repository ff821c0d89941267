//! What the test binaries said, counted and named.

use std::fmt;

/// What stands between the name of a test that could not be run and the reason.
const SKIPPED: &str = ": SKIPPED: ";

/// How the name of a suite ends that consists of doctests.
const DOCTESTS: &str = ", doctests";

/// How many names of tests are shown that could not be run for the same reason.
const FEW: usize = 3;

/// The outcome of all test binaries that were followed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    suites: Vec<Suite>,
    failed: Vec<String>,
    skipped: Vec<Skipped>,
    listing_failures: bool,
    variant: Option<String>,
}

/// A test that could not be run.
#[derive(Debug, PartialEq, Eq)]
struct Skipped {
    /// How many suites there were, its own included: in another one it is another test.
    suites: usize,
    name: String,
    reason: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Suite {
    name: String,
    passed: usize,
    failed: usize,
    /// Of those that the harness calls passed.
    skipped: usize,
    finished: bool,
}

impl Suite {
    fn passed(&self) -> usize {
        self.passed.saturating_sub(self.skipped)
    }

    fn is_doctests(&self) -> bool {
        self.name.ends_with(DOCTESTS)
    }
}

impl Report {
    /// Names what the binaries that follow are run with, where they are run more than once.
    pub(crate) fn set_variant(&mut self, variant: Option<&str>) {
        self.variant = variant.map(str::to_owned);
    }

    /// Takes in one line of what `cargo test` prints.
    pub(crate) fn see(&mut self, line: &str) {
        let words = line.trim();
        if let Some((name, reason)) = words.split_once(SKIPPED) {
            // Run one at a time, a test has the main thread's name; the harness has just printed its own.
            let name = name.strip_prefix("test ").and_then(|name| name.split(" ... ").next()).unwrap_or(name);
            if self.skip(name, reason)
                && let Some(suite) = self.suites.last_mut()
            {
                suite.skipped += 1;
            }
        }
        if let Some(suite) = suite(words) {
            self.begin(&suite);
        } else if let Some(result) = words.strip_prefix("test result: ") {
            self.finish(result);
        } else if let Some(test) = words.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ignored")) {
            self.skip(test.0, &format!("ignored{}", test.1));
        } else if words == "failures:" {
            self.listing_failures = true;
        } else if self.listing_failures && line.starts_with("    ") && !words.contains(char::is_whitespace) {
            self.fail(words);
        } else if !words.is_empty() {
            self.listing_failures = false;
        }
    }

    /// Counts a binary that ended without a result, or anything else that went wrong outside a test.
    pub(crate) fn fail(&mut self, what: &str) {
        let what = self.with_variant(what);
        if !self.failed.contains(&what) {
            self.failed.push(what);
        }
    }

    /// Counts one test outside cargo's test binaries.
    pub(crate) fn add(&mut self, name: &str, passed: bool) {
        self.begin(name);
        self.finish(if passed { "1 passed" } else { "0 passed; 1 failed" });
        if !passed {
            self.fail(name);
        }
    }

    /// How many tests passed.
    pub(crate) fn passed(&self) -> usize {
        self.suites.iter().map(Suite::passed).sum()
    }

    /// How many tests failed, with whatever broke off.
    pub(crate) fn failed(&self) -> usize {
        let counted = self.suites.iter().map(|suite| suite.failed + usize::from(!suite.finished)).sum();
        self.failed.len().max(counted)
    }

    /// How many tests could not be run.
    pub(crate) fn skipped(&self) -> usize {
        self.skipped.len()
    }

    /// Counts a test that could not be run. False if it is counted already: a test may say so of each of its parts.
    pub(crate) fn skip(&mut self, name: &str, reason: &str) -> bool {
        let (suites, name, reason) = (self.suites.len(), self.with_variant(name), reason.to_owned());
        let new = !self.skipped.iter().any(|other| other.suites == suites && other.name == name);
        if new {
            self.skipped.push(Skipped { suites, name, reason });
        }
        new
    }

    /// The reasons in the order in which they came, each with the names of its tests.
    fn skipped_by_reason(&self) -> Vec<(&str, Vec<&str>)> {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for skipped in &self.skipped {
            match reasons.iter_mut().find(|(reason, _)| *reason == skipped.reason) {
                Some((_, names)) => names.push(&skipped.name),
                None => reasons.push((&skipped.reason, vec![&skipped.name])),
            }
        }
        reasons
    }

    fn with_variant(&self, what: &str) -> String {
        match &self.variant {
            Some(variant) => format!("{variant}: {what}"),
            None => what.to_owned(),
        }
    }

    fn begin(&mut self, name: &str) {
        let name = match &self.variant {
            Some(variant) => format!("{name}, with {variant}"),
            None => name.to_owned(),
        };
        self.suites.push(Suite { name, ..Suite::default() });
    }

    fn finish(&mut self, result: &str) {
        let count = |what: &str| {
            let words: Vec<_> = result.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
            words.windows(2).find(|pair| pair[1] == what).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
        };
        let (passed, failed) = (count("passed"), count("failed"));
        match self.suites.last_mut() {
            // Doctests of one crate may end with two results, of those that were merged and of the rest.
            Some(suite) if suite.finished && suite.is_doctests() => {
                suite.passed += passed;
                suite.failed += failed;
            }
            // A test that runs its own binary may show another result before the one that counts.
            Some(suite) => {
                suite.passed = passed;
                suite.failed = failed;
                suite.finished = true;
            }
            None => {
                self.begin("unnamed");
                self.finish(result);
            }
        }
    }
}

/// The name of the test binary that the line announces.
fn suite(words: &str) -> Option<String> {
    if let Some(name) = words.strip_prefix("Doc-tests ") {
        return Some(format!("{name}{DOCTESTS}"));
    }
    let (source, binary) = words.strip_prefix("Running ")?.strip_suffix(')')?.split_once(" (")?;
    let binary = binary.rsplit('/').next()?;
    let (name, _hash) = binary.rsplit_once('-')?;
    Some(if source.starts_with("unittests") { format!("{name}, unit tests") } else { name.to_owned() })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for suite in self.suites.iter().filter(|suite| suite.passed + suite.failed > 0 || !suite.finished) {
            let remark = match suite {
                Suite { finished: false, .. } => "  BROKE OFF".to_owned(),
                Suite { failed: 0, .. } => String::new(),
                Suite { failed, .. } => format!("  {failed} FAILED"),
            };
            writeln!(f, "  {:40} {:5} passed{remark}", suite.name, suite.passed())?;
        }
        for (reason, names) in self.skipped_by_reason() {
            let tests = if names.len() == 1 { "test" } else { "tests" };
            writeln!(f, "  skipped  {reason}: {} {tests}", names.len())?;
            for name in names.iter().take(FEW) {
                writeln!(f, "             {name}")?;
            }
            if names.len() > FEW {
                writeln!(f, "             and {} more", names.len() - FEW)?;
            }
        }
        // Last, where they are seen.
        for name in &self.failed {
            writeln!(f, "  failed   {name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(lines: &[&str]) -> Report {
        let mut report = Report::default();
        lines.iter().for_each(|line| report.see(line));
        report
    }

    #[test]
    fn suites_are_named_and_counted() {
        let report = report(&[
            "     Running unittests src/lib.rs (target/debug/deps/slocket_core-0123456789abcdef)",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "     Running tests/interop.rs (target/debug/deps/interop-0123456789abcdef)",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "   Doc-tests slocket_sync",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ]);
        assert_eq!((report.passed(), report.failed(), report.skipped()), (16, 0, 0));
        let text = report.to_string();
        for name in ["slocket_core, unit tests", "interop ", "slocket_sync, doctests"] {
            assert!(text.contains(name), "{name} is missing in\n{text}");
        }
    }

    #[test]
    fn a_skipped_test_is_named_once() {
        let report = report(&[
            "     Running tests/interop.rs (target/debug/deps/interop-0123456789abcdef)",
            "test node_holds ... main: SKIPPED: Node is missing",
            "node_holds: SKIPPED: Node is missing",
            "test slow ... ignored, takes an hour",
            "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ]);
        // The harness calls the skipped one passed.
        assert_eq!((report.passed(), report.failed(), report.skipped()), (1, 0, 2));
        let text = report.to_string();
        assert!(text.contains("skipped  Node is missing: 1 test\n             node_holds\n"), "{text}");
        assert!(text.contains("skipped  ignored, takes an hour: 1 test\n             slow\n"), "{text}");
    }

    #[test]
    fn skipped_tests_are_grouped_by_reason_and_failures_come_last() {
        let mut lines = vec!["     Running tests/interop.rs (target/debug/deps/interop-0123456789abcdef)"];
        let skips: Vec<_> = (0..5).map(|test| format!("test{test}: SKIPPED: no Node")).collect();
        lines.extend(skips.iter().map(String::as_str));
        lines.extend(["test5: SKIPPED: no strace", "failures:", "    test6"]);
        lines.push("test result: FAILED. 6 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out");
        let report = report(&lines);
        assert_eq!((report.passed(), report.failed(), report.skipped()), (0, 1, 6));
        let (_, text) = report.to_string().split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let indent = " ".repeat(13);
        let expected = format!(
            "  skipped  no Node: 5 tests\n{indent}test0\n{indent}test1\n{indent}test2\n{indent}and 2 more\n  \
             skipped  no strace: 1 test\n{indent}test5\n  failed   test6\n"
        );
        assert_eq!(text, expected);
    }

    /// In each of two binaries a test of the same name is skipped: neither has passed.
    #[test]
    fn what_is_skipped_in_another_binary_is_another_test() {
        let report = report(&[
            "     Running tests/crash.rs (target/debug/deps/crash-0123456789abcdef)",
            "killed: SKIPPED: no strace",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "     Running tests/threads.rs (target/debug/deps/threads-0123456789abcdef)",
            "killed: SKIPPED: no strace",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ]);
        assert_eq!((report.passed(), report.failed(), report.skipped()), (0, 0, 2));
    }

    #[test]
    fn a_binary_that_runs_twice_is_named_and_counted_twice() {
        let mut report = Report::default();
        for variant in ["tokio", "smol"] {
            report.set_variant(Some(variant));
            for line in [
                "     Running tests/crash.rs (target/debug/deps/crash-0123456789abcdef)",
                "killed: SKIPPED: no strace",
                "failures:",
                "    storm",
                "test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            ] {
                report.see(line);
            }
        }
        assert_eq!((report.passed(), report.failed(), report.skipped()), (6, 2, 2));
        let text = report.to_string();
        for line in ["crash, with tokio ", "crash, with smol ", "failed   smol: storm", "             tokio: killed"] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn a_program_that_is_not_a_test_binary_counts_as_one_test() {
        let mut report = Report::default();
        report.add("storm", true);
        assert_eq!((report.passed(), report.failed()), (1, 0));
        report.add("flood", false);
        assert_eq!((report.passed(), report.failed()), (1, 1));
        assert!(report.to_string().contains("failed   flood"));
    }

    #[test]
    fn a_failed_test_is_named() {
        let report = report(&[
            "     Running tests/interop.rs (target/debug/deps/interop-0123456789abcdef)",
            "failures:",
            "",
            "---- tests::order stdout ----",
            "assertion failed",
            "",
            "failures:",
            "    tests::order",
            "",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ]);
        assert_eq!((report.passed(), report.failed()), (1, 1));
        assert!(report.to_string().contains("failed   tests::order"));
    }

    #[test]
    fn results_within_a_result_do_not_count() {
        let report = report(&[
            "     Running tests/bad_input.rs (target/debug/deps/bad_input-0123456789abcdef)",
            "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 80 filtered out; finished in 0.01s",
            "test result: FAILED. 80 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "   Doc-tests slocket_sync",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ]);
        assert_eq!((report.passed(), report.failed()), (83, 2));
    }

    #[test]
    fn a_binary_that_broke_off_counts_as_failed() {
        let report = report(&["     Running tests/storm.rs (target/debug/deps/storm-0123456789abcdef)", "test a ... "]);
        assert_eq!(report.failed(), 1);
        assert!(report.to_string().contains("BROKE OFF"));
    }
}
