//! A list of living values, without a cost for their removal.

use std::sync::{Arc, Weak};

/// What was added and is alive; and some of what is not.
pub(crate) struct WeakList<T> {
    entries: Vec<Weak<T>>,
    /// How many there may be until those that are not alive are forgotten.
    most: usize,
}

impl<T> WeakList<T> {
    /// (So few that the allocator takes them back in passing.)
    const FEW: usize = 4;

    pub(crate) const NEW: Self = Self { entries: Vec::new(), most: Self::FEW };

    #[inline]
    pub(crate) fn add(&mut self, entry: &Arc<T>) {
        // (A thread that uses one value after the other has one entry.)
        if let Some(last) = self.entries.last_mut()
            && last.strong_count() == 0
        {
            *last = Arc::downgrade(entry);
            return;
        }
        if self.entries.len() >= self.most {
            self.entries.retain(|entry| entry.strong_count() > 0);
            self.most = Self::FEW.max(2 * self.entries.len());
        }
        self.entries.push(Arc::downgrade(entry));
    }

    pub(crate) fn alive(&self) -> impl Iterator<Item = Arc<T>> {
        self.entries.iter().filter_map(Weak::upgrade)
    }
}
