//! One state of everything.

use slocket_core::Request;
use slocket_core::file_lock::Platform;

use super::configuration::{Configuration, Kind};
use super::mind::Mind;
use crate::broken::Broken;

/// How many processes there can be.
pub const PROCESSES: usize = 4;
/// The lock's name, that of the shared locks, and those of three slots.
pub(super) const NAMES: usize = 5;
/// How many files there can be at a time, with those that have no name any more.
const FILES: usize = 20;

/// The number of a file.
pub(super) type Number = u8;

/// One state of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct World {
    /// The first promise that was broken.
    pub broken: Option<Broken>,
    pub(super) names: [Option<Number>; NAMES],
    pub(super) files: [Option<Inode>; FILES],
    pub(super) processes: [Process; PROCESSES],
    pub(super) child: Option<Child>,
    pub(super) kills: u8,
    pub(super) stops: u8,
    pub(super) failures: u8,
    /// A process may still fork.
    pub(super) forks: bool,
    /// The path may still be removed by a person.
    pub(super) administrator: bool,
    /// A killed process may have left something, that no process has removed since.
    pub(super) is_dirty: bool,
}

/// A file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Inode {
    pub(super) kind: Kind,
    /// It was touched since a process has recorded itself in it.
    pub(super) is_touched: bool,
}

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Process {
    pub(super) mind: Mind,
    /// How much of its script is done.
    pub(super) at: u8,
    pub(super) is_alive: bool,
    /// The request that is not reported on yet.
    pub(super) asked: Option<Asked>,
    pub(super) has: Has,
    /// The path was removed while it held the lock.
    pub(super) has_lost: bool,
    /// It asked for the lock when no process had yet to be killed, and then got it: so what others left behind is removed.
    pub(super) cleans: bool,
    /// By role: the turn, the look, the share.
    pub(super) places: [Option<Open>; 3],
    pub(super) watch: Watch,
    /// What a planted bug remembers.
    pub(super) late: u8,
}

/// What a process has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Asked {
    Lock {
        is_try: bool,
    },
    Share {
        slots: u16,
        is_try: bool,
    },
    Look,
    Downgrade,
    Release,
    /// It was cancelled, whatever it had asked for.
    Cancelled,
    /// It is out of time.
    TimedOut,
}

/// What the caller in a process was told that it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Has {
    #[default]
    Nothing,
    Lock,
    Share(Option<u16>),
}

/// An open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Open {
    pub(super) file: Number,
    pub(super) lock: Lock,
}

/// Whether flock(2) has locked it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Lock {
    None,
    Shared,
    Exclusive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Watch {
    None,
    Armed,
    /// Something has changed since.
    Changed,
}

/// A forked child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Child {
    pub(super) parent: u8,
    pub(super) copies: [Duplicate; 3],
}

/// A child's copy of what its parent had open in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Duplicate {
    None,
    /// The parent has it open still.
    OfParent,
    /// The parent has closed it.
    Own(Open),
}

impl World {
    /// How it begins.
    #[must_use]
    pub fn new(configuration: &Configuration) -> Self {
        let mind = Mind::new(Platform { removes: configuration.removes });
        let process = Process {
            mind,
            at: 0,
            is_alive: true,
            asked: None,
            has: Has::Nothing,
            has_lost: false,
            cleans: false,
            places: [None; 3],
            watch: Watch::None,
            late: 0,
        };
        let mut world = Self {
            broken: None,
            names: [None; NAMES],
            files: [None; FILES],
            processes: [process; PROCESSES],
            child: None,
            kills: configuration.kills,
            stops: configuration.stops,
            failures: configuration.failures,
            forks: configuration.fork.is_some(),
            administrator: configuration.administrator,
            is_dirty: false,
        };
        for process in configuration.scripts.len()..PROCESSES {
            world.processes[process].is_alive = false;
        }
        if let Some(kind) = configuration.there {
            world.files[0] = Some(Inode { kind, is_touched: false });
            world.names[0] = Some(0);
        }
        world
    }

    /// Every process has done what it wanted, or was killed.
    #[must_use]
    pub fn is_over(&self, configuration: &Configuration) -> bool {
        self.processes.iter().zip(configuration.scripts).all(|(process, script)| {
            !process.is_alive
                || process.asked.is_none() && process.has == Has::Nothing && usize::from(process.at) == script.len()
        })
    }

    /// Whether no process waits for what it asked for.
    pub(super) fn nobody_waits(&self) -> bool {
        self.processes.iter().all(|process| !process.is_alive || process.asked.is_none())
    }

    pub(super) fn breaks(&mut self, configuration: &Configuration, promise: Broken) {
        if self.broken.is_none() && configuration.promise.is_none_or(|only| only == promise) {
            self.broken = Some(promise);
        }
    }

    /// All files that are open, each once: with the process and the place, unless only a child has it.
    pub(super) fn all_open(&self) -> impl Iterator<Item = (Option<(usize, usize)>, Open)> {
        let own = self.processes.iter().enumerate().flat_map(|(process, own)| {
            let places = own.places.into_iter().enumerate();
            places.filter_map(move |(place, open)| Some((Some((process, place)), open?)))
        });
        let copies = self.child.into_iter().flat_map(|child| child.copies).filter_map(|copy| match copy {
            Duplicate::Own(open) => Some((None, open)),
            Duplicate::None | Duplicate::OfParent => None,
        });
        own.chain(copies)
    }

    pub(super) fn make_file(&mut self, kind: Kind) -> Number {
        let free = self.files.iter().position(Option::is_none).expect("there are enough files");
        self.files[free] = Some(Inode { kind, is_touched: false });
        Number::try_from(free).expect("there are few files")
    }

    /// The same with other numbers of files, and processes that want the same in other places: the least of all. Also tells for each place which
    /// process came there.
    pub(super) fn canonical(&self, orders: &[[usize; PROCESSES]]) -> (Self, [usize; PROCESSES]) {
        let all = orders.iter().map(|order| (self.renumbered(order), *order));
        all.min_by(|one, other| one.0.cmp(&other.0)).expect("there is one order at least")
    }

    fn renumbered(&self, order: &[usize; PROCESSES]) -> Self {
        let mut world = *self;
        world.processes = order.map(|process| self.processes[process]);
        if let Some(child) = &mut world.child {
            let parent = order.iter().position(|process| *process == usize::from(child.parent)).expect("it is there");
            child.parent = u8::try_from(parent).expect("there are few");
        }
        let mut files = [None; FILES];
        let mut numbers = [None; FILES];
        let mut next = 0;
        world.for_each_number(|number| {
            let old = usize::from(*number);
            let new = *numbers[old].get_or_insert_with(|| {
                files[next] = self.files[old];
                next += 1;
                next - 1
            });
            *number = Number::try_from(new).expect("there are few files");
        });
        world.files = files;
        world
    }

    fn for_each_number(&mut self, mut visit: impl FnMut(&mut Number)) {
        self.names.iter_mut().flatten().for_each(&mut visit);
        let own = self.processes.iter_mut().flat_map(|own| &mut own.places).flatten();
        own.for_each(|open| visit(&mut open.file));
        for copy in self.child.iter_mut().flat_map(|child| &mut child.copies) {
            if let Duplicate::Own(open) = copy {
                visit(&mut open.file);
            }
        }
    }
}

impl Asked {
    /// What is asked of the machine.
    pub(super) fn request(self) -> Request {
        let policy = slocket_core::Policy::default();
        match self {
            Self::Lock { is_try: false } => Request::Acquire(policy),
            Self::Lock { is_try: true } => Request::Try(policy),
            Self::Share { slots, is_try: false } => Request::Share(policy, share(slots)),
            Self::Share { slots, is_try: true } => Request::TryShare(policy, share(slots)),
            Self::Look => Request::Look,
            Self::Downgrade => Request::Downgrade,
            Self::Release => Request::Release,
            Self::Cancelled | Self::TimedOut => Request::Cancel,
        }
    }
}

fn share(slots: u16) -> slocket_core::Share {
    std::num::NonZeroU16::new(slots).map_or(slocket_core::Share::Unlimited, slocket_core::Share::SlotOf)
}
