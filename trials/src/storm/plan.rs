//! Phases, and where their locks are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::adapter::Adapter;
use crate::place::Place;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How long the storm rages. Starting and clearing up come on top.
    pub time: Duration,
    /// Which choices are made: the same for the same seed (but not when they strike).
    pub seed: u64,
    /// Where the locks are.
    pub sites: Vec<Site>,
    /// Whether the npm package takes part.
    pub node: bool,
    /// How much is to happen at the least: 1.0 for what two slow processors do with ease.
    pub pace: f64,
}

impl Plan {
    /// Each phase, at each site where the participants can go.
    pub(super) fn phases(&self) -> Vec<(Phase, Site)> {
        let with_node: &[_] = if self.node { &[Phase::Gentle, Phase::Anything] } else { &[] };
        let paths = self.sites.iter().copied().filter(|site| matches!(site, Site::On(_)));
        let ours = self.sites.iter().map(|site| (Phase::Ours, *site));
        ours.chain(with_node.iter().flat_map(|phase| paths.clone().map(|site| (*phase, site)))).collect()
    }
}

/// The participants, and which of them may be killed when: see the [module](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Only ours, killed at any instant.
    Ours,
    /// With npm's package; ours are killed where the promises hold.
    Gentle,
    /// With npm's package; any process is killed at any instant.
    Anything,
}

impl Phase {
    /// What it is called in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Gentle => "with npm",
            Self::Anything => "anything",
        }
    }

    pub(super) fn has_human(self) -> bool {
        self == Self::Anything
    }

    /// Its share of the time.
    pub(super) fn share(self) -> u32 {
        match self {
            Self::Ours => 2,
            Self::Gentle | Self::Anything => 1,
        }
    }

    /// Those that may be killed, in this phase.
    pub(super) fn mortals(self) -> Vec<Adapter> {
        let mut mortals = Adapter::OURS.to_vec();
        if self == Self::Anything {
            mortals.extend([Adapter::Node; 3]);
        }
        mortals
    }

    /// Those that live throughout.
    pub(super) fn steady(self) -> Vec<Adapter> {
        let mut steady = Adapter::OURS.to_vec();
        if self == Self::Gentle {
            steady.extend([Adapter::Node; 2]);
        }
        steady
    }
}

/// Where a lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// At a path on this file system.
    On(FileSystem),
    /// At an abstract name, where npm's package cannot go.
    Name,
    /// At a path where the lock is a locked file, which npm's package does not know.
    File,
}

impl Site {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::On(FileSystem::Ext4), Self::On(FileSystem::Tmpfs), Self::Name, Self::File];

    /// What it is called in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::On(file_system) => file_system.name(),
            Self::Name => "@name",
            Self::File => "file",
        }
    }

    /// A fresh place for a lock.
    pub(super) fn place(self) -> Result<Place, String> {
        let file_system = match self {
            Self::On(file_system) => file_system,
            Self::Name => return Ok(Place::at_name()),
            Self::File => return Ok(Place::in_file()),
        };
        let place = Place::new_in(&file_system.folder()?);
        if file_system.is_of(place.folder()) {
            Ok(place)
        } else {
            Err(format!("{} is not on {}", place.folder().display(), file_system.name()))
        }
    }
}

/// A file system, as statfs(2) names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// ext4 (which has its magic number in common with ext2 and ext3).
    Ext4,
    /// tmpfs.
    Tmpfs,
}

impl FileSystem {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Tmpfs => "tmpfs",
        }
    }

    /// A folder on it.
    ///
    /// # Errors
    /// If there is none where one is to be expected.
    pub fn folder(self) -> Result<PathBuf, String> {
        let mut candidates = vec![PathBuf::from("/dev/shm"), std::env::temp_dir(), "/var/tmp".into()];
        candidates.extend(std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned())));
        let found = candidates.iter().find(|folder| self.is_of(folder));
        found.cloned().ok_or_else(|| {
            let looked: Vec<_> = candidates.iter().map(|folder| folder.display().to_string()).collect();
            format!("no {} here: looked at {}", self.name(), looked.join(", "))
        })
    }

    /// Whether a folder is on it.
    fn is_of(self, folder: &Path) -> bool {
        let magic = match self {
            Self::Ext4 => 0xef53,
            Self::Tmpfs => 0x0102_1994,
        };
        rustix::fs::statfs(folder).is_ok_and(|statfs| statfs.f_type == magic)
    }
}
