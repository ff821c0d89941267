//! Every state of every quick configuration.

mod two;

use std::sync::Mutex;

use model::explore;
use model::explored::QUICK;

/// No promise is broken in any state, and they are as many as they have to be. (A model that has shrunk shows less.)
#[test]
fn no_promise_is_broken() {
    let states = Mutex::new(0);
    two::at_a_time(QUICK.iter(), |configuration| {
        let found = explore(configuration, usize::MAX);
        if let Some((broken, trace)) = &found.broken {
            panic!("{configuration}: {broken:?}\n{trace}");
        }
        assert!(found.is_complete && found.ends > 0, "{configuration}: {found:?}");
        println!("{:>10} states, {:>10} steps: {configuration}", found.states, found.steps);
        *states.lock().unwrap() += found.states;
    });
    let states = states.into_inner().unwrap();
    println!("{states} states in {} configurations", QUICK.len());
    assert!(states > 5_000_000, "{states} states");
}
