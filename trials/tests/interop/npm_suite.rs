//! What npm's own tests check (`test/basic.js` of the package), by the names they have there, with every mix of processes
//! that makes sense.
//!
//! | npm's test | here |
//! |---|---|
//! | 3 parallel locks | [`parallel_locks`], and within one process [`parallel_locks_of_one_process`] |
//! | 3 serial locks | [`serial_locks`] |
//! | staggered | [`staggered_rust`], [`staggered_in_all_mixes`] |
//! | server disconnect | [`server_disconnect`]; with our server `lending::a_node_client_wakes_all_when_its_lender_was_killed` |
//! | server process graceful exit | [`graceful_exit`] |
//! | server process graceful exit without release | [`graceful_exit_without_release`]; with our server [`our_server_dies_without_release`] |
//! | try to lock on a non-socket, auto-lock once gone | [`non_socket`] |
//! | try to lock on non-Slocket socket | [`abandoned_socket`] |
//! | server disconnect, connection sync end | [`sync_end_rust`], [`sync_end_node`] |
//! | server kill connection abruptly | [`connections_killed_abruptly`] |
//! | connect to non-slocket socket | [`non_slocket_socket_rust`], [`non_slocket_socket_node`] |
//! | verify behavior when pretending to be windows | nothing: slocket does not run on Windows |
//! | slocket.has() function | nothing: it sets an inner field of the package's object by hand, and a guard has none |
//! | server object emit error after being removed | nothing: a name without a test there |
//! | delete socket between EADDRINUSE and connect | nothing: a name without a test there |
//! | release before connection connects | nothing: a name without a test there |

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::thread;

use rustix::process::Signal;
use trials::Adapter::Node;
use trials::lock::Slocket;
use trials::{Adapter, Place, Player, alone, node_or_skip, process, wait_until_queued};

use crate::holder::NodeHolder;
use crate::{all_are_served, ours, queue, wait_until_in_line, wait_until_watching};

/// The players of the parts of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cast {
    Rust,
    Node,
    /// Node and Rust in turn, Node first.
    Mixed,
}

impl Cast {
    fn of(self, parts: usize) -> Vec<Adapter> {
        let part = |number| match self {
            Self::Rust => ours(),
            Self::Node => Node,
            Self::Mixed => [Node, ours()][number % 2],
        };
        (0..parts).map(part).collect()
    }
}

/// Makes a test of the scenario for each cast; with a Node server each needs Node.
macro_rules! scenario {
    ($scenario:ident) => {
        scenario!($scenario, |cast| cast != Cast::Rust);
    };
    ($scenario:ident, with a Node server) => {
        scenario!($scenario, |_| true);
    };
    ($scenario:ident, $needs_node:expr) => {
        mod $scenario {
            use super::{Cast, alone, node_or_skip};

            fn run(cast: Cast) {
                let needs_node: fn(Cast) -> bool = $needs_node;
                let _alone = alone();
                if !needs_node(cast) || node_or_skip() {
                    super::$scenario(cast);
                }
            }

            #[test]
            fn rust() {
                run(Cast::Rust);
            }

            #[test]
            fn node_alone() {
                run(Cast::Node);
            }

            #[test]
            fn mixed() {
                run(Cast::Mixed);
            }
        }
    };
}

scenario!(parallel_locks);

fn parallel_locks(cast: Cast) {
    let place = Place::new();
    let mut players: Vec<_> = cast.of(3).iter().map(|adapter| Player::start(*adapter, &place.lock())).collect();
    for player in &mut players {
        player.begin_rounds(20, 500, &place);
    }
    for player in &players {
        player.expect_done(20);
    }
    players.into_iter().for_each(Player::quit);
    place.assert_exclusive(60);
}

#[test]
fn parallel_locks_of_one_process() {
    let _alone = alone();
    let place = Place::new();
    let lock = Slocket::new(place.lock()).unwrap();
    thread::scope(|scope| {
        for number in 0..3 {
            let (place, lock) = (&place, &lock);
            scope.spawn(move || {
                let mut witness = trials::witness::Witness::open(&place.counter(), &place.log(&number.to_string()));
                let guard = lock.acquire().unwrap();
                let hold = witness.begin();
                witness.end(hold);
                guard.release().unwrap();
            });
        }
    });
    place.assert_exclusive(3);
}

scenario!(serial_locks);

fn serial_locks(cast: Cast) {
    let place = Place::new();
    let mut players: Vec<_> = cast.of(3).iter().map(|adapter| Player::start(*adapter, &place.lock())).collect();
    for player in &mut players {
        player.acquire();
        player.release();
    }
    players.into_iter().for_each(Player::quit);
    assert_eq!(place.leftovers(), [""; 0]);
}

/// The first holds; the second queues and has it; while it holds the third queues and has it: in all eight casts.
fn staggered(adapters: [Adapter; 3]) {
    let place = Place::new();
    let [mut first, mut second, mut third] = adapters.map(|adapter| Player::start(adapter, &place.lock()));
    assert!(!first.acquire());
    second.send("acquire");
    wait_until_in_line(&place.lock(), adapters[0], 1);
    first.release();
    // Node lends to all, and is lent to by all.
    let on_loan = |adapter| adapters[0] == Node || adapter == Node;
    assert_eq!(second.expect_held(), on_loan(adapters[1]), "{adapters:?}");
    third.send("acquire");
    wait_until_in_line(&place.lock(), adapters[0], 1 + usize::from(on_loan(adapters[1])));
    assert_eq!(third.answer_now(), None, "{adapters:?}");
    second.release();
    assert_eq!(third.expect_held(), on_loan(adapters[2]), "{adapters:?}");
    third.release();
    [first, second, third].into_iter().for_each(Player::quit);
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn staggered_rust() {
    let _alone = alone();
    staggered([ours(); 3]);
}

#[test]
fn staggered_in_all_mixes() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    for first in [ours(), Node] {
        for second in [ours(), Node] {
            for third in [ours(), Node] {
                staggered([first, second, third]);
            }
        }
    }
}

scenario!(server_disconnect, with a Node server);

/// The server has released and dies of SIGINT while its first client holds the lock.
fn server_disconnect(cast: Cast) {
    a_node_server_ends(cast, |server, first| {
        assert_eq!(server.ask("release"), "released");
        first.expect_held();
        assert_eq!(server.end_by(Signal::INT).signal(), Some(2));
    });
}

scenario!(graceful_exit, with a Node server);

/// The server exits in the very tick in which it releases.
fn graceful_exit(cast: Cast) {
    a_node_server_ends(cast, |server, first| {
        server.send("release-and-exit");
        assert!(server.wait().success());
        first.expect_held();
    });
}

scenario!(graceful_exit_without_release, with a Node server);

/// The server dies of SIGHUP while it holds, and the package releases for it on the way.
fn graceful_exit_without_release(cast: Cast) {
    a_node_server_ends(cast, |server, first| {
        assert_eq!(server.end_by(Signal::HUP).signal(), Some(1));
        first.expect_held();
    });
}

/// A Node server with a client and four more in its queue goes; the client holds, and its release wakes the others.
#[track_caller]
fn a_node_server_ends(cast: Cast, end: impl FnOnce(&mut NodeHolder, &mut FirstClient)) {
    let place = Place::new();
    let mut server = NodeHolder::start(&place.lock());
    server.expect("held");
    let mut first = FirstClient::queue(cast, &place);
    let mut others = queue(&place, Node, &cast.of(4), 1);
    end(&mut server, &mut first);
    wait_until_watching(&mut others);
    first.release();
    all_are_served(&place, others);
}

/// The first client of a server that goes.
enum FirstClient {
    Rust(Player),
    Node(NodeHolder),
}

impl FirstClient {
    fn queue(cast: Cast, place: &Place) -> Self {
        if cast == Cast::Rust {
            return Self::Rust(queue(place, Node, &[ours()], 0).remove(0));
        }
        let client = NodeHolder::start(&place.lock());
        wait_until_in_line(&place.lock(), Node, 1);
        Self::Node(client)
    }

    #[track_caller]
    fn expect_held(&mut self) {
        match self {
            Self::Rust(player) => assert!(player.expect_held(), "on loan"),
            Self::Node(holder) => holder.expect("held"),
        }
    }

    #[track_caller]
    fn release(self) {
        match self {
            Self::Rust(mut player) => {
                player.release();
                player.quit();
            }
            Self::Node(mut holder) => {
                holder.wait_until_it_sees_the_end();
                assert_eq!(holder.ask("release-sync"), "released");
            }
        }
    }
}

/// The counterpart of both with our server: it dies of a signal, and nothing releases for it. (Not of SIGHUP, which
/// nohup(1) has its children ignore.)
#[test]
fn our_server_dies_without_release() {
    let _alone = alone();
    let place = Place::new();
    let mut server = Player::start(ours(), &place.lock());
    server.acquire();
    let clients = queue(&place, ours(), &[ours(); 5], 0);
    process::signal(server.pid(), Signal::TERM);
    assert_eq!(server.wait().signal(), Some(Signal::TERM.as_raw()));
    all_are_served(&place, clients);
}

scenario!(non_socket);

/// A regular file is at the path, and goes.
fn non_socket(cast: Cast) {
    let place = Place::new();
    fs::write(place.lock(), "not a socket\n").unwrap();
    waiters_until_removed(cast, &place);
}

scenario!(abandoned_socket);

/// A socket that no process has open is at the path, unmarked, and goes.
fn abandoned_socket(cast: Cast) {
    let place = Place::new();
    drop(UnixListener::bind(place.lock()).unwrap());
    waiters_until_removed(cast, &place);
}

#[track_caller]
fn waiters_until_removed(cast: Cast, place: &Place) {
    let mut waiters: Vec<_> = cast.of(4).iter().map(|adapter| Player::start(*adapter, &place.lock())).collect();
    waiters.iter_mut().for_each(|waiter| waiter.send("acquire"));
    wait_until_watching(&mut waiters);
    fs::remove_file(place.lock()).unwrap();
    all_are_served(place, waiters);
}

/// The server dies of SIGINT while it holds; when the release of its client returns, the path is gone.
#[test]
fn sync_end_rust() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut server = NodeHolder::start(&place.lock());
    server.expect("held");
    let mut client = queue(&place, Node, &[ours()], 0).remove(0);
    assert_eq!(server.end_by(Signal::INT).signal(), Some(2));
    assert!(client.expect_held());
    assert_eq!(place.leftovers(), ["lock"]);
    client.release();
    assert_eq!(place.leftovers(), [""; 0]);
    client.quit();
}

/// The same with the package as the client, and with our lender.
#[test]
fn sync_end_node() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut server = Player::start(ours(), &place.lock());
    server.acquire();
    let mut client = NodeHolder::start(&place.lock());
    wait_until_queued(&place.lock(), 1);
    server.release();
    client.expect("held");
    server.kill();
    assert_eq!(place.leftovers(), ["lock"]);
    client.wait_until_it_sees_the_end();
    assert_eq!(client.ask("release-sync"), "released");
    assert_eq!(place.leftovers(), [""; 0]);
}

scenario!(connections_killed_abruptly, with a Node server);

/// The server ends some of the connections in its queue: their clients queue again, and none is forgotten.
///
/// With a Node server only: ours does not even accept a connection before it hands over the lock.
fn connections_killed_abruptly(cast: Cast) {
    let place = Place::new();
    let mut server = NodeHolder::start(&place.lock());
    server.expect("held");
    let clients = queue(&place, Node, &cast.of(5), 0);
    server.send("destroy 0 2 4");
    server.expect("destroyed");
    server.wait_until_queue_is(5);
    for client in &clients {
        assert_eq!(client.answer_now(), None, "{}", client.name());
    }
    server.send("release");
    server.expect("released");
    all_are_served(&place, clients);
}

/// A server that speaks another language is an error for us, as long as it is there.
#[test]
fn non_slocket_socket_rust() {
    let _alone = alone();
    let place = Place::new();
    let stranger = UnixListener::bind(place.lock()).unwrap();
    let mut player = Player::start(ours(), &place.lock());
    player.send("acquire");
    let mut connection = stranger.accept().unwrap().0;
    connection.write_all(b"O").unwrap();
    // Half a grant is enough for us to hang up.
    let _ = connection.write_all(b"this is not ok");
    let answer = player.answer();
    assert!(answer.starts_with("error NotASlocket "), "{answer}");
    player.quit();
}

/// The package tries again, until the stranger is gone.
#[test]
fn non_slocket_socket_node() {
    let _alone = alone();
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let stranger = UnixListener::bind(place.lock()).unwrap();
    let mut player = Player::start(Node, &place.lock());
    player.send("acquire");
    let mut connection = stranger.accept().unwrap().0;
    // Gone before it has spoken: the package must not meet it a second time.
    fs::remove_file(place.lock()).unwrap();
    drop(stranger);
    connection.write_all(b"O").unwrap();
    connection.write_all(b"this is not ok").unwrap();
    drop(connection);
    assert!(!player.expect_held());
    player.release();
    player.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}
