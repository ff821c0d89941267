//! The code in the pages of this folder, compiled by `cargo test`. (That of README.md is `slocket-sync`'s.)

#[cfg(doctest)]
#[doc = include_str!("migrating.md")]
struct Migrating;
