//! The examples in the long help.

use crate::exit;

pub(crate) fn of_run() -> String {
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
  ls *.job | xargs -P0 -n1 slocket run --slots 4 /run/jobs/lock ./work
          at most four at once, on this machine, whoever starts them
  slocket run -s /run/cache/lock -- grep -r needle cache
          read the cache together with others, while nobody writes it
  slocket run @nightly -- backup --all
          the same without a file, for who shares the network namespace
  slocket run -o /run/web/lock -- service web start
          do not let the daemon that the command starts keep the lock",
        exit::of_run()
    )
}

pub(crate) fn of_status() -> String {
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
