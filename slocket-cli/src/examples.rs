//! The examples in the long help.

use crate::exit;

pub(crate) fn of_run() -> String {
    format!(
        "{}\n
Examples:
  slocket run /run/backup/lock -- backup --all
          wait for the lock, then back up
  slocket run -n /run/backup/lock -- backup --all
          skip this run if the last backup is still running (exit code 75)
  slocket run -w 10s -E 0 /run/backup/lock -- backup --all
          wait ten seconds at most, and exit with 0 on a time-out
  slocket run --mode 0660 /srv/team/lock sh -c 'git pull && make'
          share the lock with the group; -- is optional
  ls *.job | xargs -P0 -n1 slocket run --slots 4 /run/jobs/lock ./work
          at most four at once on this machine
  slocket run -s /run/cache/lock -- grep -r needle cache
          read the cache with other readers, while no process writes it
  slocket run @nightly -- backup --all
          the same without a file, in one network namespace
  slocket run -o /run/web/lock -- service web start
          release the lock although the command leaves a daemon running",
        exit::of_run()
    )
}

pub(crate) fn of_status() -> String {
    format!(
        "{}\n
Examples:
  slocket status /run/backup/lock
          the holder and the waiters, in order
  slocket status /run
          all locks in /run and below, one line each; with --watch, live
  slocket status --json /run/backup/lock | jq .holder.pid
          for scripts",
        exit::of_status()
    )
}
