//! What a process has open, and how many threads it has.

use std::fs;

use crate::scene::eventually;

/// A count of what this process has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Census {
    descriptors: Vec<String>,
    threads: usize,
}

impl Census {
    pub(crate) fn take() -> Self {
        Self { descriptors: descriptors(), threads: threads().len() }
    }

    /// Waits until there is no more than was counted, except what the process keeps: a descriptor in reserve, and the two by
    /// which the thread that blocked last waited.
    #[track_caller]
    pub(crate) fn assert_same(&self) {
        eventually(
            || threads().len() <= self.threads && surplus(&self.descriptors, descriptors()).is_empty(),
            || format!("left: {:?}, threads {:?}", surplus(&self.descriptors, descriptors()), threads()),
        );
    }
}

/// What each descriptor of this process is.
pub(crate) fn descriptors() -> Vec<String> {
    let entries = fs::read_dir("/proc/self/fd").expect("a descriptor to count them with");
    let links = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links.map(|link| link.to_string_lossy().into_owned()).collect()
}

/// How many watches on files this process has.
pub(crate) fn watches() -> usize {
    descriptors().iter().filter(|open| open.ends_with("anon_inode:inotify")).count()
}

/// The names and states of this process's threads, such as `slocket S`.
pub(crate) fn threads() -> Vec<String> {
    let entries = fs::read_dir("/proc/self/task").expect("a descriptor to count them with");
    let threads = entries.filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    threads
        .filter_map(|stat| {
            let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
            Some(format!("{name} {}", rest.split_whitespace().next()?))
        })
        .collect()
}

fn surplus(before: &[String], mut now: Vec<String>) -> Vec<String> {
    for known in before.iter().map(String::as_str).chain([
        "anon_inode:[eventfd]",
        "anon_inode:[eventfd]",
        "anon_inode:[eventpoll]",
    ]) {
        if let Some(index) = now.iter().position(|open| open == known) {
            now.swap_remove(index);
        }
    }
    now
}
