//! The machine of a process, as a number: each machine that comes about is kept once, and so is what it makes of an event.

use std::cell::RefCell;

use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap};
use slocket_core::file_lock::{Event, Machine, Misuse, Platform, Step};

/// A machine. (Numbers are this thread's.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Mind(u32);

#[derive(Default)]
struct Minds {
    machines: IndexSet<Machine, FxBuildHasher>,
    told: FxHashMap<(Mind, Event), (Mind, Step)>,
}

thread_local! {
    static MINDS: RefCell<Minds> = RefCell::default();
}

impl Minds {
    fn put(&mut self, mut machine: Machine) -> Mind {
        machine.forget_counts();
        Mind(u32::try_from(self.machines.insert_full(machine).0).expect("fewer machines"))
    }
}

impl Mind {
    pub(super) fn new(platform: Platform) -> Self {
        MINDS.with_borrow_mut(|minds| minds.put(Machine::new(platform)))
    }

    pub(super) fn machine(self) -> Machine {
        MINDS.with_borrow(|minds| minds.machines[self.0 as usize])
    }

    /// What it makes of that.
    pub(super) fn handle(self, event: Event) -> Result<(Self, Step), Misuse> {
        MINDS.with_borrow_mut(|minds| {
            if let Some(told) = minds.told.get(&(self, event)) {
                return Ok(*told);
            }
            let mut machine = minds.machines[self.0 as usize];
            let step = machine.handle(event)?;
            let told = (minds.put(machine), step);
            minds.told.insert((self, event), told);
            Ok(told)
        })
    }

    /// How many calls at most any machine of this thread can make from one rest to the next, whatever order of those results it meets: none
    /// if it can go round in a circle.
    pub(super) fn longest() -> Option<usize> {
        MINDS.with_borrow(|minds| {
            let mut after: Vec<Vec<u32>> = vec![Vec::new(); minds.machines.len()];
            let mut before = vec![0_u32; minds.machines.len()];
            for ((from, event), (to, _)) in &minds.told {
                if matches!(event, Event::Result(_)) {
                    after[from.0 as usize].push(to.0);
                    before[to.0 as usize] += 1;
                }
            }
            let mut longest = vec![0_usize; minds.machines.len()];
            let mut todo: Vec<u32> = (0..).zip(&before).filter(|(_, count)| **count == 0).map(|(at, _)| at).collect();
            let mut done = 0;
            while let Some(from) = todo.pop() {
                done += 1;
                for &to in &after[from as usize] {
                    longest[to as usize] = longest[to as usize].max(longest[from as usize] + 1);
                    before[to as usize] -= 1;
                    if before[to as usize] == 0 {
                        todo.push(to);
                    }
                }
            }
            (done == minds.machines.len()).then(|| longest.into_iter().max().unwrap_or(0))
        })
    }
}
