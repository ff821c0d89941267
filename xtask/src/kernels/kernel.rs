//! The other kernels.

/// Another kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kernel {
    /// gVisor (`runsc`)
    #[value(name = "gvisor")]
    Gvisor,
    /// Linux 6.1 in user mode
    #[value(name = "linux-6.1")]
    Linux6,
    /// Linux 5.10 in user mode
    #[value(name = "linux-5.10")]
    Linux5,
}

impl Kernel {
    pub(super) const ALL: [Self; 3] = [Self::Gvisor, Self::Linux6, Self::Linux5];

    /// Those that `cargo xtask test` runs on. (The release with 5.10 is leaving Debian's archive.)
    pub(crate) const IN_EVERY_RUN: [Self; 2] = [Self::Gvisor, Self::Linux6];

    /// Whether its root folder is another file system than this machine's.
    pub(super) fn has_root_of_its_own(self) -> bool {
        self == Self::Gvisor
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gvisor => "gvisor",
            Self::Linux6 => "linux-6.1",
            Self::Linux5 => "linux-5.10",
        }
    }
}
