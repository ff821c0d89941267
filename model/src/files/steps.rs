//! All steps that can be taken from a state.

use std::fmt;

use slocket_core::file_lock::{Call, CallResult, Event};
use slocket_core::{Notice, Request, Timer};

use super::configuration::{Configuration, Fork, Kind};
use super::world::{Asked, Child, Duplicate, Has, PROCESSES, Watch, World};

/// One step: which process does what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The process; of the last number and beyond: the surroundings.
    pub process: usize,
    /// What it does.
    pub what: What,
    /// Something goes wrong, or need not happen: no process may rely on it.
    pub is_fault: bool,
}

/// What a process does, or what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// This, in words.
    Text(&'static str),
    /// A call, with what it came to.
    Call(Call, Option<CallResult>),
    /// Asks for something.
    Request(Request),
    /// Is told of something.
    Notice(Notice),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Call(call, Some(result)) => write!(f, "{call:?}: {result:?}"),
            Self::Call(call, None) => write!(f, "before {call:?}: the planted bug"),
            Self::Request(request) => write!(f, "asks to {request:?}"),
            Self::Notice(notice) => write!(f, "is told of {notice:?}"),
        }
    }
}

impl World {
    /// Visits each step, and where it leads.
    pub fn steps(&self, configuration: &Configuration, mut visit: impl FnMut(Label, Self)) {
        let mut step = |process, what, is_fault, mut next: Self| {
            next.check(configuration);
            visit(Label { process, what, is_fault }, next);
        };
        for process in 0..configuration.scripts.len() {
            if self.processes[process].is_alive {
                self.steps_of(process, configuration, &mut |what, is_fault, next| step(process, what, is_fault, next));
            }
        }
        let mut happens = |what, is_fault, next| step(PROCESSES, What::Text(what), is_fault, next);
        if self.child.is_some() && configuration.fork == Some(Fork::Ends) {
            happens("the child ends", false, Self { child: None, ..*self });
        }
        let kind = self.names[0].and_then(|file| self.files[usize::from(file)]).map(|file| file.kind);
        if matches!(kind, Some(Kind::Foreign | Kind::Folder)) {
            happens("what is at the path is removed", false, self.without_path());
        }
        if self.administrator {
            let holder = (0..PROCESSES).find(|process| {
                let own = &self.processes[*process];
                own.has == Has::Lock && own.asked.is_none() && self.turn(*process).is_some()
            });
            if let Some(holder) = holder {
                let mut next = self.without_path();
                next.administrator = false;
                next.processes[holder].has_lost = true;
                happens("a person removes the path", true, next);
            }
        }
    }

    fn without_path(&self) -> Self {
        let mut next = *self;
        next.names[0] = None;
        next.changes(slocket_core::Name::Lock);
        next
    }

    fn steps_of(&self, process: usize, configuration: &Configuration, step: &mut impl FnMut(What, bool, Self)) {
        let own = &self.processes[process];
        let machine = own.mind.machine();
        if let Some(call) = machine.asked() {
            self.calls(process, configuration, call, step);
        } else if let Some(asked) = own.asked {
            self.notices(process, configuration, asked, step);
        } else if let Some(asked) = self.next_act(process, configuration) {
            let mut next = *self;
            next.asks(process, configuration, asked);
            step(What::Request(asked.request()), false, next);
        }
        if self.stops > 0 && process.is_multiple_of(2) && own.asked.is_none() && own.has != Has::Nothing {
            let mut next = *self;
            next.stops -= 1;
            next.processes[process].asked = Some(Asked::Cancelled);
            next.processes[process].has = Has::Nothing;
            next.tell(process, configuration, Event::Request(Request::Cancel));
            step(What::Request(Request::Cancel), true, next);
        }
        let is_busy = own.asked.is_some() || own.has != Has::Nothing;
        if self.kills > 0 && is_busy {
            let mut next = *self;
            next.kills -= 1;
            next.is_dirty = true;
            next.processes.iter_mut().for_each(|other| other.cleans = false);
            next.close_all(process);
            let dead = &mut next.processes[process];
            let born = Self::new(configuration).processes[process];
            *dead = super::world::Process { is_alive: false, at: own.at, ..born };
            step(What::Text("is killed"), true, next);
        }
        if self.forks && own.places.iter().any(Option::is_some) {
            let mut next = *self;
            next.forks = false;
            let copies = own.places.map(|open| if open.is_some() { Duplicate::OfParent } else { Duplicate::None });
            next.child = Some(Child { parent: u8::try_from(process).expect("there are few"), copies });
            step(What::Text("forks"), true, next);
        }
    }

    fn calls(
        &self,
        process: usize,
        configuration: &Configuration,
        call: Call,
        step: &mut impl FnMut(What, bool, Self),
    ) {
        let mut next = *self;
        let result = next.make(process, configuration, call);
        if configuration.failures == 0 {
            next.make_private(process, configuration);
        }
        step(What::Call(call, result), false, next);
        if self.failures > 0 {
            let mut next = *self;
            next.failures -= 1;
            let result = next.fail(process, configuration, call);
            next.tell(process, configuration, Event::Result(result));
            step(What::Call(call, Some(result)), true, next);
        }
    }

    /// Makes the call, and tells the machine; or what a planted bug does before it.
    fn make(&mut self, process: usize, configuration: &Configuration, call: Call) -> Option<CallResult> {
        let result = self.filtered(process, configuration, call);
        if let Some(result) = result {
            self.tell(process, configuration, Event::Result(result));
        }
        result
    }

    /// Makes the calls that no other process can tell.
    fn make_private(&mut self, process: usize, configuration: &Configuration) {
        while let Some(call) = self.processes[process].mind.machine().asked()
            && self.is_private(process, call)
            && self.make(process, configuration, call).is_some()
        {}
    }

    fn notices(
        &self,
        process: usize,
        configuration: &Configuration,
        asked: Asked,
        step: &mut impl FnMut(What, bool, Self),
    ) {
        let own = &self.processes[process];
        let wait = own.mind.machine().wait();
        let mut notice = |notice, is_fault, change: fn(&mut Self, usize)| {
            let mut next = *self;
            change(&mut next, process);
            next.tell(process, configuration, Event::Notice(notice));
            step(What::Notice(notice), is_fault, next);
        };
        if own.watch == Watch::Changed && wait.source.is_some() {
            notice(Notice::FsChange, false, |next, process| next.processes[process].watch = Watch::Armed);
        }
        if configuration.timers && wait.retry.is_some() {
            notice(Notice::TimerFired(Timer::Retry), false, |_, _| {});
        }
        if wait.hasty {
            notice(Notice::TimerFired(Timer::Try), false, |_, _| {});
        }
        let can_stop = self.stops > 0 && matches!(asked, Asked::Lock { .. } | Asked::Share { .. });
        if can_stop && process.is_multiple_of(2) {
            let mut next = *self;
            next.stops -= 1;
            next.processes[process].asked = Some(Asked::Cancelled);
            next.tell(process, configuration, Event::Request(Request::Cancel));
            step(What::Request(Request::Cancel), true, next);
        } else if can_stop {
            notice(Notice::TimerFired(Timer::Deadline), true, |next, process| {
                next.stops -= 1;
                next.processes[process].asked = Some(Asked::TimedOut);
            });
        }
    }
}
