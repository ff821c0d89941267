//! What a player uses the lock with.

/// What a player uses the lock with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Adapter {
    /// `slocket-sync`.
    Sync,
    /// `slocket-tokio` on one thread.
    Tokio,
    /// `slocket-tokio` on several threads.
    TokioThreads,
    /// `slocket-async-std`.
    AsyncStd,
    /// `slocket-smol`.
    Smol,
    /// The npm package.
    Node,
}

/// The environment variable that names the adapter under trial.
pub const UNDER_TRIAL: &str = "SLOCKET_ADAPTER";

impl Adapter {
    /// All adapters of this implementation.
    pub const OURS: [Self; 5] = [Self::Sync, Self::Tokio, Self::TokioThreads, Self::AsyncStd, Self::Smol];

    /// The adapter under trial: the one that [`UNDER_TRIAL`] names, `sync` if it names none. So the same trials run
    /// against each.
    ///
    /// # Panics
    /// If there is no adapter of that name.
    #[must_use]
    pub fn under_trial() -> Self {
        let Ok(name) = std::env::var(UNDER_TRIAL) else { return Self::Sync };
        Self::named(&name).unwrap_or_else(|| panic!("{UNDER_TRIAL}={name}: no such adapter"))
    }

    /// The one of ours that has this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::OURS.into_iter().find(|adapter| adapter.name() == name)
    }

    /// Whether its runtime has threads of its own.
    #[must_use]
    pub fn brings_threads(self) -> bool {
        match self {
            Self::TokioThreads | Self::AsyncStd | Self::Smol | Self::Node => true,
            Self::Sync | Self::Tokio => false,
        }
    }

    /// The word for it, as the binary `player` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Tokio => "tokio",
            Self::TokioThreads => "tokio-threads",
            Self::AsyncStd => "async-std",
            Self::Smol => "smol",
            Self::Node => "node",
        }
    }
}
