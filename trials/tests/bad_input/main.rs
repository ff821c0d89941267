//! Bad paths, bad servers, bad surroundings: what a lock does where it cannot do what it should.
//!
//! Every test runs in a process of its own, in the surroundings it needs, and fails if that process has more descriptors
//! or threads afterwards than before.

mod alone;
mod backlog;
mod census;
mod clones;
mod descriptors;
mod disk;
mod grant;
mod long;
mod mode;
mod network;
mod occupied;
mod path;
mod permission;
mod reserve;
mod scene;
mod server;
mod users;
mod watch;
