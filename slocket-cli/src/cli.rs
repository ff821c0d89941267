//! What may be typed.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::{duration, exit, say};

/// A lock that processes of this machine share by its path.
///
/// A lock is a path at which its holder listens on a Unix socket. Those who wait
/// are served in the order in which they came. A lock whose holder was killed is
/// free. Nothing stays on disk when nobody uses it.
#[derive(Debug, Parser)]
#[command(name = "slocket", version, verbatim_doc_comment, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Run),
}

/// Run a command while holding a lock
///
/// Waits for the lock, runs the command, releases the lock and exits with the
/// command's own code. The command has standard input, output and error as they
/// are, and gets the signals INT, QUIT, TERM and HUP that this tool gets.
///
/// The command inherits the lock: if this tool is killed, the lock stays held
/// until the command, and every process that it started, is gone. If the command
/// leaves a process behind in the background, the lock stays with that.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment, after_help = exit::table(), after_long_help = after_long_help())]
pub(crate) struct Run {
    /// Do not wait: give up at once if the lock is held
    #[arg(short = 'n', long = "nonblock", conflicts_with = "wait")]
    pub(crate) nonblock: bool,

    /// Wait no longer than this: 1.5, 1.5s, 200ms, 2m, 1h
    ///
    /// A number without a unit is seconds. 0 is the same as -n.
    #[arg(short = 'w', long = "wait", value_name = "DURATION", allow_hyphen_values = true, value_parser = duration::parse)]
    pub(crate) wait: Option<Duration>,

    /// Exit with this code, 0 to 255, if the lock is held
    ///
    /// That is: held with -n, or not free in time with -w.
    #[arg(short = 'E', long = "conflict-exit-code", value_name = "CODE", allow_hyphen_values = true, default_value_t = exit::CONFLICT)]
    pub(crate) conflict_exit_code: u8,

    /// Permissions of the lock, in octal [default: 0600]
    ///
    /// Who may write to it may use it. With permission to write for the group
    /// or for others, a lock that another user holds is waited for; without, it
    /// is refused (exit code 77). An abstract name has no permissions.
    #[arg(verbatim_doc_comment, long, value_name = "MODE", allow_hyphen_values = true, value_parser = mode)]
    pub(crate) mode: Option<u32>,

    /// Say nothing about a lock that is held
    ///
    /// Neither that it is waited for, nor that the time is up, nor that a
    /// process left behind keeps it. The exit code tells.
    #[arg(verbatim_doc_comment, short = 'q', long = "quiet")]
    pub(crate) quiet: bool,

    /// Keep the lock from the command
    ///
    /// The command does not inherit it: the lock is free as soon as this tool is
    /// gone, even if the command, or what it left behind, still runs.
    #[arg(verbatim_doc_comment, short = 'o', long = "close")]
    pub(crate) close: bool,

    /// The lock: a path, or, after an @, an abstract name
    ///
    /// An abstract name is no file: the kernel keeps it, for all processes with
    /// the same network namespace, and anybody on the machine can take it. npm's
    /// slocket cannot. A file whose name begins with an @ is ./@file.
    #[arg(verbatim_doc_comment, value_name = "PATH", value_parser = OsStringValueParser::new().try_map(lock))]
    pub(crate) lock: Lock,

    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<OsString>,
}

/// The lock, as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    /// By its path.
    Path(PathBuf),
    /// By its abstract name.
    Name(OsString),
}

/// What was typed, or what is wrong with it.
pub(crate) fn parse() -> Result<Run, clap::Error> {
    parse_from(std::env::args_os())
}

fn parse_from<S: Into<OsString> + Clone>(args: impl IntoIterator<Item = S>) -> Result<Run, clap::Error> {
    let Cli { command: Command::Run(run) } = Cli::try_parse_from(args)?;
    if run.mode.is_some() && matches!(run.lock, Lock::Name(_)) {
        let wrong = "an abstract name has no permissions: --mode is for paths\n";
        return Err(clap::Error::raw(ErrorKind::ArgumentConflict, wrong));
    }
    Ok(run)
}

/// Prints what the parser has to say instead of a command (help, the version, what is wrong) and returns the exit code.
pub(crate) fn answer(answer: &clap::Error) -> u8 {
    if !answer.use_stderr() {
        let _ = answer.print();
        return exit::SUCCESS;
    }
    let text = answer.render().to_string();
    match text.strip_prefix("error: ") {
        Some(wrong) => say::say_text(wrong),
        None => {
            let _ = answer.print();
        }
    }
    exit::USAGE
}

fn lock(typed: OsString) -> Result<Lock, &'static str> {
    match typed.as_bytes() {
        [] => Err("the path of the lock is empty"),
        [b'@', name @ ..] => Ok(Lock::Name(OsString::from_vec(name.to_vec()))),
        _ => Ok(Lock::Path(typed.into())),
    }
}

fn mode(typed: &str) -> Result<u32, String> {
    let octal = !typed.is_empty() && typed.bytes().all(|c| matches!(c, b'0'..=b'7'));
    match u32::from_str_radix(typed, 8) {
        Ok(mode) if octal && mode <= 0o777 => Ok(mode),
        _ => Err("not permissions in octal, 0 to 0777".to_owned()),
    }
}

fn after_long_help() -> String {
    format!(
        "{}\n
Examples:
  slocket run /run/backup.lock -- backup --all
          wait for the turn, then back up
  slocket run -n /run/backup.lock -- backup --all
          skip this time if the last backup still runs (exit code 75)
  slocket run -w 10s -E 0 /run/backup.lock -- backup --all
          wait ten seconds at most, and call it a success if that was not enough
  slocket run --mode 0660 /srv/team/lock sh -c 'git pull && make'
          share the lock with the group; -- may be left out
  slocket run @nightly -- backup --all
          the same without a file, for who shares the network namespace
  slocket run -o /run/web.lock -- service web start
          do not let the daemon that the command starts keep the lock",
        exit::table()
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    fn run(args: &[&str]) -> Result<Run, clap::Error> {
        parse_from(["slocket", "run"].iter().chain(args))
    }

    #[track_caller]
    fn command(args: &[&str]) -> Vec<String> {
        let run = run(args).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!(run.lock, Lock::Path("lock".into()));
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
        assert!(run.is_err(), "-q2 is no option");
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
        assert_eq!(lock("@name"), Lock::Name("name".into()));
        assert_eq!(lock("@@"), Lock::Name("@".into()));
        assert_eq!(lock("./@name"), Lock::Path("./@name".into()));
        assert_eq!(lock("a@b"), Lock::Path("a@b".into()));
        assert!(run(&["--mode", "0660", "@name", "x"]).is_err(), "no permissions");
    }

    #[test]
    fn modes() {
        for (typed, value) in [("0", 0), ("600", 0o600), ("0660", 0o660), ("0777", 0o777), ("00777", 0o777)] {
            assert_eq!(mode(typed), Ok(value), "{typed}");
        }
        for typed in ["", "-1", "+7", "8", "0o600", "1000", "01777", "rw", "0x1", "77777777777777777777"] {
            assert!(mode(typed).is_err(), "{typed}");
        }
    }
}
