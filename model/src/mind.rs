//! The machine of a participant, as a number: each machine that comes about is kept once.
//!
//! Worlds are many and machines are few, and what a machine makes of an event is always the same: so both are remembered.

use std::cell::RefCell;
use std::fmt;
use std::hash::BuildHasher;
use std::marker::PhantomData;

use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap};
use slocket_core::{Call, Event, Hints, Machine, Misuse, Name, Platform, Report, Step, Wait};

use crate::objects::Number;

/// A machine. (Numbers are this thread's: no mind leaves it.)
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mind {
    number: u32,
    stays_here: PhantomData<*const ()>,
}

thread_local! {
    static MINDS: RefCell<Minds> = RefCell::new(Minds::new());
}

struct Minds {
    machines: IndexSet<Machine, FxBuildHasher>,
    about: Vec<About>,
    told: FxHashMap<(u32, Event), (u32, Option<Report>)>,
}

/// What of a machine is asked for again and again.
#[derive(Clone, Copy)]
struct About {
    asked: Option<Call>,
    wait: Wait,
    is_held: bool,
    is_shared: bool,
    cleans_up: bool,
    is_background: bool,
    is_lingering: bool,
    /// What is left of the machine without the numbers of inodes.
    shape: u64,
    inodes: [Option<Number>; 4],
    knows_temporary: bool,
}

impl Minds {
    fn new() -> Self {
        let mut minds = Self { machines: IndexSet::default(), about: Vec::new(), told: FxHashMap::default() };
        minds.put(Machine::new(Platform::default(), Hints::default()));
        minds
    }

    fn put(&mut self, machine: Machine) -> u32 {
        let (number, is_new) = self.machines.insert_full(machine);
        if is_new {
            self.about.push(About::of(machine));
        }
        u32::try_from(number).expect("fewer machines")
    }
}

impl About {
    fn of(mut machine: Machine) -> Self {
        let mut inodes = [None; 4];
        let mut free = inodes.iter_mut();
        machine.for_each_inode(|inode| {
            *free.next().expect("it remembers four at most") = Some(inode.number as Number);
            inode.number = 0;
        });
        let shape = FxBuildHasher.hash_one(machine);
        Self {
            asked: machine.asked(),
            wait: machine.wait(),
            is_held: machine.is_held(),
            is_shared: machine.is_shared(),
            cleans_up: machine.cleans_up(),
            is_background: machine.is_background(),
            is_lingering: machine.is_lingering(),
            shape,
            inodes,
            knows_temporary: machine.knows(Name::Temporary),
        }
    }
}

impl Default for Mind {
    /// A machine that has not been asked for anything.
    fn default() -> Self {
        Self { number: 0, stays_here: PhantomData }
    }
}

impl fmt::Debug for Mind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.machine().fmt(f)
    }
}

impl Mind {
    pub(crate) fn new(machine: Machine) -> Self {
        Self { number: MINDS.with_borrow_mut(|minds| minds.put(machine)), stays_here: PhantomData }
    }

    /// The machine itself.
    #[must_use]
    pub fn machine(self) -> Machine {
        MINDS.with_borrow(|minds| *minds.machines.get_index(self.number as usize).expect("it was kept"))
    }

    fn about(self) -> About {
        MINDS.with_borrow(|minds| minds.about[self.number as usize])
    }

    /// Tells the machine an event; returns what it reports.
    pub(crate) fn tell(&mut self, event: Event) -> Result<Option<Report>, Misuse> {
        let key = (self.number, event);
        if let Some((number, report)) = MINDS.with_borrow(|minds| minds.told.get(&key).copied()) {
            self.number = number;
            return Ok(report);
        }
        let mut machine = self.machine();
        let report = match machine.handle(event)? {
            Step::Report(report, _) => Some(report),
            Step::Call(_) | Step::Wait(_) => None,
        };
        machine.forget_counts();
        *self = Self::new(machine);
        MINDS.with_borrow_mut(|minds| minds.told.insert(key, (self.number, report)));
        Ok(report)
    }

    /// The call whose result it waits for.
    pub(crate) fn asked(self) -> Option<Call> {
        self.about().asked
    }

    pub(crate) fn is_idle(self) -> bool {
        self == Self::default()
    }

    pub(crate) fn is_held(self) -> bool {
        self.about().is_held
    }

    pub(crate) fn is_shared(self) -> bool {
        self.about().is_shared
    }

    pub(crate) fn cleans_up(self) -> bool {
        self.about().cleans_up
    }

    pub(crate) fn is_background(self) -> bool {
        self.about().is_background
    }

    pub(crate) fn is_lingering(self) -> bool {
        self.about().is_lingering
    }

    /// What it waits for.
    pub(crate) fn wait(self) -> Wait {
        self.about().wait
    }

    /// The inodes that it remembers, whether or not they are in use still.
    pub(crate) fn inodes(self) -> impl Iterator<Item = Number> {
        self.about().inodes.into_iter().flatten()
    }

    /// Whether it can still ask for a call about the temporary name that was drawn.
    pub(crate) fn knows_temporary(self) -> bool {
        self.about().knows_temporary
    }

    /// The inode of its listener, or of the server that it is connected to.
    pub(crate) fn inode(self) -> Option<Number> {
        self.machine().inode().map(|inode| inode.number as Number)
    }

    /// What tells it from others, whatever the inodes are called.
    pub(crate) fn shape(self) -> u64 {
        self.about().shape
    }

    /// The same machine, of inodes with other numbers.
    pub(crate) fn renamed(self, mut new: impl FnMut(Number) -> Number) -> Self {
        if self.inodes().all(|number| new(number) == number) {
            return self;
        }
        let mut machine = self.machine();
        machine.for_each_inode(|inode| inode.number = u64::from(new(inode.number as Number)));
        Self::new(machine)
    }
}
