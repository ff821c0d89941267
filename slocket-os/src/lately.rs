//! The last known holder of a lock. To ask is to connect, which leaves an ended place in the queue until the next release; and
//! thousands of clones may want to know.

use std::time::{Duration, Instant};

use crate::peer::Holder;
use crate::process::{Inherit, PerProcess, Process};

/// How long an answer is valid.
pub(crate) const ANSWER_LASTS: Duration = Duration::from_secs(1);

/// The last answer, for all clones of a lock.
#[derive(Debug, Default)]
pub(crate) struct Lately(PerProcess<Answer>);

/// The holder, and when it was asked for.
#[derive(Debug)]
struct Answer(Option<Box<(Instant, Holder)>>);

impl Inherit for Answer {
    const NEW: Self = Self(None);

    /// It is as true for a child.
    fn inherit(&mut self) {}
}

impl Lately {
    /// Returns the holder of the lock within the last second; calls `ask` if it is not known.
    pub(crate) fn holder(&self, here: Process, ask: impl FnOnce() -> Option<Holder>) -> Option<Holder> {
        let mut answer = self.0.lock(here);
        if let Some((asked, holder)) = answer.0.as_deref()
            && asked.elapsed() < ANSWER_LASTS
        {
            return Some(holder.clone());
        }
        let holder = ask()?;
        answer.0 = Some(Box::new((Instant::now(), holder.clone())));
        Some(holder)
    }
}
