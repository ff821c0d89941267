//! What runs on the other kernels: built once, here.

use std::path::Path;

use crate::result::Result;
use crate::suites::{self, Built};

/// What was built.
pub(super) struct Binaries(Built);

impl Binaries {
    /// Builds everything.
    pub(super) fn build() -> Result<Self> {
        suites::build().map(Self)
    }

    /// The path of a test.
    pub(super) fn test(&self, package: &str, name: &str) -> Result<&Path> {
        Ok(&self.0.test(package, name)?.program)
    }

    /// The path of this program.
    pub(super) fn xtask(&self) -> &Path {
        &self.0.xtask
    }
}
