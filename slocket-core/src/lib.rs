#![no_std]
#![doc = include_str!("lib.md")]

mod action;
mod event;
mod machine;
mod state;
mod transition;

pub use action::{Action, Actions, Failure, Report};
pub use event::{
    Accepted, Connected, Connection, Delivery, Event, Inspected, Left, Published, Received, Reclaimed, Removal, Stale,
    Timer,
};
pub use machine::Machine;
pub use state::{Attempt, Interest, Owed, Patience, State, Wish};
pub use transition::{Misuse, Step, transition};
