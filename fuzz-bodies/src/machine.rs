//! One machine, told any events in any order.

mod due;
mod events;
mod ledger;

use slocket_core::{Actions, Event, Machine, Misuse};

use crate::machine::ledger::{Ledger, Meaning};

/// Tells a machine the events that the bytes stand for.
///
/// # Panics
/// If the machine does what the ledger does not allow, with all that came before.
pub fn machine(bytes: &[u8]) {
    let (mut machine, mut ledger, mut bytes) = (Machine::new(), Ledger::default(), bytes.iter().copied());
    let mut story = Vec::new();
    while let Some(event) = events::next(&ledger, &mut bytes) {
        let before = machine;
        let outcome = machine.handle(event);
        story.push((event, outcome));
        if let Err(rule) = check(&mut ledger, &before, &machine, event, outcome) {
            let lines: Vec<_> = story.iter().map(|(event, outcome)| format!("  {event:?}: {outcome:?}")).collect();
            panic!("{rule}\n{}\n  from {before:?}\n  to {machine:?}\n  {ledger:?}", lines.join("\n"));
        }
    }
}

fn check(
    ledger: &mut Ledger,
    before: &Machine,
    after: &Machine,
    event: Event,
    outcome: Result<Actions, Misuse>,
) -> Result<(), &'static str> {
    let actions = match (ledger.meaning(event), outcome) {
        (Meaning::Misuse, Ok(_)) => return Err("a misuse is taken"),
        (Meaning::Misuse, Err(misuse)) => {
            let is_told = misuse == Misuse { state: *before.state(), event };
            return if is_told && before == after { Ok(()) } else { Err("a misuse has changed something") };
        }
        (_, Err(_)) => return Err("a legal event is called a misuse"),
        (Meaning::Ignored, Ok(actions)) => {
            let is_ignored = actions.into_iter().next().is_none() && before == after;
            return if is_ignored { Ok(()) } else { Err("something is made of what does not matter") };
        }
        (Meaning::Remembered, Ok(actions)) => {
            if actions.into_iter().next().is_some() || before == after {
                return Err("what comes while a question is open is to be remembered, no more and no less");
            }
            actions
        }
        (Meaning::Matters, Ok(actions)) => actions,
    };
    ledger.step(event, actions)?;
    ledger.agrees(after.state())
}
