//! The figures, a column for each phase at each site.

use std::fmt::Display;

use super::figures::{Figures, kinds};

/// Columns of the name of a line.
const NAME: usize = 31;
/// Columns of a figure.
const CELL: usize = 11;

/// All figures in lines.
#[must_use]
pub fn table(all: &[Figures]) -> String {
    let mut table = Table { all, text: String::new() };
    table.line("", |figures| figures.phase.name().to_owned());
    table.line("", |figures| figures.site.name().to_owned());
    table.line("seconds", |figures| format!("{:.1}", figures.raged.as_secs_f64()));
    table.line("acquisitions", |figures| grouped(figures.acquired()));
    for kind in kinds(all) {
        table.line(&named(&kind), |figures| grouped(count(figures.acquisitions.get(&kind))));
    }
    table.line("SIGKILL", |figures| grouped(figures.killed()));
    for kind in kinds(all) {
        table.line(&named(&kind), |figures| grouped(count(figures.kills.get(&kind))));
    }
    table.line("  while it held", |figures| grouped(figures.holders_killed));
    table.line("  the tool, its command held on", |figures| grouped(figures.orphans));
    table.line("  put off: the lock may be lent", |figures| grouped(figures.spared));
    table.line("SIGSTOP, SIGCONT", |figures| grouped(figures.stops));
    table.line("time-outs", |figures| grouped(figures.timed_out));
    table.line("cancelled waits", |figures| grouped(figures.cancelled));
    table.line("tries that would block", |figures| grouped(figures.would_block));
    table.line("lulls", |figures| grouped(figures.lulls));
    table.line("npm gave up, was asked again", |figures| grouped(figures.resets));
    table.line("npm died by itself, restarted", |figures| grouped(figures.npm_deaths.values().sum::<u64>()));
    table.line("a human removed the socket", |figures| grouped(figures.human));
    table.line("kill of a holder to next hold", |_| String::new());
    for (name, percent) in [("  p50", 50), ("  p90", 90), ("  p99", 99), ("  longest", 100)] {
        table.line(name, |figures| figures.recovery(percent).map_or("-".to_owned(), milliseconds));
    }
    table.line("longest wait for the lock", |figures| milliseconds(figures.longest_wait));
    table.line("fairness (Jain's index)", |figures| format!("{:.3}", figures.fairness()));
    table.line("holds that change the process", |figures| {
        format!("{:.1} %", figures.changes as f64 * 100.0 / (figures.acquired().saturating_sub(1).max(1)) as f64)
    });
    table.text
}

struct Table<'a> {
    all: &'a [Figures],
    text: String,
}

impl Table<'_> {
    fn line(&mut self, name: &str, cell: impl Fn(&Figures) -> String) {
        let cells: String = self.all.iter().map(|figures| format!("{:>CELL$}", cell(figures))).collect();
        self.text += format!("{name:NAME$}{cells}").trim_end();
        self.text.push('\n');
    }
}

fn named(kind: &str) -> String {
    match kind {
        "run" => "  slocket run".to_owned(),
        "node" => "  npm slocket".to_owned(),
        "fork" => "  forked without exec".to_owned(),
        _ => format!("  {kind}"),
    }
}

fn count(count: Option<&u64>) -> u64 {
    count.copied().unwrap_or(0)
}

fn milliseconds(nanoseconds: u64) -> String {
    format!("{:.2} ms", nanoseconds as f64 / 1e6)
}

/// The number with a comma between thousands.
pub fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
