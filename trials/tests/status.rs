//! `slocket status`, and `slocket wait`, among processes of every kind.

use std::fs;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use trials::Adapter::{AsyncStd, Node, Smol, Sync, Tokio, TokioThreads};
use trials::player::{Heard, binary};
use trials::queue::{accepted, unaccepted};
use trials::{Adapter, Place, Player, alone, node_or_skip, process, tell, wait_until_queued, watch_for};

/// What the tool says of a lock, as text and as JSON.
struct Status {
    text: String,
    json: Value,
}

#[track_caller]
fn status(path: &Path) -> Status {
    let say = |options: &[&str]| {
        let output = Command::new(binary("slocket")).arg("status").args(options).arg(path).output().expect("the tool");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    Status { text: say(&[]), json: serde_json::from_str(&say(&["--json"])).expect("JSON") }
}

impl Status {
    #[track_caller]
    fn assert_state(&self, state: &str, first_line: &str) {
        assert_eq!(self.json["state"], state, "{}", self.json);
        let line = self.text.lines().next().expect("a line");
        assert!(line.contains(first_line), "{line:?} does not contain {first_line:?}");
    }

    /// The lines below the first that begin with one of the words, or go on below such a line; without the word.
    fn lines(&self, title: &str) -> Vec<&str> {
        let mut inside = false;
        let mut found = Vec::new();
        for line in self.text.lines().skip(1) {
            let (word, words) = line.split_at(10);
            inside = word.trim() == title || (inside && word.trim().is_empty());
            if inside {
                found.push(words.trim());
            }
        }
        found
    }
}

fn pids(parties: &Value) -> Vec<u64> {
    parties
        .as_array()
        .map_or(&[][..], |parties| parties)
        .iter()
        .map(|party| party["pid"].as_u64().expect("a pid"))
        .collect()
}

fn pids_of(players: &[Player]) -> Vec<u64> {
    players.iter().map(|player| player.pid().into()).collect()
}

#[track_caller]
fn assert_waiting(status: &Status, players: &[Player]) {
    assert_eq!(pids(&status.json["queue"]), pids_of(players), "{}", status.json);
    let lines = status.lines("waiting");
    assert_eq!(lines.len(), players.len(), "{}", status.text);
    for (n, (line, player)) in lines.iter().zip(players).enumerate() {
        let expected = format!("{}. pid {} (", n + 1, player.pid());
        assert!(line.starts_with(&expected), "{line:?} does not start with {expected:?}");
    }
}

#[test]
fn a_holder_and_its_waiters_in_order() {
    let _alone = alone();
    let place = Place::new();
    let lock = place.lock();
    status(&lock).assert_state("free", ": free");
    for ours in Adapter::OURS {
        let mut holder = Player::start(ours, &lock);
        holder.acquire();
        let mut kinds = [Tokio, AsyncStd, Sync, Smol, TokioThreads];
        if node_or_skip() {
            kinds[2] = Node;
        }
        let mut waiters: Vec<_> = kinds.iter().map(|&kind| Player::start(kind, &lock)).collect();
        // Not in the order of the process ids.
        waiters.swap(0, 3);
        waiters.swap(1, 2);
        for (before, waiter) in waiters.iter_mut().enumerate() {
            waiter.send("acquire");
            wait_until_queued(&lock, before + 1);
        }

        let status = status(&lock);
        status.assert_state("held", &format!(": held by pid {} (player), ", holder.pid()));
        assert_eq!(status.json["holder"]["pid"], holder.pid());
        assert_eq!(status.json["holder"]["program"], "player");
        assert!(status.json["since"].is_u64() && status.json["holder"]["started"].is_u64());
        assert!(status.json.get("server").is_none() && status.json.get("unseen").is_none(), "{}", status.json);
        assert_waiting(&status, &waiters);
        // No client came to ask.
        assert_eq!(unaccepted(&lock), waiters.len());

        // A waiter that dies in the queue is left out; one that is served is the holder.
        process::signal(waiters[1].pid(), Signal::KILL);
        drop(waiters.remove(1));
        assert_waiting(&self::status(&lock), &waiters);
        holder.release();
        for _ in 0..4 {
            let mut next = waiters.remove(0);
            let lent = next.expect_held();
            let status = self::status(&lock);
            let state = if lent { "lent" } else { "held" };
            assert_eq!((&status.json["state"], &status.json["holder"]["pid"]), (&json!(state), &json!(next.pid())));
            assert_waiting(&status, &waiters);
            next.release();
            next.quit();
        }
        holder.quit();
        assert_eq!(self::status(&lock).json, json!({"lock": lock, "state": "free", "queue": []}));
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

#[test]
fn a_lock_that_is_lent() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    for ours in Adapter::OURS {
        let place = Place::new();
        let lock = place.lock();
        let mut lender = Player::start(ours, &lock);
        lender.acquire();
        let mut players: Vec<_> = [Node, Node, Tokio].iter().map(|&kind| Player::start(kind, &lock)).collect();
        for (before, player) in players.iter_mut().enumerate() {
            player.send("acquire");
            wait_until_queued(&lock, before + 1);
        }
        lender.release();
        let mut client = players.remove(0);
        assert!(client.expect_held());

        let status = status(&lock);
        status.assert_state("lent", &format!(": lent to pid {} (node), ", client.pid()));
        assert_eq!(status.json["holder"]["pid"], client.pid());
        assert_eq!(status.json["server"]["pid"], lender.pid());
        assert!(status.lines("lender")[0].starts_with(&format!("pid {} (player)", lender.pid())), "{}", status.text);
        assert_waiting(&status, &players);
        client.release();
        for player in players {
            player.expect_held();
            player.quit();
        }
        client.quit();
        lender.quit();
    }
}

/// What npm's server does with the lock only the server knows.
#[test]
fn an_npm_server_and_its_clients() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let lock = place.lock();
    let mut server = Player::start(Node, &lock);
    server.acquire();
    let mut clients = Vec::new();
    let come = |clients: &mut Vec<Player>, kind| {
        clients.push(Player::start(kind, &lock));
        clients.last_mut().expect("it was added").send("acquire");
        watch_for("the server to accept", || (accepted(&lock) == clients.len()).then_some(()));
    };
    let look = |clients: &[Player]| {
        let status = status(&lock);
        status.assert_state("served", &format!(": served by pid {} (node), ", server.pid()));
        assert_eq!(status.json["server"]["pid"], server.pid());
        assert!(status.json.get("holder").is_none(), "{}", status.json);
        assert_eq!(status.lines("clients").len(), clients.len(), "{}", status.text);
        assert!(status.lines("next")[0].contains("npm"), "{}", status.text);
        let mut expected = pids_of(clients);
        expected.sort_unstable();
        assert_eq!(pids(&status.json["clients"]), expected);
        assert_eq!(status.json["queue"], json!([]));
    };
    come(&mut clients, Node);
    look(&clients);
    come(&mut clients, Tokio);
    look(&clients);
    // Stopped, it accepts no client: one that comes now waits in the kernel's queue.
    process::stop(server.pid());
    // A client that gives up and departs says so, and keeps its place for the server's sake.
    let departed = UnixStream::connect(&lock).expect("it listens");
    departed.shutdown(Shutdown::Write).expect("it is connected");
    let mut late = Player::start(Smol, &lock);
    late.send("acquire");
    wait_until_queued(&lock, 4);
    assert_eq!(unaccepted(&lock), 2);
    assert_waiting(&status(&lock), &[late]);
    process::resume(server.pid());
    server.release();
    clients[0].expect_held();
    clients.remove(0).quit();
    clients[0].expect_held();
    clients.remove(0).quit();
    server.quit();
}

#[test]
fn what_a_killed_holder_leaves_behind() {
    let _alone = alone();
    let mut kinds = Adapter::OURS.to_vec();
    if node_or_skip() {
        kinds.push(Node);
    }
    for kind in kinds {
        let place = Place::new();
        let lock = place.lock();
        let mut holder = Player::start(kind, &lock);
        holder.acquire();
        process::signal(holder.pid(), Signal::KILL);
        drop(holder);
        let status = status(&lock);
        let is_npm = kind == Node;
        status.assert_state("stale", ": stale, owned by ");
        assert_eq!(status.json["reclaimable"], !is_npm);
        let next = if is_npm { "remove the socket" } else { "the next acquire removes the socket" };
        assert!(status.lines("next")[0].ends_with(next), "{}", status.text);

        let wait = Command::new(binary("slocket")).args(["wait", "-q", "-w", "0"]).arg(&lock).status();
        assert_eq!(wait.expect("the tool").code(), Some(if is_npm { 75 } else { 0 }), "it waits for {kind:?}");
        // It was only looked at.
        assert_eq!(place.leftovers(), ["lock"]);
    }
}

/// The tool waits for a lock that goes from hand to hand until it is free and no process waits for it. It is in no process's way.
#[test]
fn waiting_without_a_place_in_the_queue() {
    let _alone = alone();
    let mut kinds = Adapter::OURS.to_vec();
    if node_or_skip() {
        kinds.push(Node);
    }
    for kind in kinds {
        let place = Place::new();
        let lock = place.lock();
        let [mut holder, mut next] = [0; 2].map(|_| Player::start(kind, &lock));
        holder.acquire();
        let mut tool = Command::new(binary("slocket"));
        let mut tool = tool.arg("wait").arg(&lock).stderr(Stdio::piped()).spawn().expect("the tool");
        // It has an eye on the folder.
        watch_for("the tool to watch", || {
            let mut open = fs::read_dir(format!("/proc/{}/fd", tool.id())).ok()?.flatten();
            open.any(|entry| fs::read_link(entry.path()).is_ok_and(|to| to.ends_with("anon_inode:inotify")))
                .then_some(())
        });
        assert_eq!((unaccepted(&lock), accepted(&lock)), (0, 0), "no process queues");
        next.send("acquire");
        wait_until_queued(&lock, 1);
        holder.release();
        next.expect_held();
        assert_eq!(tool.try_wait().expect("a child"), None, "a process still holds the lock");
        next.release();
        assert!(tool.wait().expect("a child").success());
        // An npm server has been there until now.
        holder.quit();
        next.quit();
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

/// All locks below a folder, of all holders.
#[test]
fn a_folder_of_locks() {
    let _alone = alone();
    let place = Place::new();
    assert_eq!(status(place.folder()).json, json!([]));
    assert_eq!(status(place.folder()).text, "");
    fs::create_dir_all(place.folder().join("deep/er")).expect("folders");
    fs::write(place.folder().join("file"), "").expect("a file");
    let paths = ["a", "deep/b", "deep/er/c"].map(|name| place.folder().join(name));
    let mut holders = paths.each_ref().map(|path| Player::start(Sync, path));
    for holder in &mut holders {
        holder.acquire();
    }
    let mut waiter = Player::start(Tokio, &paths[1]);
    waiter.send("acquire");
    wait_until_queued(&paths[1], 1);
    process::signal(holders[2].pid(), Signal::KILL);
    let [first, second, third] = holders;
    drop(third);

    let status = status(place.folder());
    let found: Vec<_> = status.json.as_array().expect("an array").iter().collect();
    assert_eq!(found.len(), 3, "{}", status.json);
    for (report, path) in found.iter().zip(&paths) {
        assert_eq!(report["lock"], json!(path));
    }
    assert_eq!([&found[0]["holder"]["pid"], &found[1]["holder"]["pid"]], [&json!(first.pid()), &json!(second.pid())]);
    assert_eq!(pids(&found[1]["queue"]), [u64::from(waiter.pid())]);
    assert_eq!(found[2]["state"], "stale");
    let lines: Vec<_> = status.text.lines().collect();
    assert_eq!(lines.len(), 3, "{}", status.text);
    assert!(lines[1].starts_with(&format!("{}: held by pid {} (player)", paths[1].display(), second.pid())));
    assert!(lines[1].ends_with(", 1 waiting"), "{}", lines[1]);

    second.quit();
    waiter.expect_held();
    waiter.quit();
    first.quit();
}

/// Whatever happens between two looks at the kernel's tables: what is said is true.
#[test]
fn a_lock_that_goes_from_hand_to_hand() {
    let _alone = alone();
    let place = Place::new();
    let lock = place.lock();
    let mut players: Vec<_> = Adapter::OURS.iter().map(|&kind| Player::start(kind, &lock)).collect();
    for player in &mut players {
        player.begin_rounds(200, 5000, &place);
    }
    let known: Vec<_> = pids_of(&players);
    let (mut held, mut waiting, mut unseen) = (0, 0, 0);
    // At the end there are fewer than five in turn.
    while players.iter().all(|player| player.hear(Duration::ZERO) == Heard::Nothing) {
        let report = status(&lock).json;
        if report["state"] == "free" {
            continue;
        }
        assert_eq!(report["state"], "held", "{report}");
        let mut parties = report["queue"].as_array().expect("an array").clone();
        waiting += parties.len();
        parties.push(report["holder"].clone());
        let mut pids: Vec<_> = parties.iter().filter_map(|party| party["pid"].as_u64()).collect();
        // Where a lock is just being handed over it has no holder for a moment, and that is said.
        assert_eq!(pids.len() < parties.len(), report.get("unseen").is_some(), "{report}");
        assert!(pids.iter().all(|pid| known.contains(pid)), "{report}");
        (held, unseen) = (held + 1, unseen + (parties.len() - pids.len()));
        let count = pids.len();
        pids.sort_unstable();
        pids.dedup();
        assert_eq!(pids.len(), count, "one of them is named twice: {report}");
    }
    tell(format!("status: {held} looks at a lock in motion, {waiting} waiters, {unseen} parties not seen"));
    assert!(held > 5 && waiting > 5 && unseen < held);
}
