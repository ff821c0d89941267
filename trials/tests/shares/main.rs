//! Shares of a lock, shared locks and slots, of real processes.

mod cost;
mod in_file;
mod kinds;
mod recovery;
mod writer;
