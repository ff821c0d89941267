//! Processes that fork without exec: a child has a copy of all that its parent has open, and no part in the lock.

mod adopt;
mod busy;
mod child;
mod copies;
mod killed;
mod repair;
mod shares;
mod told;
mod waiting;
