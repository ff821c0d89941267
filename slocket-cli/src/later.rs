//! The line that is due after a second.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::patience::{PATIENCE, TURN};
use crate::{say, thread};

/// Says a line after a second, unless dropped before. Once it is dropped nothing more is said.
#[must_use]
pub(crate) struct Later {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changes: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Waits,
    Says,
    Over,
}

impl Later {
    /// After a second: finds out the `line`, and says it.
    pub(crate) fn say(line: impl FnOnce() -> Option<String> + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let later = Self { shared: Arc::clone(&shared) };
        // Without a thread to spare the line stays unsaid, which is better than not to run.
        drop(thread::start("later", move || shared.say(line)));
        later
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, line: impl FnOnce() -> Option<String>) {
        let waits = |state: &mut State| *state == State::Waits;
        drop(self.changes.wait_timeout_while(self.state(), PATIENCE, waits));
        if *self.state() == State::Over {
            return;
        }
        // To find out takes a moment: it must not keep the other thread from what it waited for.
        let Some(line) = line() else { return };
        {
            let mut state = self.state();
            if *state == State::Over {
                return;
            }
            *state = State::Says;
        }
        say::say(&line);
        *self.state() = State::Over;
        self.changes.notify_all();
    }
}

impl Drop for Later {
    /// Waits for a line that is being written, but not if standard error is blocked.
    fn drop(&mut self) {
        let mut state = self.shared.state();
        if *state == State::Waits {
            *state = State::Over;
            self.shared.changes.notify_all();
        }
        let says = |state: &mut State| *state == State::Says;
        drop(self.shared.changes.wait_timeout_while(state, TURN, says));
    }
}
