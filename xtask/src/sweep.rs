//! `cargo xtask kill-sweep`, `pause-sweep`, `error-sweep`: a process is killed, held still, or refused its system calls, at
//! each of them in turn.

use crate::command::{self, cargo, heading, in_ci};
use crate::npm::{self, Npm};
use crate::result::Result;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only this adapter: sync, tokio, tokio-threads, async-std, smol
    #[arg(long)]
    adapter: Option<String>,
    /// Only this role: newcomer, aside, waiter, hands-over, closes-out, lends, times-out, reclaims; or, all but aside, lends
    /// and reclaims, at an abstract name: newcomer-at-name and so on; or about shares: shares, shares-beside, takes-slot,
    /// takes-second-slot, waits-for-slot, waits-for-shares, downgrades, gives-up-on-shares, or all of them: about-shares
    #[arg(long)]
    role: Option<String>,
    /// Two points in each run: the process that repairs is killed as well; the process that reclaims is stopped a second time
    #[arg(long)]
    pairs: bool,
    /// This many points of each adapter and role, at random, instead of all
    #[arg(long)]
    sample: Option<usize>,
    /// What the random choices follow from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Kill,
    Pause,
    Error,
}

pub(crate) fn run(kind: Kind, options: &Options) -> Result {
    heading("npm package");
    match npm::install()? {
        Npm::Ready { version, node } => println!("slocket@{version} under Node {node}"),
        Npm::Missing(reason) if in_ci() => return Err(reason.into()),
        Npm::Missing(reason) => println!("{reason}: the scenes with npm's slocket will be skipped"),
    }
    heading("build");
    command::run(&mut cargo(&["build", "--package", "trials", "--bins"]))?;
    heading("sweep");
    sweep(kind, options)
}

#[cfg(target_arch = "x86_64")]
fn sweep(kind: Kind, options: &Options) -> Result {
    use trials::Adapter;
    use trials::sweep::{Choice, Role, Sweep};

    let adapters: Vec<_> = Adapter::OURS
        .into_iter()
        .filter(|adapter| options.adapter.as_deref().is_none_or(|name| name == adapter.name()))
        .collect();
    let is_meant = |role: &Role, name: &str| name == role.name() || name == "about-shares" && role.is_about_shares();
    let roles: Vec<_> =
        Role::ALL.into_iter().filter(|role| options.role.as_deref().is_none_or(|name| is_meant(role, name))).collect();
    let sweep = match (kind, options.pairs) {
        (Kind::Kill, false) => Sweep::Kill,
        (Kind::Kill, true) => Sweep::KillPairs,
        (Kind::Pause, false) => Sweep::Pause,
        (Kind::Pause, true) => Sweep::PausePairs,
        (Kind::Error, false) => Sweep::Error,
        (Kind::Error, true) => return Err("calls fail one at a time: there are no pairs of them".into()),
    };
    let choice = options.sample.map_or(Choice::Whole, Choice::Some);
    Ok(sweep.run(&adapters, &roles, choice, options.seed)?)
}

#[cfg(not(target_arch = "x86_64"))]
fn sweep(_: Kind, _: &Options) -> Result {
    Err("the sweeps read the registers of x86-64, and of no other processor yet".into())
}
