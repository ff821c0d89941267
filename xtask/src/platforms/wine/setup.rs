//! Wine, and the programs for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{cargo, root, run as run_command};
use crate::platforms::program::Program;
use crate::platforms::rustup::{WINDOWS, add};
use crate::result::Result;

/// What a trial does, and what it has seen.
pub(super) type Trial = fn(&Wine) -> Result<String>;

/// The folder of what the trials write.
pub(super) const FOLDER: &str = "C:\\trial";

/// The examples that are run, by their packages.
const EXAMPLES: [(&str, &[&str]); 4] = [
    ("slocket-sync", &["sync-counter", "sync-cron", "sync-timeout", "sync-readers", "sync-slots"]),
    ("slocket-tokio", &["tokio-tasks"]),
    ("slocket-smol", &["smol-tasks"]),
    ("slocket-async-std", &["async-std-tasks"]),
];

/// The storm for every system (`trials/src/bin/anywhere.rs`).
pub(super) const ANYWHERE: &str = "anywhere";

/// Wine, with a disk of its own.
pub(super) struct Wine {
    program: PathBuf,
    /// Its drive C, and its registry.
    prefix: PathBuf,
    /// Where the programs are; below it, the examples.
    pub(super) programs: PathBuf,
}

impl Wine {
    pub(super) fn install() -> Result<Self> {
        let packages = ["gcc-mingw-w64-x86-64-win32", "wine64"];
        if program().is_none() || which("x86_64-w64-mingw32-gcc").is_none() {
            println!("Debian's {} are installed (1 GB).", packages.join(" and "));
            run_command(Command::new("apt-get").args(["-qq", "update"]))?;
            let mut install = Command::new("apt-get");
            install.args(["install", "-qq", "-y", "--no-install-recommends"]).args(packages);
            run_command(install.env("DEBIAN_FRONTEND", "noninteractive"))?;
        }
        let program = program().ok_or("there is no wine64")?;
        add(WINDOWS)?;
        for (package, examples) in EXAMPLES {
            let examples = examples.iter().flat_map(|example| ["--example", example]);
            run_command(cargo(&["build", "--locked", "--target", WINDOWS, "--package", package]).args(examples))?;
        }
        for (package, program) in [("trials", ANYWHERE), ("slocket-cli", "slocket")] {
            let build = ["build", "--locked", "--target", WINDOWS, "--package", package, "--bin", program];
            run_command(&mut cargo(&build))?;
        }
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        let programs = target.join(WINDOWS).join("debug");
        let wine = Self { program, prefix: target.join("wine"), programs };
        wine.add_random_numbers()?;
        // (It makes its drive the first time that it runs.)
        fs::create_dir_all(&wine.prefix)?;
        run_command(wine.command("cmd").args(["/c", "exit"]))?;
        Ok(wine)
    }

    /// Rust's programs ask bcryptprimitives.dll for random numbers, which Wine has since version 9. This is one.
    fn add_random_numbers(&self) -> Result {
        const SOURCE: &str = "#include <windows.h>\n\
            BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);\n\
            __declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T length) { return SystemFunction036(bytes, length); }\n";
        let source = self.programs.join("bcryptprimitives.c");
        fs::write(&source, SOURCE)?;
        let library = self.programs.join("bcryptprimitives.dll");
        run_command(
            Command::new("x86_64-w64-mingw32-gcc").arg("-shared").arg("-o").args([&library, &source]).arg("-ladvapi32"),
        )?;
        fs::copy(&library, self.examples().join("bcryptprimitives.dll"))?;
        Ok(())
    }

    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(program).env("WINEPREFIX", &self.prefix).env("WINEDEBUG", "-all").current_dir(self.folder());
        command
    }

    pub(super) fn version(&self) -> Result<String> {
        let output = Command::new(&self.program).arg("--version").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The folder of what the trials write.
    pub(super) fn folder(&self) -> PathBuf {
        self.prefix.clone()
    }

    pub(super) fn examples(&self) -> PathBuf {
        self.programs.join("examples")
    }

    /// Starts an example. Its lock is in a folder of its own.
    pub(super) fn start(&self, example: &str, arguments: &[&str]) -> Result<Program> {
        let mut command = self.command(self.examples().join(format!("{example}.exe")));
        command.args(arguments).env("XDG_RUNTIME_DIR", FOLDER);
        Program::start(example, command)
    }

    pub(super) fn trial(&self) -> PathBuf {
        self.prefix.join("drive_c/trial")
    }

    /// Removes what a trial has left.
    pub(super) fn clear(&self) -> Result {
        let trial = self.trial();
        if trial.exists() {
            fs::remove_dir_all(&trial)?;
        }
        Ok(fs::create_dir(&trial)?)
    }

    /// What was counted to.
    pub(super) fn count(&self) -> u64 {
        let text = fs::read_to_string(self.trial().join("slocket-counter")).unwrap_or_default();
        text.parse().unwrap_or(0)
    }
}

/// Wine's program, which Debian keeps out of the path.
fn program() -> Option<PathBuf> {
    let hidden = Path::new("/usr/lib/wine/wine64");
    which("wine64").or_else(|| hidden.is_file().then(|| hidden.to_owned()))
}

fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
