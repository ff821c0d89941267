//! Values that are never freed. They are not used again either: each run begins with new ones.

use std::marker::PhantomData;

use crate::process::{Inherit, PerProcess, Process};

/// As in `slocket-os`.
pub(crate) struct Pool<T>(PhantomData<fn() -> T>);

impl<T: Inherit> Pool<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }

    pub(crate) fn take(&self, _: Process) -> &'static PerProcess<T> {
        Box::leak(Box::new(PerProcess::new()))
    }

    pub(crate) fn give_back(&self, value: &'static PerProcess<T>, here: Process) {
        let old = std::mem::replace(&mut *value.lock(here), T::NEW);
        drop(old);
    }
}
