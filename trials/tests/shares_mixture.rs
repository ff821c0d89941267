//! One lock, and every kind of holder: processes of every runtime and of the tool, killed at random, under two witnesses. `cargo
//! xtask shares` does the same for longer.

use trials::sharing::{Plan, claims, run};
use trials::tell;

const ACQUISITIONS: u64 = 3000;

#[test]
fn processes_of_every_runtime_and_the_tool() {
    rage(false);
}

#[test]
fn processes_of_every_runtime_and_the_tool_at_a_file() {
    rage(true);
}

fn rage(in_file: bool) {
    let plan = Plan { acquisitions: ACQUISITIONS, seed: u64::from(std::process::id()), slots: 3, in_file };
    let figures = run(&plan);
    tell(format!("shares: seed {}, {:.1} s:", plan.seed, figures.raged.as_secs_f64()));
    let claims = claims(&plan, &figures);
    for claim in &claims {
        tell(format!("shares: {}{}", if claim.holds { "" } else { "NOT TRUE: " }, claim.text));
    }
    assert!(claims.iter().all(|claim| claim.holds), "a claim does not hold");
}
