//! A bell that wakes a waker.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::sys::io::Result;

/// It is rung by one thread, and wakes another thread or a task.
#[derive(Debug, Default)]
pub(crate) struct Bell(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_rung: bool,
    waker: Option<Waker>,
}

impl Bell {
    #[allow(clippy::unnecessary_wraps, reason = "other systems need a descriptor")]
    pub(crate) fn new() -> Result<Self> {
        Ok(Self::default())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ring(&self) {
        let waker = {
            let mut state = self.state();
            state.is_rung = true;
            state.waker.take()
        };
        // No mutex is held: a waker may run anything.
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether it was rung since the last call.
    #[allow(clippy::unnecessary_wraps, reason = "other systems ask a descriptor")]
    pub(crate) fn take(&self) -> Result<bool> {
        Ok(std::mem::take(&mut self.state().is_rung))
    }

    /// Ready if it was rung since it was [taken](Self::take) last.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let waker = context.waker().clone();
        let replaced = {
            let mut state = self.state();
            if state.is_rung {
                return Poll::Ready(());
            }
            state.waker.replace(waker)
        };
        drop(replaced);
        Poll::Pending
    }
}
