//! The corpus of the target `files`, replayed; and walks at random.

mod corpus;

use std::fs;

use fuzz_bodies::{files, walked_files};
use model::files::PLANTED;

#[test]
fn no_promise_is_broken() {
    corpus::replay("files", files);
}

/// The regressions are named after planted bugs: each walk meets its bug, where that is planted.
#[test]
fn each_regression_meets_the_bug_that_it_is_named_after() {
    let kept = corpus::files("regressions", "files");
    assert!(kept.len() > PLANTED.len() / 2, "{} files", kept.len());
    for file in kept {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let planted = PLANTED.iter().find(|planted| format!("{:?}", planted.bug) == name).expect("a planted bug");
        let bytes = fs::read(&file).expect("it can be read");
        let (configuration, walk) = walked_files(Some(planted.bug), &bytes).expect("a configuration");
        let told = walk.verdict(&configuration).expect_err(&name);
        assert_eq!(walk.world.broken, Some(planted.breaks), "{name}: {told}");
    }
}

/// More processes, and more that goes wrong, than can be explored.
#[test]
fn no_walk_at_random_breaks_a_promise() {
    let mut chance = Chance(1);
    let mut steps = 0;
    for walk in 0..3_000 {
        let bytes: Vec<u8> = (0..400).map(|_| chance.byte()).collect();
        let (configuration, walked) = walked_files(None, &bytes).expect("a configuration");
        if let Err(broken) = walked.verdict(&configuration) {
            panic!("walk {walk}: {broken}");
        }
        steps += walked.trace.0.len();
    }
    println!("{steps} steps");
    assert!(steps > 100_000, "{steps} steps");
}

/// Numbers at random, the same in each run.
struct Chance(u64);

impl Chance {
    fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0.to_be_bytes()[0]
    }
}
