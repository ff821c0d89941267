//! A process that has a share of a lock.

use std::fmt;

use crate::peer::Holder;

/// A process that has a share of a lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Sharer {
    /// The process.
    pub process: Holder,
    /// The number of its slot, from 0; `None` if it has a shared lock.
    pub slot: Option<u16>,
}

impl fmt::Display for Sharer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.process)?;
        match self.slot {
            Some(slot) => write!(f, " in slot {slot}"),
            None => Ok(()),
        }
    }
}

/// Some of them, for a text; and the process that is in front, and waits for these.
#[derive(Clone, Debug)]
pub(crate) struct Sharers {
    pub(crate) all: Vec<Sharer>,
    pub(crate) first: Option<Holder>,
}

impl fmt::Display for Sharers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 8;
        for (index, sharer) in self.all.iter().take(MOST).enumerate() {
            write!(f, "{}{sharer}", if index == 0 { "" } else { ", " })?;
        }
        match self.all.len().saturating_sub(MOST) {
            0 => {}
            more => write!(f, " and {more} more")?,
        }
        match &self.first {
            Some(first) => write!(f, ", for which {first} waits first"),
            None => Ok(()),
        }
    }
}
