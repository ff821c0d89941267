//! The code in README.md and in the pages of this folder, compiled by `cargo test`.
//! The locks that it is compared with may need a newer Rust than slocket does: std's locks came with 1.89.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("migrating.md")]
struct Migrating;

#[cfg(doctest)]
#[doc = include_str!("at-most.md")]
struct AtMost;

#[cfg(doctest)]
#[doc = include_str!("readers-and-writers.md")]
struct ReadersAndWriters;

#[cfg(doctest)]
#[doc = include_str!("quick-start.md")]
struct QuickStart;

#[cfg(doctest)]
#[doc = include_str!("guide-build.md")]
struct Build;

#[cfg(doctest)]
#[doc = include_str!("guide-cron.md")]
struct Cron;

#[cfg(doctest)]
#[doc = include_str!("guide-cache.md")]
struct Cache;

#[cfg(doctest)]
#[doc = include_str!("guide-leader.md")]
struct Leader;

#[cfg(doctest)]
#[doc = include_str!("guide-child.md")]
struct Child;

#[cfg(doctest)]
#[doc = include_str!("tried.md")]
struct Tried;
