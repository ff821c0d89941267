//! What the user sees of a long wait: a line that says for whom, and on a terminal for how long.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;

use crate::found::{self, Found};
use crate::say;

/// How long the user is left without a word.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// What is on the screen.
pub(crate) struct Waiting {
    quiet: bool,
    spinner: Arc<Mutex<Option<ProgressBar>>>,
}

impl Waiting {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, spinner: Arc::default() }
    }

    /// To be called when the wait has become long.
    pub(crate) fn hook(&self) -> impl Fn(&slocket_sync::Waiting<'_>) + Send + Sync + 'static {
        let (quiet, spinner) = (self.quiet, Arc::clone(&self.spinner));
        move |waiting| {
            if quiet {
                return;
            }
            let found = waiting.holder.clone().map_or_else(|| found::at(waiting.path), Found::Holder);
            say::say(&format!("{}: waiting: {}", waiting.path.display(), found.in_words()));
            if has_terminal() {
                *spinner.lock().unwrap_or_else(PoisonError::into_inner) = Some(spin());
            }
        }
    }

    /// The wait is over, one way or the other.
    pub(crate) fn over(&self) {
        if let Some(spinner) = self.spinner.lock().unwrap_or_else(PoisonError::into_inner).take() {
            spinner.finish_and_clear();
        }
    }
}

/// Whether standard error is a terminal, and ours: a job in the background leaves it to the others.
fn has_terminal() -> bool {
    tcgetpgrp(io::stderr()).is_ok_and(|group| group == getpgrp())
}

/// A spinner that says how long it has been waited.
fn spin() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {elapsed}").expect("a correct template");
    let spinner = ProgressBar::new_spinner().with_style(style).with_elapsed(PATIENCE);
    spinner.enable_steady_tick(Duration::from_millis(125));
    spinner
}
