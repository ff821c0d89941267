//! The command line.

mod run;
mod status;
mod wait;

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use crate::target::Target;
use crate::{exit, say};

pub(crate) use run::Run;
pub(crate) use status::Status;
pub(crate) use wait::Wait;

/// A lock that processes of this machine share by its path.
///
/// A lock is a path at which its holder listens on a Unix socket. Waiters are
/// served in the order in which they came. A lock whose holder was killed is
/// free. An unused lock leaves nothing on disk; after a kill, a socket stays
/// until the next use.
#[derive(Debug, Parser)]
#[command(name = "slocket", version, verbatim_doc_comment, arg_required_else_help = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "Examples:
  slocket run build.lock -- make                 wait for the lock, then run make
  slocket run -n build.lock -- make              if the lock is held: exit code 75
  slocket run --slots 4 jobs.lock -- ./work      at most four at once
  slocket status build.lock                      the holder and the waiters

With SLOCKET_LOG=debug in the environment, each step is written to standard error.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Run),
    Status(Status),
    Wait(Wait),
}

/// What was typed, or what is wrong with it.
pub(crate) fn parse() -> Result<Command, clap::Error> {
    parse_from(std::env::args_os())
}

fn parse_from<S: Into<OsString> + Clone>(args: impl IntoIterator<Item = S>) -> Result<Command, clap::Error> {
    let Cli { command } = Cli::try_parse_from(args)?;
    match command.wrong() {
        Some(wrong) => Err(clap::Error::raw(ErrorKind::ArgumentConflict, format!("{wrong}\n"))),
        None => Ok(command),
    }
}

impl Command {
    /// What is wrong with it that the parser cannot see.
    fn wrong(&self) -> Option<&'static str> {
        let (want, lock) = match self {
            Self::Run(Run { mode: Some(_), lock: Target::Abstract(_), .. }) => {
                return Some("an abstract name has no permissions: --mode is for paths");
            }
            Self::Run(run) => (run.want(), &run.lock),
            Self::Wait(wait) => (wait.want(), &wait.lock),
            Self::Status(_) => return None,
        };
        (!want.is_of(lock)).then_some("an abstract name cannot be shared: -s and --slots are for paths")
    }
}

/// Prints what the parser has to say instead of a command (help, the version, what is wrong) and returns the exit code.
pub(crate) fn answer(answer: &clap::Error) -> u8 {
    if !answer.use_stderr() {
        let _ = answer.print();
        return exit::SUCCESS;
    }
    // flock(1) takes a single number for a descriptor. One that is an option's (`--slots 4`) leaves the path missing, too.
    let last = std::env::args_os().next_back().and_then(|last| last.into_string().ok());
    let is_number = last.filter(|last| !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()));
    if let (ErrorKind::MissingRequiredArgument, Some(number)) = (answer.kind(), is_number)
        && !is_missing_path(answer)
    {
        say::say_lines(&[
            format!("{number}: a descriptor cannot be locked, only a path, for as long as a command runs"),
            "write: slocket run PATH -c 'what the lock is for'".to_owned(),
        ]);
        return exit::USAGE;
    }
    let text = answer.render().to_string();
    match text.strip_prefix("error: ") {
        Some(wrong) => say::say_lines(&in_short(wrong, &std::env::args_os().nth(1).unwrap_or_default())),
        None => {
            let _ = answer.print();
        }
    }
    exit::USAGE
}

/// What is wrong, the parser's first tip, and where there is more: three lines at most.
fn in_short(wrong: &str, first_word: &OsStr) -> Vec<String> {
    let first: Vec<_> = wrong.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let tip = wrong.lines().find_map(|line| line.trim_start().strip_prefix("tip: "));
    let command = Cli::command();
    let command = command.find_subcommand(first_word).map_or(String::new(), |found| format!("{} ", found.get_name()));
    let help = format!("see slocket {command}--help");
    [Some(first.join(" ")), tip.map(str::to_owned), Some(help)].into_iter().flatten().collect()
}

fn is_missing_path(answer: &clap::Error) -> bool {
    match answer.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(missing)) => missing.iter().any(|name| name == "<PATH>"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;
    use std::time::Duration;

    use super::*;
    use crate::want::Want;

    #[test]
    fn a_mistake_is_told_in_three_lines_at_most() {
        for (typed, expected) in [
            (&["run"][..], "the following required arguments were not provided: <PATH> <COMMAND>..."),
            (&["rum"], "unrecognized subcommand 'rum'"),
            (&["run", "--slot", "3", "lock", "x"], "unexpected argument '--slot' found"),
            (
                &["run", "-n", "-w", "3", "lock", "x"],
                "the argument '--nonblock' cannot be used with '--wait <DURATION>'",
            ),
            (
                &["run", "--mode", "8", "lock", "x"],
                "invalid value '8' for '--mode <MODE>': not permissions in octal, 0 to 0777",
            ),
        ] {
            let wrong = parse_from(["slocket"].iter().chain(typed)).expect_err("wrong").render().to_string();
            let lines = in_short(wrong.strip_prefix("error: ").expect("an error"), OsStr::new(typed[0]));
            assert!(lines.len() <= 3 && lines[0] == expected, "{lines:?}");
            let help = if typed[0] == "run" { "see slocket run --help" } else { "see slocket --help" };
            assert_eq!(lines.last().map(String::as_str), Some(help));
        }
    }

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    fn run(args: &[&str]) -> Result<Run, clap::Error> {
        parse_from(["slocket", "run"].iter().chain(args)).map(|command| match command {
            Command::Run(run) => run,
            other => panic!("{other:?}"),
        })
    }

    #[track_caller]
    fn command(args: &[&str]) -> Vec<String> {
        let run = run(args).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!(run.lock, Target::Path("lock".into()));
        run.command.into_iter().map(|arg| arg.into_string().expect("it was UTF-8")).collect()
    }

    #[test]
    fn the_command_is_left_untouched() {
        assert_eq!(command(&["lock", "--", "git", "checkout", "--", "file"]), ["git", "checkout", "--", "file"]);
        assert_eq!(command(&["lock", "git", "checkout", "--", "file"]), ["git", "checkout", "--", "file"]);
        assert_eq!(command(&["lock", "grep", "-n", "-w", "x", "--quiet"]), ["grep", "-n", "-w", "x", "--quiet"]);
        assert_eq!(command(&["lock", "--", "-n", "-q"]), ["-n", "-q"]);
        assert_eq!(command(&["lock", "--", "--", "x"]), ["--", "x"]);
        assert_eq!(command(&["--", "lock", "sh", "-c", "x"]), ["sh", "-c", "x"]);
        assert_eq!(command(&["lock", "sh", "--help"]), ["sh", "--help"]);
        assert_eq!(command(&["lock", "--", "x", ""]), ["x", ""]);
    }

    #[test]
    fn options_are_read_before_the_command() {
        let run = run(&["-qo", "-w", "1.5", "-E7", "--mode=0660", "lock", "-q2"]).map(|_| ());
        assert!(run.is_err(), "-q2 is not an option");
        let run = self::run(&["-qo", "-w", "1.5", "-E7", "--mode=0660", "lock", "x"]).expect("correct");
        assert!(run.quiet && run.close && !run.nonblock);
        assert_eq!(run.wait, Some(Duration::from_millis(1500)));
        assert_eq!((run.conflict_exit_code, run.mode), (7, Some(0o660)));
        let run = self::run(&["lock", "-n", "--", "x", "-q"]).expect("between the path and the command");
        assert!(run.nonblock && !run.quiet);
    }

    #[test]
    fn paths_and_names() {
        let lock = |typed| run(&[typed, "x"]).expect("correct").lock;
        assert_eq!(lock("@name"), Target::Abstract(b"name".to_vec()));
        assert_eq!(lock("@@"), Target::Abstract(b"@".to_vec()));
        assert_eq!(lock("./@name"), Target::Path("./@name".into()));
        assert_eq!(lock("a@b"), Target::Path("a@b".into()));
        assert!(run(&["--mode", "0660", "@name", "x"]).is_err(), "no permissions");
        assert!(run(&["@", "x"]).is_err(), "no name");
    }

    #[test]
    fn as_flock_reads_it() {
        for args in [&["lock", "-c", "a b"][..], &["-c", "a b", "lock"], &["-n", "lock", "--command", "a b"]] {
            let words = run(args).expect("correct").words();
            assert_eq!(words[1..], ["-c", "a b"], "{args:?}");
        }
        assert!(run(&["lock", "-c", "a", "b"]).is_err(), "one script alone");
        assert!(run(&["-c", "a", "lock", "b"]).is_err(), "one script alone");
        for args in
            [&["-x", "lock", "y"][..], &["-e", "lock", "y"], &["--nb", "lock", "y"], &["--timeout", "1", "lock", "y"]]
        {
            assert!(run(args).is_ok_and(|run| run.words() == ["y"] && run.refused().is_none()), "{args:?}");
        }
        for args in [&["-u", "9"][..], &["-F", "lock", "y"]] {
            assert!(run(args).is_ok_and(|run| run.refused().is_some()), "{args:?}");
        }
    }

    #[test]
    fn what_is_wanted() {
        let want = |args: &[&str]| run(args).unwrap_or_else(|wrong| panic!("{wrong}")).want();
        for (args, expected) in [
            (&["lock", "y"][..], Want::Lock),
            (&["-s", "lock", "y"], Want::Shared),
            (&["-sn", "lock", "y"], Want::Shared),
            (&["-sw", "5", "lock", "y"], Want::Shared),
            (&["-s", "-s", "lock", "y"], Want::Shared),
            (&["-x", "--shared", "lock", "y"], Want::Shared),
            (&["-se", "lock", "y"], Want::Lock),
            (&["-s", "--exclusive", "-x", "lock", "y"], Want::Lock),
            (&["--slots", "4", "lock", "y"], Want::Slot(NonZeroU16::new(4).expect("not 0"))),
        ] {
            assert_eq!(want(args), expected, "{args:?}");
        }
        assert!(matches!(want(&["--slots=cpus", "lock", "y"]), Want::Slot(_)));
        for args in [
            &["-s", "--slots", "4", "lock", "y"][..],
            &["-x", "--slots", "4", "lock", "y"],
            &["--slots", "0", "lock", "y"],
            &["--slots", "-1", "lock", "y"],
            &["-s", "@name", "y"],
            &["--slots", "4", "@name", "y"],
        ] {
            assert!(run(args).is_err(), "{args:?}");
        }
    }
}
