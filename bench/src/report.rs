//! What a measure hands in, and how it is written down.

use std::fmt::Write as _;

use crate::figure;

/// One measure's results.
#[derive(Default)]
pub(crate) struct Section {
    /// The word after `--only`.
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    /// What was measured, and how.
    pub(crate) text: String,
    pub(crate) tables: Vec<Table>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) comparisons: Vec<Comparison>,
    /// Names and contents of SVG files.
    pub(crate) plots: Vec<(String, String)>,
    /// What did not run: each makes the run fail.
    pub(crate) failures: Vec<String>,
}

/// A table.
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>, head: &[&str]) -> Self {
        Self { title: title.into(), head: head.iter().map(|&cell| cell.to_owned()).collect(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        assert_eq!(cells.len(), self.head.len(), "a cell for each column");
        self.rows.push(cells);
    }
}

/// Something that is to hold, and the figure that was measured.
pub(crate) struct Claim {
    pub(crate) text: String,
    pub(crate) measured: String,
    pub(crate) reached: bool,
}

impl Claim {
    /// A value that is to be at most so much.
    pub(crate) fn at_most(text: impl Into<String>, value: f64, most: f64, show: impl Fn(f64) -> String) -> Self {
        Self { text: text.into(), measured: show(value), reached: value <= most }
    }

    /// A value that is to be at least so much.
    pub(crate) fn at_least(text: impl Into<String>, value: f64, least: f64, show: impl Fn(f64) -> String) -> Self {
        Self { text: text.into(), measured: show(value), reached: value >= least }
    }
}

/// Ours beside another's, for the list of wins and losses.
pub(crate) struct Comparison {
    pub(crate) what: String,
    pub(crate) other: String,
    /// How many times better ours is: below 1 it is a loss.
    pub(crate) factor: f64,
}

/// Beyond this a difference is a win or a loss; below it is a draw.
const DRAW: f64 = 1.05;

/// The words that come before the sections that explain them.
const WORDS: &str = "Some words, of which the sections say more. The *floor* is the bare system calls that a lock of this kind needs; *the two \
    looks* are those of them that see whether the path is still ours. A *new handle* is made for each acquire, as \
    `slocket run` does; a *reused* one is kept. A *handoff* is from the release by one process to the acquire by another that \
    waited. *Jain's index* of how often each process held the lock is 1 if all had it equally often, and 1/n if one of n had it \
    alone. *Inversions* are acquisitions that overtook a process that had asked before.";

/// The whole document.
pub(crate) fn document(header: &str, sections: &[Section]) -> String {
    let mut text = String::from("# Benchmarks\n\n");
    text.push_str(header);
    let _ = write!(text, "\n{WORDS}\n\n## In short\n\n");
    text.push_str(&claims(sections));
    text.push('\n');
    text.push_str(&balance(sections));
    for section in sections {
        let _ = write!(text, "\n## {}\n\n{}\n", section.title, section.text.trim());
        for (name, _) in &section.plots {
            let _ = write!(text, "\n![{}](benchmarks/{name})\n", section.title);
        }
        for table in &section.tables {
            let _ = write!(text, "\n{}", of_table(table));
        }
        for failure in &section.failures {
            let _ = write!(text, "\n**Did not run:** {failure}\n");
        }
    }
    text
}

fn claims(sections: &[Section]) -> String {
    let mut text = String::from("| wanted | measured | |\n|---|---:|---|\n");
    for claim in sections.iter().flat_map(|section| &section.claims) {
        let reached = if claim.reached { "reached" } else { "**missed**" };
        let _ = writeln!(text, "| {} | {} | {reached} |", claim.text, claim.measured);
    }
    text
}

/// The wins and the losses, the greatest first.
fn balance(sections: &[Section]) -> String {
    let mut all: Vec<_> = sections.iter().flat_map(|section| &section.comparisons).collect();
    all.sort_by(|a, b| b.factor.total_cmp(&a.factor));
    let line = |comparison: &Comparison, factor: f64, word: &str| {
        format!("* {}: {} {word} than {}\n", comparison.what, figure::ratio(factor), comparison.other)
    };
    let mut text = String::from("**Where slocket loses**\n\n");
    let losses: Vec<_> = all.iter().rev().filter(|comparison| comparison.factor < 1.0 / DRAW).collect();
    if losses.is_empty() {
        text.push_str("* nowhere in this run\n");
    }
    losses.iter().for_each(|comparison| text.push_str(&line(comparison, 1.0 / comparison.factor, "worse")));
    text.push_str("\n**Where it wins**\n\n");
    let wins: Vec<_> = all.iter().filter(|comparison| comparison.factor > DRAW).collect();
    if wins.is_empty() {
        text.push_str("* nowhere in this run\n");
    }
    wins.iter().for_each(|comparison| text.push_str(&line(comparison, comparison.factor, "better")));
    let draws = all.len() - losses.len() - wins.len();
    let _ = write!(text, "\nWithin 5 %: {draws} of {} comparisons.\n", all.len());
    text
}

/// A table in Markdown, its columns aligned so that it can be read as it is.
fn of_table(table: &Table) -> String {
    let widths: Vec<_> = (0..table.head.len())
        .map(|column| {
            let cells = table.rows.iter().map(|row| row[column].chars().count());
            cells.chain([table.head[column].chars().count(), 3]).max().unwrap_or(3)
        })
        .collect();
    let line = |cells: &[String]| {
        let mut text = String::from("|");
        for (column, cell) in cells.iter().enumerate() {
            let padding = " ".repeat(widths[column] - cell.chars().count());
            let _ = if column == 0 { write!(text, " {cell}{padding} |") } else { write!(text, " {padding}{cell} |") };
        }
        text + "\n"
    };
    let mut text = format!("**{}**\n\n{}|", table.title, line(&table.head));
    for (column, width) in widths.iter().enumerate() {
        let dashes = "-".repeat(width + 1);
        let _ = if column == 0 { write!(text, "{dashes}-|") } else { write!(text, "{dashes}:|") };
    }
    text.push('\n');
    table.rows.iter().for_each(|row| text.push_str(&line(row)));
    text
}
