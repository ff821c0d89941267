//! What the model assumes of npm's slocket (`model/src/npm.rs`), as far as no other trial shows it.
//!
//! | in the model | shown by |
//! |---|---|
//! | `Unlink`, then `Close` | [`its_server_unlinks_before_it_closes`] |
//! | `Serves`: accepts each client, serves in order | `serving::we_hold_and_nodes_are_served_in_order`, `serving::generations_that_alternate_one_at_a_time` |
//! | `Serves`: the end of a waiter | `npm_suite::connections_killed_abruptly`, [`its_server_takes_note_of_a_client_that_ends_its_stream`] |
//! | `Server::Ending` | [`its_server_dies_if_it_grants_when_node_has_ended_a_stream`] |
//! | lends to a client that is gone, and dies | [`its_server_dies_if_it_grants_to_a_deaf_client`] |
//! | `Queued`: the end of the stream | `npm_suite::connections_killed_abruptly` |
//! | `Queued`: a reset, and dies | `serving::our_holder_is_killed_while_a_node_is_queued` |
//! | refused, and binds again | `npm_suite::abandoned_socket`, `npm_suite::non_socket` |
//! | `Borrows`, then `Remove` | `lending::a_node_client_wakes_all_when_its_lender_was_killed`, [`its_client_removes_whatever_is_there`] |
//! | no mark | `lending`, `model/tests/facts/path.rs` |

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};

use trials::{Adapter, Place, Player, node_or_skip, strace_or_skip};

use crate::holder::NodeHolder;

/// A server of npm's that holds the lock, and a client in its queue.
fn holder_and_client(place: &Place) -> (NodeHolder, UnixStream) {
    let mut holder = NodeHolder::start_silent(&place.lock());
    holder.expect("held");
    let client = UnixStream::connect(place.lock()).unwrap();
    holder.wait_until_queue_is(1);
    (holder, client)
}

/// Runs some of Node's in the folder of the package.
fn node(script: &str, lock: &Path) -> Command {
    let mut command = Command::new("node");
    command.arg("-e").arg(script).arg(lock);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop"));
    command
}

#[test]
fn its_server_unlinks_before_it_closes() {
    if !node_or_skip() || !strace_or_skip() {
        return;
    }
    let place = Place::new();
    let log = place.note("calls");
    let script = "require('slocket')(process.argv[1], (error, lock) => lock.release())";
    let node = node(script, &place.lock());
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-e", "trace=bind,unlink,unlinkat,close", "-o"]).arg(&log);
    strace.arg(node.get_program()).args(node.get_args()).current_dir(node.get_current_dir().unwrap());
    assert!(strace.status().expect("strace").success());

    let calls = fs::read_to_string(&log).unwrap();
    let name = format!("\"{}\"", place.lock().display());
    let after = |from: usize, what: &str| from + calls[from..].find(what).unwrap_or_else(|| panic!("{what}: {calls}"));
    let bound = after(0, &format!("sun_path={name}"));
    let descriptor = calls[..bound].rsplit_once("bind(").unwrap().1.split(',').next().unwrap();
    let (unlinked, closed) = (after(bound, &format!("unlink({name}")), after(bound, &format!("close({descriptor})")));
    assert!(unlinked < closed, "{calls}");
}

#[test]
fn its_client_removes_whatever_is_there() {
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let server = UnixListener::bind(place.lock()).unwrap();
    let mut client = NodeHolder::start(&place.lock());
    let mut connection = server.accept().unwrap().0;
    connection.write_all(b"OK").unwrap();
    client.expect("held");
    drop((server, connection));
    client.wait_until_it_sees_the_end();
    fs::remove_file(place.lock()).unwrap();
    let _living = UnixListener::bind(place.lock()).unwrap();
    assert_eq!(client.ask("release-sync"), "released");
    assert_eq!(place.leftovers(), [""; 0], "another's living socket");
}

#[test]
fn its_server_takes_note_of_a_client_that_ends_its_stream() {
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let (mut holder, mut client) = holder_and_client(&place);
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "the server ends its half, too");
    holder.wait_until_queue_is(0);
    assert_eq!(holder.ask("release"), "released");
    let mut next = Player::start(Adapter::Sync, &place.lock());
    assert!(!next.acquire());
    assert_eq!(holder.ask("queued"), "0", "it lives");
    next.release();
    next.quit();
}

#[test]
fn its_server_dies_if_it_grants_to_a_deaf_client() {
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let (mut holder, client) = holder_and_client(&place);
    client.shutdown(Shutdown::Read).unwrap();
    holder.send("release");
    assert_eq!(holder.wait().code(), Some(1));
}

/// Node ends its own half then, and npm's slocket is told once the stream is destroyed. (Before Node has ended its half a
/// write arrives; once it has destroyed the stream a write comes to nothing, and no process dies.)
#[test]
fn its_server_dies_if_it_grants_when_node_has_ended_a_stream() {
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let script = "require('slocket')(process.argv[1], (error, lock) => {
        lock.on('serverConnection', client => client.on('finish', () => lock.release()))
        console.log('held')
    })
    setInterval(() => {}, 1000)";
    let mut node = node(script, &place.lock());
    let mut server = node.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    server.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
    let client = UnixStream::connect(place.lock()).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let output = server.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("EPIPE"), "{said}");
}
