//! The facts of the model on another kernel, compared with the known differences.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::binaries::Binaries;
use super::differences::Difference;
use super::machine::Machine;
use crate::result::Result;

/// Asks for all facts, on tmpfs and in gVisor on the file system of the root folder, too; says what is not as expected.
pub(super) fn check(machine: &Machine, binaries: &Binaries) -> Result<Vec<String>> {
    let facts = binaries.test("model", "facts")?;
    let all = list(facts)?;
    let not_asked = machine.kernel.not_asked();
    for (fact, why) in not_asked {
        println!("not asked: {fact}, for {why}");
    }
    let asked: Vec<_> = all.into_iter().filter(|fact| !not_asked.iter().any(|(other, _)| other == fact)).collect();
    let mut faults = Vec::new();
    for (on, on_root) in [("/", true), ("/dev/shm", false)] {
        if on_root && !machine.kernel.has_root_of_its_own() {
            continue;
        }
        let differences = machine.kernel.differences(on_root);
        let skips: String = not_asked.iter().map(|(fact, _)| format!(" --skip {fact}")).collect();
        let script = format!("TMPDIR={on} '{}' --test-threads=1 --color=never{skips}", facts.display());
        let mut said = Vec::new();
        machine.run(&script, |line| said.push(line.to_owned()))?;
        let outcome = Outcome::of(&said);
        let found = outcome.compare(&asked, &differences);
        println!("on {on}: {} facts are as on this machine, {} are not", outcome.passed, outcome.failures.len());
        for difference in differences {
            println!("  {}", difference.what);
            difference.facts.iter().for_each(|fact| println!("      {fact}"));
        }
        found.iter().for_each(|fault| println!("  NOT AS EXPECTED: {fault}"));
        faults.extend(found.into_iter().map(|fault| format!("on {on}: {fault}")));
    }
    Ok(faults)
}

/// The names of all facts.
fn list(program: &Path) -> Result<Vec<String>> {
    let output = Command::new(program).args(["--list", "--format=terse"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_suffix(": test").map(str::to_owned)).collect();
    if names.is_empty() { Err(format!("{} lists no fact", program.display()).into()) } else { Ok(names) }
}

/// What a run came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    passed: usize,
    /// What each of those that failed said.
    failures: BTreeMap<String, String>,
}

impl Outcome {
    fn of(lines: &[String]) -> Self {
        let mut outcome = Self::default();
        // The last of these: a fact that runs alone shows another harness's words.
        let result = lines.iter().rev().find_map(|line| line.strip_prefix("test result: ")).unwrap_or_default();
        let words: Vec<_> = result.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        let passed = words.windows(2).find(|pair| pair[1] == "passed").and_then(|pair| pair[0].parse().ok());
        outcome.passed = passed.unwrap_or_default();
        let mut current = None;
        for line in lines {
            if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
                current = Some(name.to_owned());
            }
            if let Some(name) = &current {
                let said = outcome.failures.entry(name.clone()).or_default();
                said.push_str(line);
                said.push('\n');
            }
            if line == "failures:" {
                current = None;
            }
        }
        outcome
    }

    fn compare(&self, asked: &[String], differences: &[&Difference]) -> Vec<String> {
        let mut faults = Vec::new();
        let answers = self.passed + self.failures.len();
        if answers != asked.len() {
            faults.push(format!("{answers} facts answered, {} were asked", asked.len()));
        }
        for (fact, said) in &self.failures {
            match differences.iter().find(|difference| difference.facts.contains(&fact.as_str())) {
                None => faults.push(format!("{fact}, of which the table knows nothing: {said}")),
                Some(difference) if !said.contains(difference.fails_with) => {
                    faults.push(format!("{fact} fails, but not with {}: {said}", difference.fails_with));
                }
                Some(_) => {}
            }
        }
        for fact in differences.iter().flat_map(|difference| difference.facts) {
            if !self.failures.contains_key(*fact) {
                faults.push(format!(
                    "{fact} is as on this machine; xtask/src/kernels/differences.rs says that it is not"
                ));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "running 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest a::d ... FAILED\n\nfailures:\n\n\
        ---- a::c stdout ----\npanicked: NotConnected\n---- a::d stdout ----\npanicked: alone\nfailures:\n    a::d\n\
        test result: FAILED. 0 passed; 1 failed; 0 ignored\n\nfailures:\n    a::c\n    a::d\n\n\
        test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";

    fn faults(asked: &[&str], differences: &[Difference]) -> Vec<String> {
        let lines: Vec<_> = SAID.lines().map(str::to_owned).collect();
        let asked: Vec<_> = asked.iter().map(|&fact| fact.to_owned()).collect();
        Outcome::of(&lines).compare(&asked, &differences.iter().collect::<Vec<_>>())
    }

    fn difference(fails_with: &'static str, facts: &'static [&'static str]) -> Difference {
        Difference { what: "", fails_with, facts }
    }

    #[test]
    fn a_table_that_is_right_finds_no_fault() {
        let differences = [difference("NotConnected", &["a::c"]), difference("alone", &["a::d"])];
        assert_eq!(faults(&["a::b", "a::c", "a::d"], &differences), [""; 0]);
    }

    #[test]
    fn what_is_otherwise_is_a_fault() {
        let differences = [difference("NotConnected", &["a::b", "a::d"])];
        let faults = faults(&["a::b", "a::c", "a::d", "a::e"], &differences);
        let begins = [
            "3 facts answered, 4 were asked",
            "a::c, of which the table knows nothing",
            "a::d fails, but not with NotConnected",
            "a::b is as on this machine",
        ];
        assert_eq!(faults.len(), begins.len(), "{faults:?}");
        for (fault, begin) in faults.iter().zip(begins) {
            assert!(fault.starts_with(begin), "{fault}");
        }
    }
}
