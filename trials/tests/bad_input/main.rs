//! Bad paths, bad servers, bad surroundings: what a lock does where it cannot do what it should.
//!
//! Every test runs in a process of its own, in the surroundings it needs, and fails if that process has more descriptors
//! or threads afterwards than before.

mod abstract_name;
mod alone;
mod backlog;
mod census;
mod clones;
mod descriptors;
mod disk;
mod file_systems;
mod folder;
mod fuse;
mod grant;
mod group;
mod lock_files;
mod long;
mod mode;
mod namespaces;
mod network;
mod occupied;
mod overlay;
mod path;
mod permission;
mod places;
mod proc;
mod reserve;
mod scene;
mod server;
mod shares;
mod stranger;
mod threads;
mod threats;
mod tries;
mod users;
mod watch;
