//! The line that is due after a second.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use crate::say;
use crate::waiting::PATIENCE;

/// Says a line after a second, unless dropped before. Once it is dropped nothing more is said.
#[must_use]
pub(crate) struct Later {
    over: Arc<(Mutex<bool>, Condvar)>,
}

impl Later {
    /// After a second: finds out the `line`, and says it.
    pub(crate) fn say(line: impl FnOnce() -> Option<String> + Send + 'static) -> Self {
        let over = Arc::new((Mutex::new(false), Condvar::new()));
        let later = Self { over: Arc::clone(&over) };
        let thread = thread::Builder::new().name("later".to_owned()).spawn(move || {
            let (over, told) = &*over;
            let guard = over.lock().unwrap_or_else(PoisonError::into_inner);
            let (guard, _) =
                told.wait_timeout_while(guard, PATIENCE, |over| !*over).unwrap_or_else(PoisonError::into_inner);
            if *guard {
                return;
            }
            // To find out takes a moment: it must not keep the other thread from what it waited for.
            drop(guard);
            let line = line();
            let guard = over.lock().unwrap_or_else(PoisonError::into_inner);
            if *guard {
                return;
            }
            if let Some(line) = line {
                say::say(&line);
            }
        });
        // Without a thread to spare the line stays unsaid, which is better than not to run.
        drop(thread);
        later
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        let (over, told) = &*self.over;
        *over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        told.notify_one();
    }
}
