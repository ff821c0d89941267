//! One kernel, in which scripts run with the files of this machine.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::debian;
use super::kernel::Kernel;
use crate::command::{plain, root};
use crate::result::Result;

/// What the script's own words begin after, and what it ended with. (A kernel speaks on the same stream.)
const BEGIN: &str = "kernel: begins";
const END: &str = "kernel: ends with ";
/// How many seconds it may take, and a little more for it to end: only for hangs.
const PATIENCE: [&str; 2] = ["--kill-after=10", "900"];

pub(super) struct Machine {
    pub(super) kernel: Kernel,
    program: PathBuf,
    script: PathBuf,
}

impl Machine {
    pub(super) fn new(kernel: Kernel, program: PathBuf) -> Result<Self> {
        let script = debian::folder(kernel)?.join("script");
        Ok(Self { kernel, program, script })
    }

    /// Boots, runs a shell script as root, and hands each line that it prints to `see`. False if the script failed.
    pub(super) fn run(&self, script: &str, mut see: impl FnMut(&str)) -> Result<bool> {
        fs::write(&self.script, self.whole(script))?;
        fs::set_permissions(&self.script, fs::Permissions::from_mode(0o755))?;
        let (reader, writer) = std::io::pipe()?;
        let mut command = self.command();
        let mut child = command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).spawn()?;
        drop(command);
        let (mut begun, mut status) = (false, None);
        for line in BufReader::new(reader).split(b'\n') {
            let line = line?;
            let line = plain(String::from_utf8_lossy(&line).trim_end());
            if line == BEGIN {
                begun = true;
            } else if let Some(code) = line.strip_prefix(END) {
                status = code.parse::<i32>().ok();
            } else if begun && status.is_none() {
                see(&line);
            }
        }
        let ended = child.wait()?;
        match status {
            Some(code) => Ok(code == 0),
            None => Err(format!("{}: the script did not come to its end ({ended})", self.kernel.name()).into()),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new("timeout");
        command.args(PATIENCE).arg(&self.program).env("RUST_BACKTRACE", "0").env_remove("CI");
        match self.kernel {
            Kernel::Gvisor => command.args(["--network=none", "--ignore-cgroups", "do", "sh"]).arg(&self.script),
            Kernel::Linux6 | Kernel::Linux5 => command
                .args(["mem=1G", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw", "quiet"])
                .args(["con=null", "con0=fd:0,fd:1"])
                .arg(format!("init={}", self.script.display())),
        };
        command
    }

    /// The script with what is done before and after it. Each has a tmpfs at /dev/shm, and says what it is.
    fn whole(&self, script: &str) -> String {
        let (before, after) = match self.kernel {
            Kernel::Gvisor => ("", ""),
            // The first and only process; /tmp is the machine's own, whose sockets this kernel has no part in.
            Kernel::Linux6 | Kernel::Linux5 => (
                "export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root\n\
                 mount -t proc proc /proc\n\
                 mount -t tmpfs tmpfs /tmp\n\
                 mkdir -p /dev/shm\n\
                 mount -t tmpfs tmpfs /dev/shm\n\
                 : Random numbers are long in coming after a boot, and getrandom blocks until then.\n\
                 head -c 1 /dev/random >/dev/null\n",
                "halt -f || reboot -f\n",
            ),
        };
        let root = root();
        let root = root.display();
        format!("#!/bin/sh\n{before}cd '{root}'\necho '{BEGIN}'\n(\n{script}\n)\necho \"{END}$?\"\n{after}")
    }
}
