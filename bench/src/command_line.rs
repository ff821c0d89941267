//! `slocket run PATH -- true` beside `flock PATH true`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use crate::figure::{self, Figure};
use crate::plan::Bench;
use crate::report::{Claim, Comparison, Section, Table};
use crate::result::Result;

pub(crate) fn measure(bench: &mut Bench) -> Result<Section> {
    let mut section = Section {
        title: "Command line",
        text: "From the start of the tool to its end, with `true` as the command, on a lock that no other process wants (on tmpfs). \
               `true` alone is what no tool can do without. `slocket run` makes a thread or two, relays signals, and finds out \
               whether the command has left processes behind that keep the lock; flock(1) does none of that."
            .into(),
        ..Section::default()
    };
    let (lock, file) = (bench.fresh_path(), bench.fresh_path());
    let tool = tool()?;
    let mut commands = [
        ("slocket run", Command::new(&tool), Vec::new()),
        ("slocket run --close", Command::new(&tool), Vec::new()),
        ("flock", Command::new("flock"), Vec::new()),
        ("slocket run @name", Command::new(&tool), Vec::new()),
        ("true alone", Command::new("true"), Vec::new()),
    ];
    commands[0].1.arg("run").arg(&lock).args(["--", "true"]);
    commands[1].1.args(["run", "--close"]).arg(&lock).args(["--", "true"]);
    commands[2].1.arg(&file).arg("true");
    commands[3].1.arg("run").arg(format!("@slocket-bench-{}", std::process::id())).args(["--", "true"]);
    for _ in 0..bench.scale.of(3, 100, 1_000) {
        for (name, command, times) in &mut commands {
            let start = Instant::now();
            let status = command.status()?;
            times.push(start.elapsed().as_nanos() as f64);
            if !status.success() {
                return Err(format!("{name}: {status}").into());
            }
        }
    }
    let figures = commands
        .iter()
        .map(|(_, _, times)| Figure::of(times).ok_or("not measured"))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let mut table =
        Table::new("one command under a lock", &["", "time (quartiles)", "to slocket", "without `true` alone"]);
    for ((name, _, _), figure) in commands.iter().zip(&figures) {
        let ratio = figure::ratio(figure.median / figures[0].median);
        let rest = (figure.median - figures[4].median).max(0.0);
        table.row(vec![(*name).into(), figure.time(), ratio, figure::time(rest)]);
    }
    section.tables.push(table);
    let ratio = figures[0].median / figures[2].median;
    section.claims.push(Claim::at_most("`slocket run` of true: at most 1.3× of flock(1)", ratio, 1.3, figure::ratio));
    let what = "`slocket run` of true".into();
    section.comparisons.push(Comparison { what, other: "flock(1)".into(), factor: 1.0 / ratio });
    Ok(section)
}

/// The tool, beside this program or, in a test, in the folder above.
pub(crate) fn tool() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let found = program.ancestors().skip(1).take(2).map(|folder| folder.join("slocket")).find(|tool| tool.is_file());
    Ok(found.ok_or("the tool `slocket` is not built (cargo build --release -p slocket-cli)")?)
}
