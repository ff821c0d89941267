//! What runs on the other kernels: built once, here.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::Value;

use crate::command::cargo;
use crate::result::Result;

/// The paths of what was built.
pub(super) struct Binaries {
    tests: BTreeMap<String, String>,
    programs: BTreeMap<String, String>,
}

/// The tests that run there.
const TESTS: [&str; 3] = ["facts", "exclusion", "threads"];

impl Binaries {
    /// Builds all of it.
    pub(super) fn build() -> Result<Self> {
        // With the features that the whole workspace has, as everything else is built.
        let mut command = cargo(&["build", "--workspace", "--message-format=json-render-diagnostics", "--bins"]);
        for test in TESTS {
            command.args(["--test", test]);
        }
        let output = command.stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err("cargo build failed".into());
        }
        let (mut tests, mut programs) = (BTreeMap::new(), BTreeMap::new());
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let message: Value = serde_json::from_str(line)?;
            if let (Some(path), Some(name)) = (message["executable"].as_str(), message["target"]["name"].as_str()) {
                let is_test = message["profile"]["test"] == true;
                let list = if is_test { &mut tests } else { &mut programs };
                list.insert(name.to_owned(), path.to_owned());
            }
        }
        println!("{} tests, {} programs", tests.len(), programs.len());
        Ok(Self { tests, programs })
    }

    /// The path of a test.
    pub(super) fn test(&self, name: &str) -> &str {
        self.tests.get(name).unwrap_or_else(|| panic!("{name} is among TESTS"))
    }

    /// The path of this program.
    pub(super) fn xtask(&self) -> &str {
        self.programs.get("xtask").expect("it is of this workspace")
    }
}
