//! The tool, driven as a user drives it: processes, pipes, signals and exit codes, nothing else.
//!
//! Nothing here sleeps for a while: a command says `up` when it runs and ends when it reads a line or the end of its input.

mod abstract_name;
mod bad_input;
mod bad_path;
mod command;
mod completions;
mod exclusion;
mod file;
mod flock;
mod given;
mod harness;
mod inheritance;
mod lending;
mod lost;
mod man;
mod nested;
mod output;
mod pages;
mod reader;
mod sandbox;
mod shared;
mod signals;
mod slots;
mod status;
mod status_page;
mod status_shared;
mod stopped;
mod terminal;
mod trace;
mod users;
mod users_shared;
mod wait;
mod waiting;
