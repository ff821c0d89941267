//! What must be true of the storm of shares, each checked against what happened.

use std::collections::BTreeMap;

use super::plan::{Figures, Plan};
use super::report::Hold;
use super::witness::What;
use crate::adapter::Adapter;
use crate::storm::{Claim, grouped, listed};

/// Checks all claims.
#[must_use]
pub fn claims(plan: &Plan, figures: &Figures) -> Vec<Claim> {
    let holds = &figures.report.holds;
    let cut_short = holds.iter().filter(|hold| hold.end.is_none()).count();
    let [timed_out, cancelled, would_block] = figures.in_vain.map(grouped);
    vec![
        Claim {
            holds: holds.len() as u64 >= plan.acquisitions && figures.killed > 0 && cut_short > 0,
            text: format!(
                "{} acquisitions ({} or more): {}; {} time-outs, {} cancels, {} tries in vain",
                grouped(holds.len()),
                grouped(plan.acquisitions),
                kinds(holds),
                timed_out,
                cancelled,
                would_block
            ),
        },
        Claim {
            holds: figures.killed > 0 && cut_short > 0 && figures.orphans > 0,
            text: format!(
                "{} SIGKILLs, {cut_short} of them of a process that had something; {} tools killed whose command held on; {} stood still",
                grouped(figures.killed),
                figures.orphans,
                figures.stops
            ),
        },
        listed(
            "every runtime and the tool took the lock, a shared lock, a slot; every runtime downgraded",
            &absent(holds),
        ),
        counted(
            "holders of the lock beside another or a share, slots had twice or beyond the number, by the intervals",
            &figures.report.intervals,
        ),
        counted("of these by the counters", &figures.report.counters),
        counted(
            &format!(
                "processes stuck, dead by themselves or refused, descriptors left, files left in {} lulls",
                figures.lulls
            ),
            &figures.violations,
        ),
    ]
}

fn counted(what: &str, found: &[String]) -> Claim {
    listed(&format!("{} {what}", found.len()), found)
}

/// How often each kind was had.
fn kinds(holds: &[Hold]) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for hold in holds {
        *kinds.entry(kind(hold.what)).or_default() += 1;
    }
    kinds.iter().map(|(kind, count)| format!("{} {kind}", grouped(count))).collect::<Vec<_>>().join(", ")
}

fn kind(what: What) -> &'static str {
    match what {
        What::Lock => "lock",
        What::Shared => "shared",
        What::Downgraded => "downgraded",
        What::Slot { .. } => "slot",
    }
}

/// Kinds of holders that never had one of the kinds of things.
fn absent(holds: &[Hold]) -> Vec<String> {
    let mut absent = Vec::new();
    for who in Adapter::OURS.map(Adapter::name).into_iter().chain(["run"]) {
        for what in ["lock", "shared", "slot", "downgraded"] {
            let of = |hold: &Hold| hold.who.rsplit_once('-').is_some_and(|(kind, _)| kind == who);
            if (who, what) != ("run", "downgraded") && !holds.iter().any(|hold| of(hold) && kind(hold.what) == what) {
                absent.push(format!("{who} never had: {what}"));
            }
        }
    }
    absent
}
