//! Values that are never freed, but used again: a reference to one is valid for ever, and need not be counted.

use std::mem;

use crate::process::{Inherit, PerProcess, Process};

/// The values that are not in use. There are as many as were in use at a time.
pub(crate) struct Pool<T: 'static>(PerProcess<Unused<T>>);

struct Unused<T: 'static>(Vec<&'static PerProcess<T>>);

impl<T> Inherit for Unused<T> {
    const NEW: Self = Self(Vec::new());

    /// A child has copies of its own.
    fn inherit(&mut self) {}
}

impl<T: Inherit> Pool<T> {
    pub(crate) const fn new() -> Self {
        Self(PerProcess::new())
    }

    /// A value that is new to each process.
    pub(crate) fn take(&self, here: Process) -> &'static PerProcess<T> {
        let unused = self.0.lock(here).0.pop();
        unused.unwrap_or_else(|| Box::leak(Box::new(PerProcess::new())))
    }

    /// It is not used any more, and what it was is dropped.
    pub(crate) fn give_back(&self, value: &'static PerProcess<T>, here: Process) {
        let old = mem::replace(&mut *value.lock(here), T::NEW);
        drop(old);
        self.0.lock(here).0.push(value);
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    struct Count(u32);

    impl Inherit for Count {
        const NEW: Self = Self(0);

        fn inherit(&mut self) {
            self.0 = 0;
        }
    }

    #[test]
    fn a_value_is_used_again_as_a_new_one() {
        let (pool, here) = (Pool::<Count>::new(), Process::current());
        let [one, other] = [(); 2].map(|()| pool.take(here));
        assert!(!ptr::eq(one, other));
        one.lock(here).0 += 1;
        pool.give_back(one, here);
        let again = pool.take(here);
        assert!(ptr::eq(one, again));
        assert_eq!(again.lock(here).0, 0);
    }
}
