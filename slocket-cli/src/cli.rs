//! What may be typed.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueHint};

use crate::target::Target;
use crate::{duration, exit, say};

/// A lock that processes of this machine share by its path.
///
/// A lock is a path at which its holder listens on a Unix socket. Those who wait
/// are served in the order in which they came. A lock whose holder was killed is
/// free. Nothing stays on disk when nobody uses it; after a kill, a socket does
/// until the next use.
#[derive(Debug, Parser)]
#[command(name = "slocket", version, verbatim_doc_comment, arg_required_else_help = true, after_help = OF_LOG)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const OF_LOG: &str = "With SLOCKET_LOG=debug in the environment, each step is written to standard error.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Run),
    Status(Status),
    Wait(Wait),
}

/// Run a command while holding a lock
///
/// Waits for the lock, runs the command, releases the lock and exits with the
/// command's own code. The command has standard input, output and error as they
/// are, and gets the signals that this tool gets: HUP, INT, QUIT, TERM, USR1, USR2,
/// WINCH and CONT.
///
/// The command inherits the lock: if this tool is killed, the lock stays held
/// until the command, and every process that it started, is gone. If the command
/// leaves a process behind in the background, the lock stays with that.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment, after_help = exit::of_run(), after_long_help = examples_of_run())]
pub(crate) struct Run {
    /// Do not wait: give up at once if the lock is held
    #[arg(short = 'n', long = "nonblock", aliases = ["nb", "nonblocking"], conflicts_with = "wait")]
    pub(crate) nonblock: bool,

    /// Wait no longer than this: 1.5, 1.5s, 200ms, 2m, 1h
    ///
    /// A number without a unit is seconds. 0 is the same as -n.
    #[arg(short = 'w', long = "wait", alias = "timeout", value_name = "DURATION", allow_hyphen_values = true, value_parser = duration::parse)]
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
    /// is refused (exit code 77), unless there is no way to connect to it: then
    /// it is waited for, too. An abstract name has no permissions.
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

    /// Run this by the shell, instead of COMMAND
    ///
    /// By the one that the variable SHELL names, else by /bin/sh.
    #[arg(
        short = 'c',
        long = "command",
        value_name = "SCRIPT",
        allow_hyphen_values = true,
        conflicts_with = "command"
    )]
    pub(crate) shell: Option<OsString>,

    /// As flock(1) has it: a lock is always exclusive
    #[arg(short = 'x', visible_short_alias = 'e', long = "exclusive")]
    pub(crate) exclusive: bool,

    /// Say how long it took to get the lock, and what is run
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Of flock(1): refused, there are no shared locks
    #[arg(short = 's', long = "shared", hide = true)]
    pub(crate) shared: bool,

    /// Of flock(1): refused, there is no descriptor to unlock
    #[arg(short = 'u', long = "unlock", hide = true)]
    pub(crate) unlock: bool,

    /// Of flock(1): refused, the tool stays while the command runs
    #[arg(short = 'F', long = "no-fork", hide = true)]
    pub(crate) no_fork: bool,

    /// The lock: a path, or, after an @, an abstract name
    ///
    /// An abstract name is no file: the kernel keeps it, for all processes with
    /// the same network namespace, and anybody on the machine can take it. npm's
    /// slocket cannot. A file whose name begins with an @ is ./@file.
    #[arg(verbatim_doc_comment, value_name = "PATH", value_hint = ValueHint::AnyPath, value_parser = OsStringValueParser::new().try_map(|typed| target(&typed)))]
    pub(crate) lock: Target,

    /// The command and its arguments
    #[arg(
        value_name = "COMMAND",
        value_hint = ValueHint::CommandWithArguments,
        required_unless_present_any = ["shell", "shared", "unlock", "no_fork"],
        trailing_var_arg = true
    )]
    pub(crate) command: Vec<OsString>,
}

/// What was typed, or what is wrong with it.
pub(crate) fn parse() -> Result<Command, clap::Error> {
    parse_from(std::env::args_os())
}

fn parse_from<S: Into<OsString> + Clone>(args: impl IntoIterator<Item = S>) -> Result<Command, clap::Error> {
    let Cli { command } = Cli::try_parse_from(args)?;
    if let Command::Run(Run { mode: Some(_), lock: Target::Abstract(_), .. }) = command {
        let wrong = "an abstract name has no permissions: --mode is for paths\n";
        return Err(clap::Error::raw(ErrorKind::ArgumentConflict, wrong));
    }
    Ok(command)
}

/// Say who holds a lock and who waits for it
///
/// Queues nowhere and disturbs nobody: it reads what the kernel says of all
/// sockets (see `man 7 sock_diag`). The first line is the state:
///
///   free     nobody holds it
///   held     by the process named
///   lent     to the process named, which cannot take the lock over (npm's)
///   served   by a server that may lend it, as npm's slocket does: the server or
///            one of its clients holds it, and the kernel does not tell which;
///            or the server is no slocket at all, which it does not tell either
///   stale    a socket that no process has open, as after a kill
///   not a slocket, not a socket: something else is at the path
///
/// Then those who wait, in the order in which they came. (The order of
/// those whom an npm server has accepted is not known.) What could not be seen
/// is said: only root may look into the processes of other users, and nobody
/// into those of another pid or network namespace.
///
/// When somebody began to wait, or came to hold, the kernel does not record. Known
/// are when a process was started, and since when the lock has been in use, be it
/// by one holder or by many in turn.
///
/// For a folder: one line for every socket in it and below.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment, after_help = exit::of_status(), after_long_help = examples_of_status())]
pub(crate) struct Status {
    /// Write JSON: an object, or for a folder an array of them
    ///
    /// Times are in seconds since 1970. What is not known is left out.
    #[arg(long)]
    pub(crate) json: bool,

    /// The lock, a folder of locks, or @NAME for an abstract name
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, value_parser = OsStringValueParser::new().try_map(|typed| target(&typed)))]
    pub(crate) lock: Target,
}

/// Wait until a lock is free, without taking it
///
/// Does not queue, so whoever acquires the lock meanwhile is served first: it
/// returns when nobody holds the lock and nobody waits for it. The lock may be
/// taken again a moment later.
///
/// A release is noticed at once. That a holder was killed, or that an abstract
/// name is free, is noticed within half a second.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment, after_help = exit::of_wait())]
pub(crate) struct Wait {
    /// Wait no longer than this: 1.5, 1.5s, 200ms, 2m, 1h
    ///
    /// A number without a unit is seconds. 0 looks once.
    #[arg(short = 'w', long = "wait", alias = "timeout", value_name = "DURATION", allow_hyphen_values = true, value_parser = duration::parse)]
    pub(crate) wait: Option<Duration>,

    /// Say nothing about a lock that is held
    #[arg(short = 'q', long = "quiet")]
    pub(crate) quiet: bool,

    /// The lock, or @NAME for an abstract name
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, value_parser = OsStringValueParser::new().try_map(|typed| target(&typed)))]
    pub(crate) lock: Target,
}

impl Run {
    /// What flock(1) can do and this tool cannot, with what to do instead.
    pub(crate) fn refused(&self) -> Option<&'static str> {
        if self.shared {
            Some("-s: there are no shared locks; leave it out if readers may exclude each other, else stay with flock")
        } else if self.unlock {
            Some("-u: there is no descriptor to unlock; the lock is released when the command ends")
        } else if self.no_fork {
            Some("-F: the tool must stay to pass the lock on when the command ends; leave it out")
        } else {
            None
        }
    }

    /// The program to run and its arguments.
    pub(crate) fn words(&self) -> Vec<OsString> {
        match &self.shell {
            None => self.command.clone(),
            Some(script) => {
                let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
                vec![shell.unwrap_or_else(|| "/bin/sh".into()), "-c".into(), script.clone()]
            }
        }
    }
}

/// Prints what the parser has to say instead of a command (help, the version, what is wrong) and returns the exit code.
pub(crate) fn answer(answer: &clap::Error) -> u8 {
    if !answer.use_stderr() {
        let _ = answer.print();
        return exit::SUCCESS;
    }
    // flock(1) takes a single number for a descriptor.
    let last = std::env::args_os().next_back().and_then(|last| last.into_string().ok());
    let is_number = last.filter(|last| !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()));
    if let (ErrorKind::MissingRequiredArgument, Some(number)) = (answer.kind(), is_number) {
        say::say_lines(&[
            format!("{number}: a descriptor cannot be locked, only a path, for as long as a command runs"),
            "write: slocket run PATH -c 'what the lock is for'".to_owned(),
        ]);
        return exit::USAGE;
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

fn target(typed: &OsStr) -> Result<Target, &'static str> {
    match typed.as_bytes() {
        [] => Err("the path of the lock is empty"),
        b"@" => Err("there is no abstract name after the @"),
        [b'@', name @ ..] => Ok(Target::Abstract(name.to_vec())),
        // A trailing slash makes no difference.
        _ => Ok(Target::Path(Path::new(typed).components().collect())),
    }
}

fn mode(typed: &str) -> Result<u32, String> {
    let octal = !typed.is_empty() && typed.bytes().all(|c| matches!(c, b'0'..=b'7'));
    match u32::from_str_radix(typed, 8) {
        Ok(mode) if octal && mode <= 0o777 => Ok(mode),
        _ => Err("not permissions in octal, 0 to 0777".to_owned()),
    }
}

fn examples_of_run() -> String {
    format!(
        "{}\n
Examples:
  slocket run /run/backup/lock -- backup --all
          wait for the turn, then back up
  slocket run -n /run/backup/lock -- backup --all
          skip this time if the last backup still runs (exit code 75)
  slocket run -w 10s -E 0 /run/backup/lock -- backup --all
          wait ten seconds at most, and call it a success if that was not enough
  slocket run --mode 0660 /srv/team/lock sh -c 'git pull && make'
          share the lock with the group; -- may be left out
  slocket run @nightly -- backup --all
          the same without a file, for who shares the network namespace
  slocket run -o /run/web/lock -- service web start
          do not let the daemon that the command starts keep the lock",
        exit::of_run()
    )
}

fn examples_of_status() -> String {
    format!(
        "{}\n
Examples:
  slocket status /run/backup/lock
          who holds it, who waits
  slocket status /run
          all locks in /run and below, a line each
  slocket status --json /run/backup/lock | jq .holder.pid
          for scripts",
        exit::of_status()
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
        for args in [&["-s", "lock", "y"][..], &["-u", "9"], &["-F", "lock", "y"]] {
            assert!(run(args).is_ok_and(|run| run.refused().is_some()), "{args:?}");
        }
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
