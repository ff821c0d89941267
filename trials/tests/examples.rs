//! All examples, run as a user runs them, from several processes at once where that is the point.

use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Once;
use std::sync::mpsc::{Receiver, channel};
use std::{env, fs, thread};

use trials::{PATIENCE, Place, watch_for};

/// The adapters, each with its examples: those of the runtimes show what is different there.
const EXAMPLES: [(&str, &[&str]); 4] = [
    ("sync", &["build", "cache", "counter", "cron", "exec", "leader", "readers", "slots", "timeout"]),
    ("tokio", &["exec", "tasks"]),
    ("smol", &["exec", "tasks"]),
    ("async-std", &["tasks"]),
];

/// One run of an example. Killed when dropped.
struct Example {
    child: Child,
    input: Option<ChildStdin>,
    said: Receiver<String>,
}

impl Example {
    /// Starts it in a temporary folder of this trial, where it has its lock.
    #[track_caller]
    fn start(name: &str, place: &Place) -> Self {
        Self::start_with(name, &[], place)
    }

    #[track_caller]
    fn start_with(name: &str, arguments: &[&str], place: &Place) -> Self {
        let (output, writer) = io::pipe().expect("a pipe");
        let mut command = Command::new(program(name));
        command.args(arguments);
        command.env("XDG_RUNTIME_DIR", place.folder()).stdin(Stdio::piped());
        command.stdout(writer.try_clone().expect("a descriptor")).stderr(writer);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        drop(command);
        let input = child.stdin.take();
        let (tell, said) = channel();
        thread::spawn(move || {
            BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| tell.send(line))
        });
        Self { child, input, said }
    }

    fn pid(&self) -> String {
        format!("pid {}", self.child.id())
    }

    #[track_caller]
    fn line(&self) -> String {
        self.said.recv_timeout(PATIENCE).expect("a line of the example")
    }

    #[track_caller]
    fn says(&self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Ends its input.
    fn enter(&mut self) {
        self.input = None;
    }

    /// Ends its input; what else it says, and whether it calls that a success.
    #[track_caller]
    fn end(mut self) -> (Vec<String>, bool) {
        self.enter();
        let status = watch_for("the end of an example", || self.child.try_wait().expect("its status"));
        (self.said.iter().collect(), status.success())
    }

    /// The same, where there is nothing to be said but this.
    #[track_caller]
    fn ends_with(self, lines: &[&str]) {
        let (said, success) = self.end();
        assert_eq!(said, lines);
        assert!(success, "an error, but not a word");
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The example as it is now: a test of this package does not build those of others.
fn program(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--quiet", "--workspace", "--examples"]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("cargo").success(), "the examples do not compile");
    });
    let test = env::current_exe().expect("this program has a path");
    test.ancestors().nth(2).expect("the folder of the build").join("examples").join(name)
}

/// Runs a trial with each adapter that has an example of that name, in an empty folder, of which nothing but `left` is left.
#[track_caller]
fn of_each_adapter(example: &str, left: &[&str], trial: impl Fn(&str, &Place)) {
    for (adapter, _) in EXAMPLES.iter().filter(|(_, examples)| examples.contains(&example)) {
        let place = Place::new();
        trial(&format!("{adapter}-{example}"), &place);
        assert_eq!(place.leftovers(), left, "{adapter}");
    }
}

#[test]
fn cron() {
    of_each_adapter("cron", &[], |name, place| {
        let first = Example::start(name, place);
        first.says("the job runs; Enter ends it");
        let (said, success) = Example::start(name, place).end();
        assert!(said.len() == 1 && said[0].starts_with("skipped: ") && said[0].contains(&first.pid()), "{said:?}");
        assert!(success, "to be skipped is not an error");
        first.ends_with(&["the job is done"]);
        Example::start(name, place).ends_with(&["the job runs; Enter ends it", "the job is done"]);
    });
}

#[test]
fn cache() {
    of_each_adapter("cache", &["slocket-cache"], |name, place| {
        let several: Vec<_> = (0..4).map(|_| Example::start(name, place)).collect();
        let pids: Vec<_> = several.iter().map(Example::pid).collect();
        let mut filled = 0;
        let mut found = Vec::new();
        for example in several {
            let (mut said, success) = example.end();
            assert!(success, "{said:?}");
            found.extend(said.pop());
            filled += said.iter().filter(|line| line.starts_with("filled ")).count();
        }
        assert_eq!(filled, 1, "one of them fills the cache");
        let answer = found[0].strip_prefix("found the answer of ").expect("what was found");
        assert!(pids.iter().any(|pid| pid == answer), "{answer} is none of {pids:?}");
        assert!(found.iter().all(|line| *line == found[0]), "{found:?}");
        Example::start(name, place).ends_with(&[&found[0]]);
        let names: Vec<_> = fs::read_dir(place.folder().join("slocket-cache")).expect("the cache").collect();
        assert_eq!(names.len(), 1, "{names:?}");
    });
}

#[test]
fn counter() {
    of_each_adapter("counter", &["slocket-counter", "slocket-counter.pid"], |name, place| {
        let several: Vec<_> = (0..4).map(|_| Example::start(name, place)).collect();
        let mut last = Vec::new();
        for example in several {
            let (said, success) = example.end();
            assert!(success, "{said:?}");
            last.extend(said);
        }
        assert_eq!(last.len(), 4, "{last:?}");
        assert!(last.contains(&"counted to 4000".to_owned()), "{last:?}");
    });
}

#[test]
fn build() {
    of_each_adapter("build", &[], |name, place| {
        let first = Example::start(name, place);
        first.says("building; Enter ends it");
        let second = Example::start(name, place);
        let lock = place.folder().join("slocket-build.lock");
        let line = second.line();
        assert!(line.starts_with(&format!("waiting for {}, held by {}", lock.display(), first.pid())), "{line}");
        first.ends_with(&["built"]);
        second.ends_with(&["building; Enter ends it", "built"]);
    });
}

#[test]
fn timeout() {
    of_each_adapter("timeout", &[], |name, place| {
        let first = Example::start(name, place);
        first.says("held; Enter releases it");
        let (said, success) = Example::start(name, place).end();
        assert!(!success, "{said:?}");
        let timed_out = ": timed out waiting; it is held by pid ";
        assert!(said[0].starts_with("error: /") && said[0].contains(timed_out), "{said:?}");
        assert!(said[0].contains(&first.pid()), "{said:?}");
        assert!(said[1].ends_with(&format!("kill {}", first.child.id())), "{said:?}");
        first.ends_with(&[]);
        Example::start(name, place).ends_with(&["held; Enter releases it"]);
    });
}

#[test]
fn leader() {
    of_each_adapter("leader", &[], |name, place| {
        let (said, success) = Example::start(name, place).end();
        assert!(success, "{said:?}");
        // A worker says that it leads, and the lock says the same.
        let leads = |line: &String| {
            let (worker, holder) = line.strip_prefix("worker ")?.split_once(" leads: held by pid ")?;
            (holder.split(' ').next() == Some(worker)).then(|| worker.to_owned())
        };
        let pids: Vec<_> = said.iter().filter_map(leads).collect();
        let [first, second, third] = &pids[..] else { panic!("not three leaders: {said:?}") };
        assert!(first != second && second != third && third != first, "{said:?}");
        let killed = [first, second].map(|pid| format!("worker {pid} has ended: signal: 9 (SIGKILL)"));
        let last = format!("worker {third} has ended: exit status: 0");
        assert_eq!([&said[1], &said[3], &said[5]], [&killed[0], &killed[1], &last]);
        assert_eq!(said.len(), 6, "{said:?}");
    });
}

#[test]
fn exec() {
    of_each_adapter("exec", &[], |name, place| {
        Example::start(name, place).ends_with(&[
            "the command runs",
            "the launcher was killed",
            "is the lock free? no",
            "the command has ended, and the lock was had",
        ]);
    });
}

#[test]
fn readers() {
    of_each_adapter("readers", &["slocket-readers"], |name, place| {
        let first = Example::start(name, place);
        let pid = first.child.id();
        let reading = |pid| format!("reading what pid {pid} has written; Enter ends it");
        first.says("filled");
        first.says(&reading(pid));
        let second = Example::start(name, place);
        second.says(&reading(pid)); // beside the first, which was the writer
        let writer = Example::start_with(name, &["refill"], place);
        let line = writer.line();
        let waiting = format!("waiting for {}, ", place.folder().join("slocket-readers/lock").display());
        let shared = line.strip_prefix(&format!("{waiting}shared by ")).unwrap_or_else(|| panic!("{line}"));
        assert!(shared.contains(&first.pid()) && shared.contains(&second.pid()), "{line}");
        // A reader that comes later than the writer waits behind it.
        let later = Example::start(name, place);
        let line = later.line();
        let waits_first = format!(", for which {} ({name}) waits first", writer.pid());
        assert!(line.starts_with(&format!("{waiting}shared by ")) && line.ends_with(&waits_first), "{line}");
        first.ends_with(&[]);
        second.ends_with(&[]);
        let pid = writer.child.id();
        writer.says("filled");
        writer.says(&reading(pid));
        later.says(&reading(pid)); // the writer reads by now
        writer.ends_with(&[]);
        later.ends_with(&[]);
        Example::start(name, place).ends_with(&[&reading(pid)]);
        let names: Vec<_> = fs::read_dir(place.folder().join("slocket-readers")).expect("the cache").collect();
        assert_eq!(names.len(), 2, "{names:?}");
    });
}

#[test]
fn slots() {
    of_each_adapter("slots", &[], |name, place| {
        let runs_on = |device| format!("the job runs on device {device}; Enter ends it");
        let first = Example::start(name, place);
        first.says(&runs_on(0));
        let second = Example::start(name, place);
        second.says(&runs_on(1));
        let third = Example::start(name, place);
        let line = third.line();
        let in_slots = [(&first, 0), (&second, 1)]
            .map(|(example, slot)| format!("pid {} (sync-slots) in slot {slot}", example.child.id()));
        assert!(line.ends_with(&format!(", shared by {}", in_slots.join(", "))), "{line}");
        drop(first); // this kills it
        third.says(&runs_on(0));
        second.ends_with(&[]);
        let fourth = Example::start(name, place);
        fourth.says(&runs_on(1));
        third.ends_with(&[]);
        fourth.ends_with(&[]);
    });
}

#[test]
fn tasks() {
    of_each_adapter("tasks", &[], |name, place| {
        let mut first = Example::start(name, place);
        first.says("held; Enter releases it");
        let [gives_up, waits] = [(); 2].map(|()| {
            let other = Example::start(name, place);
            other.says("waiting; Enter gives up");
            other
        });
        gives_up.ends_with(&["given up"]);
        // Its place is gone. All of the first program's own that wait have gone behind.
        first.enter();
        waits.says("held; Enter releases it");
        for program in [waits, first] {
            let (mut said, success) = program.end();
            said.sort();
            assert_eq!(said, ["a thread has had it", "task 1 has had it", "task 2 has had it"]);
            assert!(success, "an error, but not a word");
        }
    });
}

#[test]
fn every_example_of_every_adapter_is_tried() {
    for (adapter, examples) in EXAMPLES {
        let folder = format!("{}/../slocket-{adapter}/examples", env!("CARGO_MANIFEST_DIR"));
        let mut names: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{folder}: {error}"))
            .map(|entry| entry.expect("an example").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let expected: Vec<_> = examples.iter().map(|name| format!("{adapter}-{name}.rs")).collect();
        assert_eq!(names, expected);
    }
}
