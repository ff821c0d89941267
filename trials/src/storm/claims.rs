//! What must be true of a storm, each checked against what happened.

use super::figures::Figures;
use super::plan::{Phase, Plan, Site};
use super::table::grouped;
use crate::adapter::Adapter;

/// One sentence, and whether it is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// It is true.
    pub holds: bool,
    /// The sentence.
    pub text: String,
}

/// So many acquisitions and kills a second are the least, else it was no storm. (A tenth of what two slow processors do.)
const LEAST: (f64, f64) = (100.0, 1.5);
/// Jain's index of those that lived throughout is at least this. (They have different runtimes and stand still by chance.)
const FAIR: f64 = 0.5;

/// Checks all claims.
#[must_use]
pub fn claims(plan: &Plan, all: &[Figures]) -> Vec<Claim> {
    let sum = |count: fn(&Figures) -> u64| all.iter().map(count).sum::<u64>();
    let least = [LEAST.0, LEAST.1].map(|rate| plan.time.as_secs_f64() * plan.pace * rate);
    let (acquired, killed, holders) = (sum(Figures::acquired), sum(Figures::killed), sum(|f| f.holders_killed));
    let mut claims = vec![
        Claim {
            holds: acquired as f64 >= least[0] && killed as f64 >= least[1] && holders > 0,
            text: format!(
                "{} acquisitions ({:.0} or more), {} SIGKILLs ({:.0} or more), {} of them of a holder",
                grouped(acquired),
                least[0],
                grouped(killed),
                least[1],
                grouped(holders)
            ),
        },
        all_empty("second holders", all, |f| f.overlaps.iter().map(|pair| format!("{pair:?}")).collect()),
        all_empty("lost updates of the counter", all, |f| f.miscounts.iter().map(|hold| format!("{hold:?}")).collect()),
        all_empty("processes stuck, dead by themselves, or refused", all, |f| f.violations.clone()),
        human(all),
        fair(all),
        all_empty("descriptors left in processes that lived throughout", all, descriptors),
        all_empty("files left on disk, or names left taken", all, |f| f.leftovers.clone()),
    ];
    // Of little that happens, not everything does.
    if plan.pace >= 1.0 {
        let orphans = sum(|f| f.orphans);
        let text = format!("{orphans} commands held on when their tool was killed, and held alone");
        claims.extend([everybody(all), Claim { holds: orphans > 0, text }]);
    }
    claims
}

/// Every adapter has acquired, and every one that may be killed was.
fn everybody(all: &[Figures]) -> Claim {
    let mut idle = Vec::new();
    for figures in all {
        let steady = figures.phase.steady().into_iter().map(Adapter::name);
        let missing = steady.filter(|kind| !figures.acquisitions.contains_key(*kind));
        idle.extend(missing.map(|kind| format!("{kind} never held ({})", at(figures))));
    }
    for adapter in Adapter::OURS.map(Adapter::name) {
        if !all.iter().any(|figures| figures.kills.contains_key(adapter)) {
            idle.push(format!("{adapter} was never killed"));
        }
    }
    // How often the tool's turn comes is chance, and so is which process is killed.
    for site in ["at a path", "at an abstract name", "in a file"] {
        let is_there = |figures: &&Figures| match figures.site {
            Site::On(_) => site == "at a path",
            Site::Name => site == "at an abstract name",
            Site::File => site == "in a file",
        };
        let figures: Vec<_> = all.iter().filter(is_there).collect();
        if figures.is_empty() {
            continue;
        }
        if !figures.iter().any(|figures| figures.acquisitions.contains_key("run")) {
            idle.push(format!("the tool never held {site}"));
        }
        if !figures.iter().any(|figures| figures.acquisitions.contains_key("fork")) {
            idle.push(format!("no forked child ever held {site}"));
        }
        if figures.iter().all(|figures| figures.holders_killed == 0) {
            idle.push(format!("no holder was killed {site}"));
        }
    }
    let is_npm_about = all.iter().any(|figures| figures.phase != Phase::Ours);
    let who = if is_npm_about {
        "every runtime, forked children, the tool and npm's package"
    } else {
        "every runtime, forked children and the tool"
    };
    listed(&format!("{who} took part"), &idle)
}

/// Only where any process is killed, including npm's, the lock may be lost.
fn human(all: &[Figures]) -> Claim {
    let mild = all.iter().filter(|figures| figures.phase != Phase::Anything);
    let helped: u64 = mild.map(|figures| figures.human).sum();
    let wild: u64 = all.iter().map(|figures| figures.human).sum::<u64>() - helped;
    let text = if all.iter().any(|figures| figures.phase == Phase::Anything) {
        format!("a human was needed never; {wild} times where npm's processes and lenders were killed")
    } else {
        "a human was needed never".to_owned()
    };
    Claim { holds: helped == 0, text }
}

fn fair(all: &[Figures]) -> Claim {
    // (Of processes at a file no order is promised.)
    let least = all.iter().filter(|figures| figures.site != Site::File).map(Figures::fairness).fold(1.0, f64::min);
    Claim { holds: least >= FAIR, text: format!("fairness {least:.3} at least ({FAIR} or more)") }
}

/// What a runtime opens lazily was open after the first rounds: none may have more.
fn descriptors(figures: &Figures) -> Vec<String> {
    figures.descriptors.iter().filter(|(_, more)| **more > 0).map(|(who, more)| format!("{who}: {more} more")).collect()
}

fn all_empty(what: &str, all: &[Figures], list: impl Fn(&Figures) -> Vec<String>) -> Claim {
    let found: Vec<String> = all
        .iter()
        .flat_map(|figures| list(figures).into_iter().map(|item| format!("{}: {item}", at(figures))))
        .collect();
    listed(&format!("{} {what}", found.len()), &found)
}

/// True if nothing speaks against it; else with the first few things that do.
pub(crate) fn listed(text: &str, against: &[String]) -> Claim {
    const SHOWN: usize = 10;
    let mut text = text.to_owned();
    for line in against.iter().take(SHOWN) {
        text += &format!("\n     {line}");
    }
    if against.len() > SHOWN {
        text += &format!("\n     and {} more", against.len() - SHOWN);
    }
    Claim { holds: against.is_empty(), text }
}

fn at(figures: &Figures) -> String {
    format!("{}, {}", figures.phase.name(), figures.site.name())
}
