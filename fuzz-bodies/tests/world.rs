//! The corpus of the target `world`, replayed.

mod corpus;

use std::fs;

use fuzz_bodies::walked;
use model::PLANTED;

#[test]
fn no_promise_is_broken() {
    corpus::replay("world", fuzz_bodies::world);
}

/// The regressions are named after planted bugs: each walk meets its bug, where that is planted. (So they are the first to
/// meet it should it ever be made, and good seeds.)
#[test]
fn each_regression_meets_the_bug_that_it_is_named_after() {
    let files = corpus::files("regressions", "world");
    assert!(files.len() > PLANTED.len() / 3, "{} files", files.len());
    for file in files {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let planted = PLANTED.iter().find(|planted| format!("{:?}", planted.bug) == name).expect("a planted bug");
        let (configuration, walk) =
            walked(Some(planted.bug), &fs::read(&file).expect("it can be read")).expect("a configuration");
        let told = walk.verdict(&configuration).expect_err(&name);
        assert_eq!(walk.broken, Some(planted.breaks), "{name}: {told}");
    }
}
