//! Planted bugs.

use super::bug::Bug;
use super::configuration::Configuration;
use crate::broken::Broken;

/// A bug, where it is planted, and which promise it breaks there.
#[derive(Clone, Copy, Debug)]
pub struct Planted {
    /// The bug.
    pub bug: Bug,
    /// Where it is planted. Without the bug no promise is broken there.
    pub configuration: Configuration,
    /// What must be found.
    pub breaks: Broken,
}

/// All of them.
pub const PLANTED: &[Planted] = &[];
