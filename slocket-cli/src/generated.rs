//! The man pages and the completions of shells, which are kept in the repository: made from what may be typed, and current.
//!
//! `cargo xtask generate` writes them.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::Cli;

/// Set to write what is generated, rather than to compare.
const WRITE: &str = "SLOCKET_GENERATE";

#[test]
fn man_pages_and_completions_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = [man_pages(), completions()].concat();
    assert_eq!(files.len(), 7, "a page for the tool and each of its commands, and three shells");
    for (path, text) in files {
        let path = root.join(path);
        if std::env::var_os(WRITE).is_some() {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, text).expect("a file");
        } else {
            let found = fs::read(&path).unwrap_or_default();
            assert!(found == text, "{} is not current: run `cargo xtask generate`", path.display());
        }
    }
}

fn man_pages() -> Vec<(PathBuf, Vec<u8>)> {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    let commands: Vec<Command> = cli.get_subcommands().cloned().collect();
    let mut pages = vec![page(cli, "slocket")];
    for command in commands {
        let name = format!("slocket-{}", command.get_name());
        pages.push(page(command.version(env!("CARGO_PKG_VERSION")).display_name(&name), &name));
    }
    pages
}

fn page(command: Command, name: &str) -> (PathBuf, Vec<u8>) {
    let mut text = Vec::new();
    Man::new(command).render(&mut text).expect("memory");
    (format!("man/{name}.1").into(), text)
}

fn completions() -> Vec<(PathBuf, Vec<u8>)> {
    let files = [(Shell::Bash, "slocket.bash"), (Shell::Zsh, "_slocket"), (Shell::Fish, "slocket.fish")];
    files
        .map(|(shell, name)| {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "slocket", &mut text);
            (Path::new("completions").join(name), text)
        })
        .to_vec()
}
