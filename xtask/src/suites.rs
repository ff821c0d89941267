//! The test programs of the workspace. Cargo builds them once, all with the same features, and xtask runs them: a selection of
//! packages has features of its own, and cargo would build most of the workspace again for each. A program can also run in the
//! background, beside others.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command::{announce, cargo, root};
use crate::result::Result;

/// A test program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suite {
    /// The package that it is of.
    pub(crate) package: String,
    /// The name of a file in `tests`, or of the library or program whose unit tests it has.
    pub(crate) name: String,
    /// These are unit tests.
    pub(crate) is_unit_tests: bool,
    /// Its source, as its package says it.
    source: String,
    folder: PathBuf,
    pub(crate) program: PathBuf,
}

/// What was built.
pub(crate) struct Built {
    /// All test programs, by package and name.
    pub(crate) suites: Vec<Suite>,
    /// This program.
    pub(crate) xtask: PathBuf,
}

/// Builds everything, since trials also run the tool and the examples.
pub(crate) fn build() -> Result<Built> {
    let mut command = cargo(&["build", "--workspace", "--all-targets", "--message-format=json-render-diagnostics"]);
    announce(&command);
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("cargo build failed".into());
    }
    let messages = String::from_utf8(output.stdout)?;
    let messages: Vec<Value> = messages.lines().map(serde_json::from_str).collect::<serde_json::Result<_>>()?;
    let xtask = messages.iter().filter(|message| message["target"]["name"] == "xtask" && !is_test(message));
    let xtask = xtask.filter_map(|message| message["executable"].as_str()).next().ok_or("cargo names no xtask")?;
    let mut suites: Vec<_> = messages.iter().filter_map(suite).collect();
    let key = |suite: &Suite| (suite.package.clone(), !suite.is_unit_tests, suite.name.clone());
    suites.sort_by_key(key);
    suites.dedup();
    Ok(Built { suites, xtask: xtask.into() })
}

impl Built {
    /// The suite of a package that has this name in `tests`.
    pub(crate) fn test(&self, package: &str, name: &str) -> Result<&Suite> {
        let found =
            self.suites.iter().find(|suite| suite.package == package && suite.name == name && !suite.is_unit_tests);
        found.ok_or_else(|| format!("{package} has no tests/{name}").into())
    }
}

fn is_test(message: &Value) -> bool {
    message["profile"]["test"] == true
}

/// The test program that cargo says it has built.
fn suite(message: &Value) -> Option<Suite> {
    let program = message["executable"].as_str().filter(|_| is_test(message))?;
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
    let target = &message["target"];
    let source = Path::new(target["src_path"].as_str()?);
    Some(Suite {
        package: folder.file_name()?.to_string_lossy().into_owned(),
        name: target["name"].as_str()?.to_owned(),
        is_unit_tests: target["kind"].as_array()?.iter().any(|kind| kind == "lib" || kind == "bin"),
        source: source.strip_prefix(folder).unwrap_or(source).to_string_lossy().into_owned(),
        folder: folder.to_owned(),
        program: program.into(),
    })
}

impl Suite {
    /// Names the program, in cargo's words.
    pub(crate) fn announced(&self) -> String {
        let what = if self.is_unit_tests { "unittests " } else { "" };
        let program = self.program.strip_prefix(root()).unwrap_or(&self.program);
        format!("     Running {what}{} ({})", self.source, program.display())
    }

    /// What selects it in its package, for cargo.
    pub(crate) fn selected(&self) -> String {
        match (self.is_unit_tests, &*self.source) {
            (true, "src/lib.rs") => "--lib".to_owned(),
            (true, _) => format!("--bin {}", self.name),
            (false, _) => format!("--test {}", self.name),
        }
    }

    /// Runs it as cargo would.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        self.prepare(&mut command);
        command
    }

    /// Runs it while a processor is idle, so that it hardly disturbs what the trials measure.
    pub(crate) fn command_when_idle(&self) -> Command {
        let mut command = Command::new("chrt");
        command.args(["--idle", "0"]).arg(&self.program);
        self.prepare(&mut command);
        command
    }

    fn prepare(&self, command: &mut Command) {
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::Report;

    fn message(kind: &str, source: &str, is_test: bool) -> Value {
        json!({
            "reason": "compiler-artifact",
            "manifest_path": "/workspace/some/Cargo.toml",
            "target": { "kind": [kind], "name": "thing", "src_path": format!("/workspace/some/{source}") },
            "profile": { "test": is_test },
            "executable": "/workspace/target/debug/deps/thing-0123456789abcdef",
        })
    }

    #[test]
    fn a_suite_is_announced_as_the_report_wants_it() {
        for (kind, source, name) in
            [("test", "tests/thing.rs", "  thing  "), ("lib", "src/lib.rs", "  thing, unit tests  ")]
        {
            let suite = suite(&message(kind, source, true)).expect("a suite");
            assert_eq!((&*suite.package, suite.folder.as_path()), ("some", Path::new("/workspace/some")));
            let mut report = Report::default();
            report.see(&suite.announced());
            report.see("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
            assert!(report.to_string().contains(name), "{report}");
        }
    }

    #[test]
    fn a_program_beside_the_tests_is_not_a_suite() {
        assert_eq!(suite(&message("bin", "src/main.rs", false)), None);
        let mut library = message("lib", "src/lib.rs", false);
        library["executable"] = Value::Null;
        assert_eq!(suite(&library), None);
        assert_eq!(suite(&json!({ "reason": "build-finished", "success": true })), None);
    }
}
