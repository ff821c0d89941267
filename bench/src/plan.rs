//! How long, how often, how many; where; and on what machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use trials::storm::FileSystem;

use crate::crew::Crew;
use crate::install::{self, Installed};
use crate::peer::{Peer, Runtime};
use crate::result::Result;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Only whether it works.
    Tiny,
    /// Under two minutes.
    Quick,
    Full,
}

impl Scale {
    /// One of three, by the scale.
    pub(crate) fn of<T>(self, tiny: T, quick: T, full: T) -> T {
        match self {
            Self::Tiny => tiny,
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

/// All that a measure needs.
pub(crate) struct Bench {
    pub(crate) scale: Scale,
    pub(crate) crew: Crew,
    installed: Installed,
    ext4: Option<TempDir>,
    tmpfs: TempDir,
    /// So that each run has a new path.
    paths: u64,
    /// The load average at the start.
    load: String,
    /// Why there is no ext4.
    no_ext4: Option<String>,
}

impl Bench {
    pub(crate) fn prepare(scale: Scale) -> Result<Self> {
        let runtimes: &[Runtime] = scale.of(&[], &[Runtime::Node, Runtime::Python], &[Runtime::Node, Runtime::Python]);
        let fresh = |file_system: FileSystem| {
            let folder = file_system.folder()?;
            TempDir::with_prefix_in("slocket-bench-", folder).map_err(|error| error.to_string())
        };
        let (ext4, no_ext4) = match fresh(FileSystem::Ext4) {
            Ok(folder) => (Some(folder), None),
            Err(reason) => (None, Some(reason)),
        };
        let tmpfs = fresh(FileSystem::Tmpfs)?;
        Ok(Self {
            scale,
            crew: Crew::default(),
            installed: install::install(runtimes)?,
            ext4,
            tmpfs,
            paths: 0,
            load: load(),
            no_ext4,
        })
    }

    /// At least five.
    pub(crate) fn rounds(&self) -> usize {
        self.scale.of(2, 5, 7)
    }

    /// How long processes contend in one round.
    pub(crate) fn window(&self) -> Duration {
        Duration::from_millis(self.scale.of(100, 100, 400))
    }

    /// The peers of these that can be measured; the others are failures.
    pub(crate) fn present(&self, peers: &[Peer], failures: &mut Vec<String>) -> Vec<Peer> {
        let mut present = Vec::new();
        for &peer in peers {
            let missing = self.installed.missing.iter().find(|(runtime, _)| *runtime == peer.runtime());
            match missing {
                Some((_, reason)) => failures.push(format!("{} is missing: {reason}", peer.name())),
                None if self.scale == Scale::Tiny && peer.runtime() != Runtime::Rust => {}
                None => present.push(peer),
            }
        }
        present
    }

    /// A path on tmpfs that was not used before.
    pub(crate) fn fresh_path(&mut self) -> PathBuf {
        let folder = self.tmpfs.path().to_owned();
        self.fresh_in(&folder)
    }

    /// A folder on tmpfs that is empty.
    pub(crate) fn fresh_folder(&mut self) -> Result<PathBuf> {
        let folder = self.fresh_path();
        fs::create_dir(&folder)?;
        Ok(folder)
    }

    /// Folders on each file system that there is, and the failure to find one.
    pub(crate) fn file_systems(&self, failures: &mut Vec<String>) -> Vec<(FileSystem, PathBuf)> {
        failures.extend(self.no_ext4.iter().map(|reason| format!("ext4: {reason}")));
        let ext4 = self.ext4.iter().map(|folder| (FileSystem::Ext4, folder.path().to_owned()));
        ext4.chain([(FileSystem::Tmpfs, self.tmpfs.path().to_owned())]).collect()
    }

    pub(crate) fn fresh_in(&mut self, folder: &Path) -> PathBuf {
        self.paths += 1;
        folder.join(format!("lock-{}", self.paths))
    }

    /// What was measured on, and how.
    pub(crate) fn header(&self) -> String {
        let uname = rustix::system::uname();
        let cpus = std::thread::available_parallelism().map_or(0, usize::from);
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
        let date = Command::new("date").args(["-u", "+%F"]).output().map(|output| output.stdout).unwrap_or_default();
        // The arguments after `slocket-bench run`.
        let arguments = std::env::args().skip(2).map(|argument| format!(" {argument}"));
        let command = format!("cargo xtask bench{}", arguments.collect::<String>());
        let versions: Vec<_> =
            self.installed.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let quick = if self.scale == Scale::Full {
            ""
        } else {
            "**A quick run, for a first look**: less of everything, rounds of 0.1 s. What counts is `cargo xtask bench` on a \
             machine that does nothing else.\n\n"
        };
        format!(
            "{quick}Written by `{command}`, on {}, Linux {}, {cpus} × {} ({}), load average {} at the start and {} at the end.\n\n\
             {LOAD}\n\n\
             Peers run interleaved, A B C A B C …, in {} rounds at least where nothing else is said; figures are medians over the rounds, in brackets \
             the quartiles. A ratio above 1 in the column \"to slocket\" means that slocket is better by so much.\n\n\
             Versions: {}.\n",
            String::from_utf8_lossy(&date).trim(),
            uname.release().to_string_lossy(),
            model.trim_start_matches(['\t', ':', ' ']),
            uname.machine().to_string_lossy(),
            self.load,
            load(),
            self.rounds(),
            versions.join(", "),
        )
    }
}

/// What the load average says, and what it does not.
const LOAD: &str = "The measures start up to a hundred processes at a time themselves, which the load at the end includes; what \
    other work the machine had in between, it does not tell. Since peers take turns within a round, such work slows all of \
    them: the ratios suffer less from it than the times.";

/// The load average of the last minute: how quiet the machine is.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}
