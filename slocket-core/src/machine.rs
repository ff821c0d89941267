//! The machine: a state, and the transition applied to it.

use crate::action::Actions;
use crate::event::Event;
use crate::state::State;
use crate::transition::{Misuse, transition};

/// One participant of the protocol: from one request for the lock until all its descriptors are closed.
///
/// The machine never performs anything, never blocks, never allocates, and knows no clock. Machines that behave alike
/// are equal, so a model checker can explore them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Machine {
    state: State,
}

impl Machine {
    /// A machine that has not been asked for anything.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Idle }
    }

    /// Tells the machine an event; returns what is to be done, in order, before the next request.
    ///
    /// # Errors
    /// [`Misuse`] if the driver sent an event that does not belong in this state; nothing changes then.
    pub fn handle(&mut self, event: Event) -> Result<Actions, Misuse> {
        let (state, actions) = transition(self.state, event)?;
        self.state = state;
        Ok(actions)
    }

    /// Where the participant stands.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }
}
