//! What is known of locks, without queueing: the kernel's tables, looked at until they agree.

mod file;
mod report;
mod sharing;
mod socket;
mod view;

use std::io;
use std::thread;
use std::time::Duration;

use crate::known::{Report, State};
use crate::processes::{Processes, retains};
use crate::target::Target;

use view::View;

/// Between two looks at the kernel's tables a lock may have gone from hand to hand: then they are looked at again.
const LOOKS: usize = 20;

/// How long a waiter that is being handed the lock may take to receive it.
const MOMENT: Duration = Duration::from_millis(5);

/// What is known of one lock.
pub(crate) fn report(target: &Target) -> io::Result<Report> {
    look(std::slice::from_ref(target), Processes::default).remove(0)
}

/// The same without its processes, which to find means to look at all there are.
pub(crate) fn report_on_users(target: &Target) -> io::Result<Report> {
    look(std::slice::from_ref(target), Processes::unseen).remove(0)
}

/// What is known of these locks.
pub(crate) fn reports(targets: &[Target]) -> Vec<io::Result<Report>> {
    look(targets, Processes::default)
}

/// The reports on these locks, all at one time or another within an instant.
fn look(targets: &[Target], processes: impl Fn() -> Processes) -> Vec<io::Result<Report>> {
    let mut looks = 1;
    loop {
        let before: Vec<_> = targets.iter().map(|target| sharing::beside(target.path())).collect();
        let view = View::take(processes());
        let mut reports: Vec<_> = targets.iter().map(|target| socket::on(target, &view)).collect();
        inspect(targets, &mut reports, &view);
        for ((target, report), before) in targets.iter().zip(&mut reports).zip(&before) {
            if let (Some(path), Ok(report)) = (target.path(), report) {
                report.add_shares(path, before, &view);
            }
        }
        for report in reports.iter_mut().flatten() {
            let holder = report.holder.as_ref().and_then(|holder| holder.pid);
            report.retains = report.state == State::Held && holder.is_some_and(retains);
        }
        let torn = reports.iter().any(|report| report.as_ref().is_ok_and(|report| report.torn));
        if !torn || looks == LOOKS {
            return reports;
        }
        looks += 1;
        thread::sleep(MOMENT);
    }
}

/// Inspects all at once those that no process listens at, as far as the table tells.
fn inspect(targets: &[Target], reports: &mut [io::Result<Report>], view: &View) {
    let silent = targets.iter().zip(reports).filter_map(|(target, report)| match (target, report) {
        (Target::Path(path), Ok(report)) if report.silent.is_some() => Some((target, path, report)),
        _ => None,
    });
    let silent: Vec<_> = silent.collect();
    let paths: Vec<_> = silent.iter().map(|(_, path, _)| path).collect();
    let inspected = slocket_os::inspect(&paths);
    for ((target, path, report), inspected) in silent.into_iter().zip(inspected) {
        report.inspected(target, path, inspected, view);
    }
}
