//! `cargo xtask kernels`: the facts of the model, a storm, and the trials that apply, on other kernels than this machine's.
//!
//! Each kernel is a program of a Debian package and runs as a process, with the files of this machine: gVisor's, which is
//! none of Linux's code, and older ones of Linux in user mode.

mod binaries;
mod debian;
mod differences;
mod facts;
mod kernel;
mod machine;

use std::error::Error;

use binaries::Binaries;
pub(crate) use kernel::Kernel;
use machine::Machine;

use crate::command::heading;
use crate::result::Result;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these (without any: all)
    #[arg(value_enum)]
    kernels: Vec<Kernel>,
    /// How long the storm rages on each; half as long on Linux in user mode, which has one slow processor
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(20..))]
    seconds: u64,
}

/// Fetches the kernel; fails with the reason if it is not available.
pub(crate) fn fetch(kernel: Kernel) -> Result {
    debian::program(kernel).map(drop)
}

pub(crate) fn run(options: &Options) -> Result {
    let kernels = if options.kernels.is_empty() { Kernel::ALL.as_slice() } else { &options.kernels };
    let programs = kernels.iter().map(|kernel| debian::program(*kernel)).collect::<Result<Vec<_>>>()?;
    heading("build");
    let binaries = Binaries::build()?;
    let mut failed = Vec::new();
    for (kernel, program) in kernels.iter().zip(programs) {
        let machine = Machine::new(*kernel, program)?;
        let name = kernel.name();
        heading(&format!("{name}: the facts"));
        failed.extend(facts::check(&machine, &binaries)?.into_iter().map(|fault| format!("{name}: {fault}")));
        for (what, script) in trials(*kernel, &binaries, options.seconds)? {
            heading(&format!("{name}: {what}"));
            if !machine.run(&script, |line| println!("{line}"))? {
                failed.push(format!("{name}: {what}"));
            }
        }
    }
    heading("summary");
    if failed.is_empty() {
        println!(
            "All as it should be on {}.",
            kernels.iter().map(|kernel| kernel.name()).collect::<Vec<_>>().join(", ")
        );
        return Ok(());
    }
    Err(failed.join("\n       ").into())
}

/// What else runs on it: a name and a shell script each.
fn trials(kernel: Kernel, binaries: &Binaries, seconds: u64) -> Result<Vec<(String, String)>> {
    let trial = |name: &str, filter: &str| {
        let program = binaries.test("trials", name)?.display();
        Ok::<_, Box<dyn Error>>((
            format!("the trial `{name}`"),
            format!("'{program}' --test-threads=1 --color=never {filter}"),
        ))
    };
    let storm = |options: &str| {
        let program = binaries.xtask().display();
        ("a storm".to_owned(), format!("'{program}' storm --without-build --without-npm --tmpfs --name {options}"))
    };
    let shares = |acquisitions: u32| {
        let program = binaries.xtask().display();
        ("a storm of shares".to_owned(), format!("'{program}' shares --without-build --acquisitions {acquisitions}"))
    };
    Ok(match kernel {
        // All others watch the queue in /proc/net/unix, where gVisor does not show it.
        Kernel::Gvisor => {
            vec![
                trial("exclusion", "at_path at_name")?,
                trial("threads", "")?,
                storm(&format!("--seconds {seconds}")),
                shares(3000),
            ]
        }
        Kernel::Linux6 | Kernel::Linux5 => {
            // (On one slow processor a kill hardly ever meets a process that has a share just then.)
            vec![storm(&format!("--slow --seconds {}", seconds / 2))]
        }
    })
}
