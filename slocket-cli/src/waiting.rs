//! What the user sees during a long wait: a line that names the holder, and on a terminal the time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use crate::patience::{PATIENCE, TURN};
use crate::target::Target;
use crate::terminal::has_terminal;
use crate::want::Want;
use crate::{found, report, say, thread};

/// What is on the screen.
#[derive(Default)]
pub(crate) struct Waiting {
    spinner: Arc<Spinner>,
}

#[derive(Default)]
struct Spinner {
    state: Mutex<State>,
    changes: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Off,
    Turns,
    IsToEnd,
}

impl Waiting {
    /// To be called when the wait has become long.
    pub(crate) fn hook(
        &self,
        target: &Target,
        want: Want,
        believes: impl Fn(u32) -> bool + Copy + Send + Sync + 'static,
    ) -> impl Fn(&slocket_sync::Waiting<'_>) + Send + Sync + 'static {
        let spinner = Arc::clone(&self.spinner);
        let target = target.clone();
        move |waiting| {
            let lock = waiting.name.clone();
            let (target, holder) = (target.clone(), waiting.holder.clone());
            spinner.start(move || {
                let found = found::look_beside(&target, want, holder);
                report::waiting(&lock, &found, found.standing(believes))
            });
        }
    }

    /// The wait has ended, with or without the lock: clears the line. (Does not wait for a blocked terminal.)
    pub(crate) fn over(&self) {
        let mut state = self.spinner.state();
        if *state == State::Turns {
            *state = State::IsToEnd;
            self.spinner.changes.notify_all();
            let ends = |state: &mut State| *state != State::Off;
            drop(self.spinner.changes.wait_timeout_while(state, TURN, ends));
        }
    }
}

impl Spinner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints the lines and the spinner, in its own thread: a write to a terminal held by ^S blocks, and the thread must still be able to
    /// receive the lock. Without a thread nothing is printed, which is better than not to run.
    fn start(self: &Arc<Self>, lines: impl FnOnce() -> Vec<String> + Send + 'static) {
        *self.state() = State::Turns;
        let spinner = Arc::clone(self);
        let turn = move || {
            let waits = || *spinner.state() == State::Turns;
            // To find it out takes a moment, too.
            let lines = lines();
            if waits() {
                say::say_lines(&lines);
            }
            if waits() && has_terminal() {
                spinner.turn();
            }
            *spinner.state() = State::Off;
            spinner.changes.notify_all();
        };
        if thread::start("spinner", turn).is_err() {
            *self.state() = State::Off;
        }
    }

    fn turn(&self) {
        let style = ProgressStyle::with_template("{spinner} {elapsed}").expect("a correct template");
        let bar = ProgressBar::new_spinner().with_style(style).with_elapsed(PATIENCE);
        let mut state = self.state();
        while *state == State::Turns {
            drop(state);
            // A job that was put into the background since leaves the terminal alone.
            if has_terminal() {
                bar.tick();
            }
            let turns = |state: &mut State| *state == State::Turns;
            let waited = self.changes.wait_timeout_while(self.state(), TURN, turns);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        if has_terminal() {
            bar.finish_and_clear();
        }
    }
}
