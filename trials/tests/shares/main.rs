//! Shares of a lock, shared locks and slots, of real processes.

mod kinds;
