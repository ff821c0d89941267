//! The lock that is a locked file: every state of every quick configuration.

mod two;

use std::sync::Mutex;

use model::files::explore;
use model::files::explored::QUICK;

#[test]
fn no_promise_is_broken() {
    let failed = Mutex::new(0);
    two::at_a_time(QUICK.iter(), |configuration| {
        let begin = std::time::Instant::now();
        let found = explore(configuration, 3_000_000);
        println!("{:>10} states, {:>10} steps {:.1}: {configuration}", found.states, found.steps, begin.elapsed().as_secs_f32());
        if let Some((broken, trace)) = &found.broken {
            println!("{configuration}: {broken:?}\n{trace}");
            *failed.lock().unwrap() += 1;
        }
        if !(found.is_complete && found.ends > 0) { println!("{configuration}: incomplete"); }
    });
    assert_eq!(failed.into_inner().unwrap(), 0);
}
