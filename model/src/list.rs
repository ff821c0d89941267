//! A short list in place: a state is copied often.

/// A short list in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct List<T, const N: usize> {
    items: [Option<T>; N],
}

impl<T: Copy, const N: usize> Default for List<T, N> {
    fn default() -> Self {
        Self { items: [None; N] }
    }
}

impl<T: Copy + PartialEq, const N: usize> List<T, N> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items[0].is_none()
    }

    /// All, the first first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = T> {
        self.items.iter().flatten().copied()
    }

    /// Appends one.
    pub(crate) fn push(&mut self, item: T) {
        let free = self.items.iter_mut().find(|slot| slot.is_none()).expect("the list is long enough");
        *free = Some(item);
    }

    /// Takes the first.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let first = self.items[0].take();
        self.items.rotate_left(1);
        first
    }

    /// Takes the last.
    pub(crate) fn pop_last(&mut self) -> Option<T> {
        self.items.iter_mut().rev().find(|slot| slot.is_some()).and_then(Option::take)
    }

    /// All, the first first, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut().flatten()
    }

    /// Takes this one out, if it is there.
    pub(crate) fn remove(&mut self, item: T) {
        if let Some(at) = self.items.iter().position(|slot| *slot == Some(item)) {
            self.items[at] = None;
            self.items[at..].rotate_left(1);
        }
    }
}
